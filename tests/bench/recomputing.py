"""Every case file of a district folded by hand, in as many processes as there are cores, and held against the views."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from multiprocessing import get_context
from typing import Any, cast
from uuid import UUID

from domain.casework.case_files import CaseFiles
from domain.casework.recording import RecordedEvent
from domain.incident.events import Reported
from tests.bench.measuring import batches
from tests.bench.report import Budget, Contender, Row
from tests.bench.stores import Place
from tests.bench.town import CLOCKS, Town, drawn_now
from tests.projections import equality
from tests.projections.equality import Asked, Books, Told

PART = 1_000
"""Case files folded at a time."""


def books(town: Town) -> Books:
    """The KPIs by everything there is, as of the end; some of them long before, and of some places, kinds and units."""
    end, before = town.now, town.now - (town.now - town.now.replace(month=1, day=5)) / 2
    asked = [
        *equality.every_level(end),
        *(Asked(before, by=by) for by in ("all", "community")),
        Asked(end, by="grid", territory="community-00"),
        Asked(end, by="kind", drawn="now", territory="grid-000-east"),
        Asked(end, by="day", kind="dispute", from_day=date(2026, 1, 10), to_day=date(2026, 1, 31)),
        Asked(end, by="month", unit="unit-03"),
    ]
    return Books(asked, drawn_now(), CLOCKS)


def recomputed(place: Place, files: CaseFiles, asked: Books) -> dict[Any, Told]:
    """What the views of these case files have to say."""
    found: dict[Any, Told] = {}
    fold = partial(_by_hand, place, asked)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for part in pool.map(fold, batches(_cases(files), PART)):
            equality.add(found, part)
    return found


def row(town: Town, expected: dict[Any, Told], asked: Books) -> Row:
    """How many rows of all views and figures are as they should be; the budget says that there are no others."""
    rows = sum(map(len, expected.values()))
    wrong = {name: count for name, count in equality.differences(town.views, expected, asked).items() if count}
    found = Row.of(
        "views and KPIs against all case files folded by hand",
        "rows",
        Contender.of("equal", [rows - sum(wrong.values())]),
        Contender.of("recomputed", [rows]),
    )
    found.budgets = [Budget.required(f"all equal{'; not ' if wrong else ''}{' '.join(map(str, wrong))}", not wrong)]
    return found


def _cases(files: CaseFiles) -> Iterator[UUID]:
    """Every case, in order of report."""
    position, topic = 0, Reported.model_fields["type"].default
    while page := files.store.select_notifications(position, 10_000, topics=[topic], inclusive_of_start=False):
        position = page[-1].id
        yield from (cast(UUID, one.originator_id) for one in page)


_OPENED: dict[Place, CaseFiles] = {}
"""By this process; it ends with the pool."""


def _by_hand(place: Place, asked: Books, cases: Sequence[UUID]) -> dict[Any, Told]:
    files = _OPENED[place] = _OPENED.get(place) or place.case_files()
    lines = [
        [cast(RecordedEvent, files.mapper.to_domain_event(one)) for one in files.store.select_case(case)]
        for case in cases
    ]
    return equality.by_hand(lines, asked)
