"""疑似重复: what is offered is near, of one kind, still open, and the asker's to see. Nothing says exactly where."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest

from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.incident import commands as c
from domain.incident.cells import cell_of
from domain.incident.words import Stage
from domain.model import CRS
from domain.territory import Level
from projections.alike import Sought, alike, alike_counts
from projections.clusters import ClustersQuery, clusters
from projections.engine import Views
from projections.scope import Scope
from tests.projections import showing
from tests.projections.rooms import Room
from tests.projections.test_docket import Explained
from tests.projections.town import ALL, TABLE, at, reported
from tests.rules.scene import (
    CASE,
    COLLEAGUE,
    MERGE,
    MORNING,
    OFFICER,
    OTHER,
    SECRETARY,
    hours,
    report,
    until,
)
from tests.rules.test_cells import HUAIHUA


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


def test_candidates_are_found_by_index_however_long_the_docket_is(sqlite_town: Any) -> None:
    here = sqlite_town(reported(CASE, at(0), building="building"))
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
    everything = repr(showing.shown(here.views))
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


def test_an_empty_town_has_nothing_alike(room: Room) -> None:
    files = CaseFiles(env=MEMORY_ENV)
    with closing(Views(files, room.open())) as views:
        assert alike(views, files, ALL, Sought("0101", MORNING, "building", HUAIHUA), TABLE).items == ()
        assert clusters(views, files, ALL, ClustersQuery(), TABLE).clusters == ()
        assert alike_counts(views, files, ALL, [], TABLE) == {}
