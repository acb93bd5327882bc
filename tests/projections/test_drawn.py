"""辖区沿革: the same figures as the tree was drawn when things happened, and as it is drawn now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from domain.incident import commands as c
from domain.registry.commands import Part, SplitGrid
from domain.territory import Level, Node, Place, Territory
from projections.engine import Views
from projections.holding import HoldingQuery, holding
from projections.response_cases import ResponseCasesQuery, response_cases
from projections.response_time import ResponseTimeQuery, response_times
from projections.scope import Scope
from projections.workload import WORK, WorkloadQuery, workload
from tests.projections import recomputation
from tests.projections.redrawing import Office, Restless, views_of
from tests.projections.rooms import KINDS, Room
from tests.projections.timing import stints, stretches
from tests.rules.scene import MORNING, SYSTEM

Told = dict[tuple[str | None, str | None], int]
"""How many reports, by what the row is about and the community where that is not known."""


def tree(*rows: tuple[str, Level, str | None], **changes: dict[str, Any]) -> Territory:
    """Nodes by id, level and parent; `changes` to the fields of some, by id."""
    nodes = [Node(id=id, level=level, name=f"{id}号", parent=parent) for id, level, parent in rows]
    return Territory(nodes=tuple(node.model_copy(update=changes.get(node.id, {})) for node in nodes))


TREE = (
    ("city", Level.CITY, None),
    ("district", Level.DISTRICT, "city"),
    ("east", Level.STREET, "district"),
    ("west", Level.STREET, "district"),
    ("pine", Level.COMMUNITY, "east"),
    ("oak", Level.COMMUNITY, "west"),
    ("court", Level.ESTATE, "pine"),
    ("g1", Level.GRID, "court"),
    *((f"b1{n}", Level.BUILDING, "g1") for n in (1, 2, 3)),
    ("g2", Level.GRID, "pine"),
    ("b21", Level.BUILDING, "g2"),
    ("g3", Level.GRID, "oak"),
    ("g4", Level.GRID, "oak"),
)
HALVES = (("g1n", Level.GRID, "court"), ("g1s", Level.GRID, "court"))
BEFORE = tree(*TREE)
SPLIT: dict[str, Any] = {
    "g1": {"closed": True, "successors": ("g1n", "g1s")},
    "b11": {"parent": "g1n"},
    "b12": {"parent": "g1s"},
    "b13": {"parent": "pine"},
}
JOINED: dict[str, Any] = {grid: {"closed": True, "successors": ("g34",)} for grid in ("g3", "g4")}
NEW_GRID = (("g34", Level.GRID, "oak"),)
LATER = MORNING + timedelta(days=60)
"""Whatever was left undone is overdue by then."""
WHAT = (*WORK, "overdue")
REPORTED = [("g1", "b11"), ("g1", "b12"), ("g1", "b13"), ("g1", None), ("g1", None), ("g2", "b21"), ("g3", None)]
REPORTED += [("g4", None)]


async def _reported(office: Office) -> None:
    for grid, building in REPORTED:
        await office.ask(await office.report(grid, building), c.Arrive())


@pytest.fixture(scope="module", params=KINDS)
def views(request: pytest.FixtureRequest) -> Iterator[Views]:
    """Eight cases, all of them written before anything was redrawn, all still in hand."""
    room = Room(Path("drawn"), request.getfixturevalue("postgres_url")) if request.param == "postgres" else None
    with closing(views_of(room, BEFORE, _reported)) as views:
        yield views


def reports(views: Views, tree: Territory, scope: Scope | None = None, /, **query: Any) -> Told:
    """What the workload says; that the response times agree is seen on the way."""
    rows = workload(views, scope or Scope.all(), WorkloadQuery.model_validate(query), tree, MORNING).rows
    found = {(row.key, row.community): row.reported or 0 for row in rows}
    for exact in (False, True):
        asked = ResponseTimeQuery.model_validate({"stage": "arrive", "exact": exact, **query})
        times = response_times(views, scope or Scope.all(), asked, tree)
        assert {(row.key, row.community): row.n for row in times} == found
    cases = ResponseCasesQuery.model_validate({name: value for name, value in query.items() if name != "by"})
    assert response_cases(views, scope or Scope.all(), cases, tree).count == sum(found.values())
    assert {(row.key, row.community): row.open_now for row in rows} == found
    return found


def known(**counts: int) -> Told:
    return {(key, None): n for key, n in counts.items()}


def test_a_grid_is_split_its_buildings_are_mapped_and_the_rest_is_the_communitys(views: Views) -> None:
    after = tree(*TREE, *HALVES, **SPLIT)
    others = known(g2=1, g3=1, g4=1)
    assert reports(views, after, by="grid") == known(g1=5) | others
    unknown: Told = {(None, "pine"): 3}  # one in the building that is nobody's, two in no building
    assert reports(views, after, by="grid", drawn="now") == unknown | known(g1n=1, g1s=1) | others
    homeless: Told = {(None, "pine"): 2, (None, "oak"): 2}
    for drawn in ("then", "now"):
        assert reports(views, after, by="building", drawn=drawn) == homeless | known(b11=1, b12=1, b13=1, b21=1)
        assert reports(views, after, by="community", drawn=drawn) == known(pine=6, oak=2)
    assert reports(views, after, by="estate") == known(court=5) | {(None, "pine"): 1, (None, "oak"): 2}
    now = reports(views, after, by="estate", drawn="now")
    assert now == known(court=2) | {(None, "pine"): 4, (None, "oak"): 2}


def test_grids_are_joined(views: Views) -> None:
    after = tree(*TREE, *NEW_GRID, **JOINED)
    assert reports(views, after, by="grid", territory="oak") == known(g3=1, g4=1)
    assert reports(views, after, by="grid", territory="oak", drawn="now") == known(g34=2)


def test_the_grids_compared_are_those_that_stand_and_those_that_had_cases_then(views: Views) -> None:
    after = tree(*TREE, *HALVES, **SPLIT)
    for drawn, places, busiest in (("then", 6, 5), ("now", 5, 1)):
        query = WorkloadQuery.model_validate({"by": "grid", "drawn": drawn})
        found = workload(views, Scope.all(), query, after, MORNING).distribution
        assert found is not None
        assert found.reported is not None
        assert (found.reported.places, found.reported.max) == (places, busiest)
    oak, query = Scope.of("oak", Level.COMMUNITY), WorkloadQuery(by="grid", territory="west")
    found = workload(views, oak, query, after, MORNING).distribution
    assert found is not None
    assert found.reported is not None
    assert found.reported.places == 2, "no further than the reader may see, and than was asked for"


def test_a_half_is_joined_with_a_neighbour_later(views: Views) -> None:
    again = {"closed": True, "successors": ("g12",)}
    moved = {building: {"parent": "g12"} for building in ("b11", "b21")}
    after = tree(*TREE, *HALVES, ("g12", Level.GRID, "pine"), **{**SPLIT, "g1n": again, "g2": again, **moved})
    now = reports(views, after, by="grid", territory="pine", drawn="now")
    assert now == known(g12=2, g1s=1) | {(None, "pine"): 3}


def test_a_name_changes_and_nothing_else(views: Views) -> None:
    after = tree(*TREE, g2={"name": "青松网格"})
    for drawn in ("then", "now"):
        rows = workload(views, Scope.all(), WorkloadQuery(territory="g2", drawn=drawn), after, MORNING).rows
        assert [(row.key, row.name, row.reported) for row in rows] == [("g2", "青松网格", 1)]


def test_a_row_without_a_grid_is_called_by_its_community(views: Views) -> None:
    after = tree(*TREE, *HALVES, **SPLIT)
    [row, *_] = workload(views, Scope.all(), WorkloadQuery(territory="pine", drawn="now"), after, MORNING).rows
    assert (row.key, row.community, row.name) == (None, "pine", "pine号")


def test_a_community_moves_to_another_street(views: Views) -> None:
    after = tree(*TREE, oak={"parent": "east"})
    assert reports(views, after, by="street") == known(east=6, west=2)
    assert reports(views, after, by="street", drawn="now") == known(east=8)
    assert reports(views, after, by="grid", territory="west", drawn="now") == {}
    assert reports(views, after, by="district", drawn="now") == known(district=8)
    assert reports(views, after, by="city", drawn="now") == known(city=8)


def test_filters_and_scopes_are_drawn_like_the_rows(views: Views) -> None:
    after = tree(*TREE, *HALVES, **SPLIT)
    for level, node, then, now in [
        (Level.GRID, "g1", known(g1=5), {}),
        (Level.GRID, "g1n", {}, known(g1n=1)),
        (Level.BUILDING, "b13", known(g1=1), {(None, "pine"): 1}),
        (Level.ESTATE, "court", known(g1=5), known(g1n=1, g1s=1)),
    ]:
        assert reports(views, after, by="grid", territory=node) == then
        assert reports(views, after, by="grid", territory=node, drawn="now") == now
        scope = Scope.of(node, level)
        assert reports(views, after, scope, by="grid") == then
        assert reports(views, after, scope, by="grid", drawn="now") == now
        assert reports(views, after, scope, by="grid", territory="oak", drawn="now") == {}


def test_by_person_and_by_day_only_the_filter_is_drawn(views: Views) -> None:
    after = tree(*TREE, *HALVES, **SPLIT)
    for by in ("officer", "unit"):
        query = WorkloadQuery.model_validate({"by": by, "territory": "g1n", "drawn": "now", "split_by_day": True})
        rows = workload(views, Scope.all(), query, after, MORNING).rows
        assert [(row.key, row.reported) for row in rows] == [("officer" if by == "officer" else None, 1)]


def test_a_case_redrawn_on_its_way_counts_in_both_grids_then_and_in_one_now(room: Room) -> None:
    """Its report stays where it was drawn; what is done later is done in the new grid, where it now is in hand."""
    halves = (Part(id="g1n", name="北", buildings=("b11",)), Part(id="g1s", name="南"))

    async def redrawn(office: Office) -> None:
        case = await office.report("g1", "b11")
        await office.redraw(SplitGrid(grid="g1", into=halves))
        await office.ask(case, c.Redraw(), SYSTEM)
        await office.ask(case, c.Arrive())

    after = tree(*TREE, *HALVES, **SPLIT)
    with closing(views_of(room, BEFORE, redrawn)) as views:
        for drawn, expected in (
            ("then", [("g1", 1, 0, 0), ("g1n", 0, 1, 1)]),
            ("now", [("g1n", 1, 1, 1)]),
        ):
            rows = workload(views, Scope.all(), WorkloadQuery.model_validate({"drawn": drawn}), after, MORNING).rows
            assert [(row.key, row.reported, row.arrived, row.open_now) for row in rows] == expected


@pytest.mark.parametrize("seed", range(12))
def test_what_is_drawn_now_is_each_event_mapped_by_itself(room: Room, seed: int) -> None:
    """Against a slow recomputation: and mapping loses and doubles nothing."""
    draw = Random(seed)
    town = Restless(draw)
    with closing(views_of(room, BEFORE, town.live)) as views:
        done, territory = recomputation.workload(town.files), town.territory
        done.update({(*keys, "overdue"): n for keys, n in recomputation.overdue(town.files, LATER).items()})
        assert sum(n for (*_, what), n in done.items() if what == "overdue") > 0
        for by in [level.value for level in Level]:
            asked = draw.choice([None, *(node.id for node in territory.nodes)])
            for drawn in ("then", "now"):
                query = WorkloadQuery.model_validate({"by": by, "drawn": drawn, "territory": asked})
                told = Counter[tuple[Any, ...]]()
                for row in workload(views, Scope.all(), query, territory, LATER).rows:
                    told.update({(row.key, row.community, what): getattr(row, what) for what in WHAT})
                assert +told == _one_by_one(done, by, territory, drawn == "now", asked)
        for drawn in ("then", "now"):
            query = WorkloadQuery(by="district", drawn=drawn)
            [district] = workload(views, Scope.all(), query, territory, LATER).rows
            assert sum(done.values()) == sum(getattr(district, what) for what in WHAT)


@pytest.mark.parametrize("seed", range(6))
def test_times_and_stints_are_drawn_now_like_the_work(room: Room, seed: int) -> None:
    draw = Random(seed)
    town = Restless(draw)
    with closing(views_of(room, BEFORE, town.live)) as views:
        territory = town.territory
        ended = [one.place for lines in town.files for one in stretches(lines)[1] if one.stage == "arrive"]
        held = [one.place for lines in town.files for one in stints(lines)]
        assert ended
        assert held
        for by in [level.value for level in Level]:
            asked = draw.choice([None, *(node.id for node in territory.nodes)])
            for drawn in ("then", "now"):
                now = drawn == "now"
                query = {"by": by, "drawn": drawn, "territory": asked}
                for exact in (False, True):
                    times = ResponseTimeQuery.model_validate({**query, "exact": exact})
                    counted = {
                        (row.key, row.community): row.n for row in response_times(views, Scope.all(), times, territory)
                    }
                    assert counted == _placed(ended, by, territory, now, asked)
                hands = holding(views, Scope.all(), HoldingQuery.model_validate(query), territory)
                stinted = {(row.key, row.community): row.stints for row in hands}
                assert stinted == _placed(held, by, territory, now, asked)


def _placed(places: list[Place], by: str, territory: Territory, now: bool, asked: str | None) -> Told:
    """How often something happened, by where that is."""
    found: Counter[tuple[str | None, str | None]] = Counter()
    for place in places:
        where = {**(territory.redrawn(place) if now else place).model_dump(), "city": "city"}
        key = where[by]
        unknown = key is None and by in ("building", "grid", "estate")
        if asked is None or asked in where.values():
            found[key, where["community"] if unknown else None] += 1
    return dict(found)


def _one_by_one(
    done: Counter[tuple[Any, ...]], by: str, territory: Territory, now: bool, asked: str | None
) -> Counter[tuple[Any, ...]]:
    found: Counter[tuple[Any, ...]] = Counter()
    for (*_, district, street, community, estate, grid, building, what), n in done.items():
        place = Place(
            district=district or None,
            street=street or None,
            community=community or None,
            estate=estate or None,
            grid=grid or None,
            building=building or None,
        )
        where = {**(territory.redrawn(place) if now else place).model_dump(), "city": "city"}
        key = where[by]
        unknown = key is None and by in ("building", "grid", "estate")
        if asked is None or asked in where.values():
            found[key, where["community"] if unknown else None, what] += n
    return found
