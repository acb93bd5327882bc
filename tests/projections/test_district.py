"""A district at work, some thousand cases: live views, rebuilt ones and a recomputation by hand all say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from eventsourcing.persistence import StoredEvent

from domain.casework.books import books
from domain.casework.case_files import MEMORY_ENV, CaseFiles
from projections import ALL
from projections.engine import Views
from projections.rebuilding import RebuildReport
from tests.bench.district import district, redrawn
from tests.bench.generator import REDRAWN, generated
from tests.histories import streams
from tests.projections import equality
from tests.projections.equality import Asked, Books, Told
from tests.projections.rooms import Room

EVENTS = 25_000
BEGINS = REDRAWN - timedelta(days=4)
SOON, LATE = REDRAWN + timedelta(days=3), datetime(2026, 9, 1, tzinfo=UTC)
ASKED = [
    *equality.every_level(LATE),
    *(Asked(SOON, by=by) for by in ("all", "community")),
    Asked(LATE, by="grid", territory="community-00"),
    Asked(LATE, by="day", kind="dispute", from_day=date(2026, 7, 1), to_day=date(2026, 7, 10)),
    Asked(LATE, by="month", unit="unit-03"),
    Asked(LATE, by="kind", drawn="now", territory="grid-000-east"),
]
BOOKS = Books(ASKED, redrawn(district(), REDRAWN).territory, books())
KINDS_OF_EVENT = (
    *("returned", "extension_granted", "suspension_granted", "resumed", "timeout_exempted", "timeout_upheld"),
    *("reopened", "merged", "unmerged", "void_granted", "correction_granted", "check_failed", "withdrawn"),
    *("rejected", "redrawn", "handed_over", "escalated", "help_answered", "archived", "commitment_broken"),
)


@pytest.fixture(scope="module")
def log() -> Sequence[StoredEvent]:
    mapper = CaseFiles(env=MEMORY_ENV).mapper
    return [mapper.to_stored_event(line) for line in generated(1, EVENTS, BEGINS)]


@pytest.fixture(scope="module")
def files(log: Sequence[StoredEvent]) -> CaseFiles:
    files = CaseFiles(env=MEMORY_ENV)
    files.store.insert_batch([log])
    return files


@pytest.fixture(scope="module")
def expected(files: CaseFiles) -> dict[Any, Told]:
    stored = files.store.select_notifications(1, EVENTS)
    return equality.by_hand(list(streams(files, stored).values()), BOOKS)


def test_the_district_has_something_of_everything(log: Sequence[StoredEvent], expected: dict[Any, Told]) -> None:
    """Else equality would hold for want of trying."""
    topics = Counter(one.topic for one in log)
    assert not [event for event in KINDS_OF_EVENT if not topics[f"incident.{event}"]]
    assert topics["incident.reported"] > 2_500
    for asked in ASKED:
        assert expected[asked], asked
    assert expected[Asked(LATE, by="grid")] != expected[Asked(LATE, by="grid", drawn="now")]
    [whole] = expected[Asked(LATE)].values()
    assert all(whole[code] for code in whole)


def test_live_views_say_what_the_case_files_say_and_a_rebuild_says_the_same(
    room: Room, files: CaseFiles, expected: dict[Any, Told]
) -> None:
    with closing(Views(files, room.open(), page=700)) as views:
        views.catch_up()
        assert not +Counter(equality.differences(views, expected, BOOKS))
        assert views.rebuild() == RebuildReport(EVENTS, equal=tuple(view.name for view in ALL))
