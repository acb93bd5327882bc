"""疑似重复: what is offered is near, of one kind, still open, and the asker's to see. Nothing says exactly where."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, cast
from uuid import UUID

import orjson
import pytest
from eventsourcing.persistence import StoredEvent

from domain.casework.application import MEMORY_ENV, CaseFiles
from domain.casework.recording import RecordedEvent
from domain.incident import commands as c
from domain.incident.cells import cell_of
from domain.incident.events import Reported
from domain.incident.words import Stage
from domain.model import CRS, Point
from domain.territory import Level
from projections import alike as alikeness
from projections.alike import Alike, Sought, alike, alike_counts
from projections.clusters import Clusters, ClustersQuery, clusters
from projections.engine import Views
from projections.scope import Scope
from tests.casework.office import Office
from tests.projections.test_docket import Explained
from tests.rules.scene import (
    CASE,
    CLOCKS,
    COLLEAGUE,
    MERGE,
    MORNING,
    OFFICER,
    OTHER,
    SECRETARY,
    Move,
    hours,
    report,
    until,
)
from tests.rules.test_cells import HUAIHUA, gone

TABLE = CLOCKS.table_at(MORNING)
ALL = Scope.all()


def at(metres: float, bearing: float = 90) -> Point:
    """So far from the place all is about."""
    return gone(HUAIHUA, metres, bearing)


def reported(name: str, position: Point | None = None, hours_later: float = 0, **more: Any) -> Move:
    return replace(OFFICER(report(position=position, **more), of=name), after=hours(hours_later))


class Town:
    """A store with cases by name, and the views of it."""

    def __init__(self, folder: Path, *moves: Move) -> None:
        self.office = Office("memory", folder)
        asyncio.run(self._live(moves))
        assert self.office.shared is not None
        self.files, self.ids = self.office.shared, self.office.ids
        self.names = {case_id: name for name, case_id in self.ids.items()}
        self.views = Views(self.files, None)
        self.views.catch_up()

    async def _live(self, moves: Sequence[Move]) -> None:
        process = self.office.process()
        for move in moves:
            await process.do(move)

    def sought(self, name: str = CASE) -> Sought:
        """A case as it stands, from its file."""
        rows = self.files.store.select_case(UUID(self.ids[name]))
        first, last = (cast(RecordedEvent, self.files.mapper.to_domain_event(row)) for row in (rows[0], rows[-1]))
        assert isinstance(first.event, Reported)
        standing = last.keys.standing
        building, position = standing.place.building, first.event.position
        return Sought(standing.category, last.keys.reported_at, building, position, self.ids[name])

    def like(self, name: str = CASE, scope: Scope = ALL) -> list[str]:
        """What is offered for a case, by name, nearest first."""
        return [self.names[case.incident_id] for case in self.found(self.sought(name), scope).items]

    def found(self, sought: Sought, scope: Scope = ALL) -> Alike:
        return alike(self.views, self.files, scope, sought, TABLE)

    def counted(self, scope: Scope = ALL) -> dict[str, int]:
        counts = alike_counts(self.views, self.files, scope, list(self.ids.values()), TABLE)
        return {self.names[case_id]: count for case_id, count in counts.items()}

    def clusters(self, scope: Scope = ALL, **asked: Any) -> list[list[str]]:
        """Every cluster, its cases by name, newest first."""
        found = self.told(scope, **asked)
        return [[self.names[case.incident_id] for case in cluster.cases] for cluster in found.clusters]

    def told(self, scope: Scope = ALL, **asked: Any) -> Clusters:
        return clusters(self.views, self.files, scope, ClustersQuery(**asked), TABLE)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Any]:
    built: list[Town] = []

    def build(*moves: Move) -> Town:
        built.append(Town(tmp_path, *moves))
        return built[-1]

    yield build
    for one in built:
        one.views.close()
        asyncio.run(one.office.aclose())


def test_what_is_near_is_offered_nearest_first_in_whole_metres(town: Any) -> None:
    here = town(
        reported("far", at(50.5)),
        reported("edge", at(49.4, 180)),
        reported("near", at(3.7, 10)),
        reported("same spot", at(0)),
        reported("elsewhere", at(400)),
        reported(CASE, at(0)),
    )
    assert here.like() == ["same spot", "near", "edge"]
    assert [case.metres for case in here.found(here.sought()).items] == [0, 4, 49]


def test_a_row_says_what_people_need_to_decide(town: Any) -> None:
    here = town(reported("near", at(10), building="building"), reported(CASE, at(0)))
    [case] = here.found(here.sought()).items
    assert (case.incident_id, case.stage_label, case.number) == (here.ids["near"], "待受理", None)
    assert (case.reported_at, case.place.building, case.same_building) == (MORNING, "building", False)


def test_of_one_category_only(town: Any) -> None:
    here = town(reported("other", at(1), category="0102"), reported(CASE, at(0)))
    assert here.like() == []


def test_positions_on_another_datum_are_not_compared(town: Any) -> None:
    on = {crs: at(0).model_copy(update={"crs": crs}) for crs in CRS}
    here = town(*(reported(crs.value, position) for crs, position in on.items()), reported(CASE, on[CRS.WGS84]))
    assert sorted(here.like()) == ["cgcs2000", "wgs84"]
    assert here.like("gcj02") == []


def test_the_same_building_is_near_whatever_the_positions_say(town: Any) -> None:
    here = town(
        reported("no position", building="building"),
        reported("pinned wrongly", at(300), building="building"),
        reported("other datum", at(0).model_copy(update={"crs": CRS.WGS84}), building="building"),
        reported("no building", at(20)),
        reported("another building", building="building-2", grid="grid-2"),
        reported(CASE, at(0), building="building"),
    )
    offered = {here.names[case.incident_id]: case for case in here.found(here.sought()).items}
    assert {name: (case.metres, case.same_building) for name, case in offered.items()} == {
        "no position": (None, True),
        "other datum": (None, True),
        "no building": (20, False),
        "pinned wrongly": (300, True),
    }
    assert list(offered)[-1] == "pinned wrongly"


def test_within_a_day_before_and_after(town: Any) -> None:
    here = town(
        reported("the day before", at(0)),
        reported("in time", at(0), hours_later=0.5),
        reported(CASE, at(0), hours_later=24),
        reported("after", at(0), hours_later=23),
        reported("too late", at(0), hours_later=1.5),
    )
    assert sorted(here.like()) == ["after", "in time"]


def test_who_only_thinks_of_reporting_is_told_as_well(town: Any) -> None:
    here = town(reported("near", at(30)), reported("at home", building="building"))
    sought = Sought("0101", MORNING + hours(1), "building", at(0))
    assert [here.names[case.incident_id] for case in here.found(sought).items] == ["at home", "near"]
    assert here.found(replace(sought, position=None, building=None)).items == ()


OPEN_STAGES = (Stage.ACCEPTED, Stage.DISPATCHED, Stage.HANDLING, Stage.RESOLVED, Stage.CHECKED)
ENDED = (Stage.CLOSED, Stage.ARCHIVED, Stage.REJECTED, Stage.WITHDRAWN, Stage.VOIDED)


@pytest.mark.parametrize("stage", [*OPEN_STAGES, *ENDED])
def test_only_what_is_still_open_is_offered(town: Any, stage: Stage) -> None:
    here = town(*until(stage, position=at(5), of="there"), reported(CASE, at(0)))
    assert here.like() == (["there"] if stage in OPEN_STAGES else [])
    assert here.counted().keys() == {CASE, *(["there"] if stage in OPEN_STAGES else [])}


def test_a_duplicate_already_merged_is_not_offered_again(town: Any) -> None:
    here = town(
        *until(Stage.HANDLING, position=at(5), of=OTHER), *until(Stage.HANDLING, position=at(0)), SECRETARY(MERGE)
    )
    assert here.like(OTHER) == []
    assert here.like(CASE) == [OTHER], "asked about the duplicate, its primary is there"
    assert here.clusters() == []


def test_a_correction_counts_as_corrected(town: Any) -> None:
    here = town(
        reported(CASE, at(0)),
        reported("corrected", at(5), category="0102"),
        OFFICER(c.RequestCorrection(category="0101", reason="看错"), of="corrected"),
        SECRETARY(c.GrantCorrection(), of="corrected"),
    )
    assert here.like() == ["corrected"]
    assert here.like("corrected") == [CASE]


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        (Scope.of("grid", Level.GRID), ["own"]),
        (Scope.of("grid-2", Level.GRID), ["next door"]),
        (Scope.of("building", Level.BUILDING), []),
        (Scope.of("community", Level.COMMUNITY), ["own", "next door"]),
        (Scope.of("another-street", Level.STREET), []),
    ],
)
def test_nobody_is_offered_what_they_may_not_see(town: Any, scope: Scope, seen: list[str]) -> None:
    beyond = replace(COLLEAGUE(report(grid="grid-2", position=at(9)), of="next door"), after=hours(0))
    here = town(reported(CASE, at(0)), reported("own", at(5)), beyond)
    assert here.like(CASE, scope) == seen
    assert sum(here.counted(scope).values()) == {0: 0, 1: 0 if "next door" in seen else 2, 2: 6}[len(seen)]
    together = ["next door", "own", CASE] if len(seen) == 2 else ["own", CASE] if seen == ["own"] else []
    assert [sorted(group) for group in here.clusters(scope)] == ([sorted(together)] if together else [])


def test_a_row_of_the_docket_is_told_how_many_are_like_it(town: Any) -> None:
    here = town(
        *(reported(f"row {nth}", at(30 * nth)) for nth in range(4)),
        reported("at home", building="building"),
        reported("next door", building="building"),
        reported("alone", at(300)),
        reported("nowhere"),
    )
    assert here.counted() == {name: len(here.like(name)) for name in here.ids}
    assert here.counted()["row 1"] == 2


def test_clusters_come_largest_first_and_reach_from_case_to_case(town: Any) -> None:
    here = town(
        *(reported(f"row {nth}", at(40 * nth)) for nth in range(4)),
        reported("at home", building="building", hours_later=1),
        reported("next door", building="building"),
        reported("alone", at(600)),
        reported("other matter", at(0), category="0102"),
    )
    assert here.clusters() == [["row 3", "row 2", "row 1", "row 0"], ["next door", "at home"]]
    assert here.clusters(limit=1) == [["row 3", "row 2", "row 1", "row 0"]]
    assert here.clusters(territory="building") == [["next door", "at home"]]
    assert here.clusters(territory="nowhere") == here.clusters(category="0102") == []
    first, _ = here.told().clusters
    assert (first.count, first.category, first.first_reported_at) == (4, "0101", MORNING)


def storm(town: Town, count: int) -> list[str]:
    """So many more reports like the first, all over one cell: stored as it was, but for their ids and positions."""
    [line, *_] = town.files.store.select_case(UUID(town.ids[CASE]))
    state, draw, written = orjson.loads(line.state), Random(9), []
    for nth in range(count):
        position = gone(HUAIHUA, 200 * draw.random() ** 0.5, draw.uniform(0, 360))
        event = {**state["event"], "position": position.model_dump(mode="json"), "cell": cell_of(position)}
        changed = orjson.dumps({**state, "event": event})
        written.append(StoredEvent(UUID(int=nth + 1), 1, line.topic, changed))
    town.files.store.insert_batch([written])
    town.views.catch_up()
    return [str(event.originator_id) for event in written]


class Reading:
    """Counts how often the store is asked."""

    def __init__(self, files: CaseFiles, patch: pytest.MonkeyPatch) -> None:
        self.statements = 0
        select = files.store.select_notifications

        def counting(*args: Any, **named: Any) -> Sequence[Any]:
            self.statements += 1
            found: Sequence[Any] = select(*args, **named)
            return found

        patch.setattr(files.store, "select_notifications", counting)


def test_a_storm_is_bounded_and_it_is_said(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    here = town(reported(CASE, at(0)))
    ids = storm(here, 5000)
    reading = Reading(here.files, monkeypatch)
    found = here.found(here.sought())
    assert found.capped
    assert 0 < len(found.items) <= alikeness.COMPARED
    assert reading.statements <= alikeness.COMPARED
    counts = alike_counts(here.views, here.files, ALL, ids[:50], TABLE)
    assert max(counts.values()) <= alikeness.COUNTED
    assert reading.statements <= alikeness.COMPARED + 50 * (alikeness.COUNTED + 1)
    reading.statements = 0
    told = here.told()
    assert ([cluster.count for cluster in told.clusters], told.capped) == ([5001], False)
    assert len(told.clusters[0].cases) == 20
    assert reading.statements <= 5001 / 10


def test_of_very_many_open_cases_the_newest_are_looked_at(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.clusters.LOOKED_AT", 3)
    here = town(*(reported(f"row {nth}", at(nth), hours_later=1) for nth in range(5)))
    assert (here.clusters(), here.told().capped) == ([["row 4", "row 3", "row 2"]], True)


def test_candidates_are_found_by_index_however_long_the_docket_is(town: Any) -> None:
    here = town(reported(CASE, at(0), building="building"))
    for scope in (ALL, Scope.of("grid", Level.GRID), Scope.of("street", Level.STREET)):
        explained = Explained(here.views)
        alike(explained, here.files, scope, here.sought(), TABLE)
        by_building, by_cell = explained.plans
        assert "(building=?" in by_building
        assert "COVERING INDEX" in by_cell or scope is not ALL
        assert "(category=? AND cell=? AND reported_at>? AND reported_at<?" in by_cell
        assert "SCAN docket" not in by_building + by_cell


def test_no_view_holds_a_position(town: Any) -> None:
    """Only the case file does. The cell is all that views know of it."""
    here = town(reported(CASE, at(0)), reported("near", at(5)))
    with here.views.reading() as connection:
        everything = "\n".join(connection.iterdump())
    assert cell_of(HUAIHUA) in everything
    for degrees in (HUAIHUA.longitude, HUAIHUA.latitude, at(5).longitude, at(5).latitude):
        assert str(degrees)[:8] not in everything


def test_what_has_been_made_to_forget_its_position_is_not_measured(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    here = town(reported(CASE, at(0)), reported("forgotten", at(5)), reported("near", at(6)))
    gone_from = UUID(here.ids["forgotten"])
    select = here.files.store.select_notifications

    def erased(*args: Any, **named: Any) -> list[Any]:
        rows = select(*args, **named)
        for row in rows:
            if row.originator_id == gone_from:
                state = orjson.loads(row.state)
                del state["event"]["position"]
                object.__setattr__(row, "state", orjson.dumps(state))
        return list(rows)

    monkeypatch.setattr(here.files.store, "select_notifications", erased)
    assert here.like() == ["near"]
    assert here.clusters() == [["near", CASE]]


def test_an_empty_town_has_nothing_alike() -> None:
    files = CaseFiles(env=MEMORY_ENV)
    with closing(Views(files, None)) as views:
        assert alike(views, files, ALL, Sought("0101", MORNING, "building", HUAIHUA), TABLE).items == ()
        assert clusters(views, files, ALL, ClustersQuery(), TABLE).clusters == ()
        assert alike_counts(views, files, ALL, [], TABLE) == {}
