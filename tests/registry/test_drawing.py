"""The territory as drawn: what stands, what became of what was, and what is still to come."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.model import Refused
from domain.registry import commands as c
from domain.registry import drawn
from domain.registry.drawing import subject_of
from domain.registry.events import NodeClosed, NodeMoved, TerritoryEvent
from domain.territory import Level, Place, Territory
from tests.registry.ledger import DAY, JOIN, SPLIT, Ledger, head, listing, node
from tests.rules.scene import MORNING

G1 = Place(district="district", street="street", community="east", estate="estate", grid="g1")
EAST = Place(district="district", street="street", community="east")
B1, B2, B3 = (G1.model_copy(update={"building": building}) for building in ("b1", "b2", "b3"))


def at(place: Place, **levels: str | None) -> Place:
    return place.model_copy(update=levels)


def test_after_a_split_a_case_lies_where_its_building_does_else_in_the_community() -> None:
    now = Ledger.listed().take(SPLIT).territory
    assert now.redrawn(B1) == at(B1, grid="ga")
    assert now.redrawn(B2) == at(B2, grid="gb")
    assert now.redrawn(B3) == at(EAST, building="b3")
    assert now.redrawn(G1) == EAST
    assert now.redrawn(EAST) == EAST
    assert now.place("g1") is None
    assert now.place("ga", "b1") == at(B1, grid="ga")
    assert now.place(None, "b3") == at(EAST, building="b3")
    assert now.place("gb", "b1") is None


def test_after_joining_everything_lies_in_the_new_grid() -> None:
    now = Ledger.listed().take(SPLIT, c.JoinGrids(grids=("ga", "gb"), into=c.NewGrid(id="gc", name="合"))).territory
    assert now.redrawn(at(G1, grid="ga")) == at(G1, grid="gc")
    assert now.redrawn(at(B1, grid="ga")) == at(B1, grid="gc")
    assert now.redrawn(G1) == EAST  # of two successors nobody knew which, and that they met again does not tell
    assert [post.id for post in now.officers("gc")] == ["ge", "mi"]


def test_a_joined_grid_counts_the_households_of_both_and_goes_up_to_the_community() -> None:
    joined = Ledger.listed().take(JOIN).territory.node["joined"]
    assert (joined.parent, joined.households, joined.rural) == ("east", 500, False)


def test_a_grid_joined_from_one_that_was_never_surveyed_waits_for_its_survey() -> None:
    """Else it would look as if fewer lived there, and every ratio per household be too high."""
    unsurveyed = Ledger.listed().take(SPLIT, c.JoinGrids(grids=("ga", "gb"), into=c.NewGrid(id="gc", name="合")))
    assert unsurveyed.territory.node["gc"].households == 0


def test_officers_go_where_they_are_sent_and_others_with_the_first_part() -> None:
    now = Ledger.listed().take(SPLIT).territory
    assert [post.id for post in now.officers("ga")] == ["ge", "mi"]
    assert now.posted("g1") == ()
    assert [grid.id for grid in now.uncovered] == ["g3", "gb"]


def test_a_place_the_tree_never_had_stays_as_it_is() -> None:
    elsewhere = Place(district="d-x", grid="g-x", building="b-x")
    assert Ledger.listed().territory.redrawn(elsewhere) == elsewhere


def test_what_is_to_come_does_not_show_before_its_date() -> None:
    ledger = Ledger.listed().take(SPLIT.model_copy(update={"effective_from": MORNING + DAY}))
    before, after = ledger.territory, ledger.later(2 * DAY).territory
    assert before.place("g1", "b1") == B1
    assert before.scheduled.keys() == {"g1", "ga", "gb", "b1", "b2", "b3", "ge", "mi"}
    assert set(before.scheduled.values()) == {(MORNING + DAY).astimezone(UTC)}
    assert after.redrawn(B1) == at(B1, grid="ga")
    assert after.scheduled == {}


def test_former_names_and_codes_are_kept_with_the_date_they_ended() -> None:
    ledger = Ledger.listed()
    renamed = ledger.now.astimezone(UTC)
    ledger.take(c.RenameNode(node="g1", new_name="阳光网格"))
    recoded = ledger.now.astimezone(UTC)
    ledger.take(listing(node("g1", Level.GRID, "estate", name="阳光网格", code="431202001001007")))
    g1 = ledger.territory.node["g1"]
    assert (g1.name, [(former.value, former.until) for former in g1.former_names]) == ("阳光网格", [("g1号", renamed)])
    assert [(former.value, former.until) for former in g1.former_codes] == [("431202001001001", recoded)]
    assert g1.code == "431202001001007"


def test_an_import_changes_what_it_says_and_leaves_the_rest() -> None:
    ledger = Ledger.listed().take(listing(node("g1", Level.GRID, "estate", name="新名")))
    g1 = ledger.territory.node["g1"]
    assert (g1.name, g1.code, g1.households) == ("新名", "431202001001001", 300)
    assert ledger.territory.place("g2") is not None


def test_whoever_left_keeps_their_name_and_says_who_took_over() -> None:
    now = Ledger.listed().take(c.ReleaseStaff(staff="ge", successor="mi"), c.ReleaseStaff(staff="zhang")).territory
    assert now.released == {"ge": "mi", "zhang": None}
    assert now.names["ge"] == "ge某"
    assert now.posted("g1") == ("mi",)
    assert [grid.id for grid in now.uncovered] == ["g2", "g3"]


def test_heads_come_and_go() -> None:
    ledger = Ledger.listed().take(listing(heads=[head("b1", "s-2"), head("b1", "s-1", "改了名")]))
    assert [(held.person.subject, held.person.name) for held in ledger.territory.heads] == [
        ("s-1", "改了名"),
        ("s-2", "某楼栋长"),
    ]
    ledger.take(c.ReleaseHead(building="b1", person="s-1"))
    assert [held.person.subject for held in ledger.territory.heads] == ["s-2"]


def test_a_change_of_what_is_not_there_changes_nothing() -> None:
    since = MORNING.astimezone(UTC)
    strange: list[TerritoryEvent] = [
        NodeClosed(node="none", effective_from=since),
        NodeMoved(node="none", was=None, parent=None, effective_from=since),
    ]
    before = Ledger.listed()
    assert drawn(before.territory, strange, MORNING) == before.territory


def test_the_import_of_a_territory_lists_all_of_it() -> None:
    listed = Ledger.listed().territory
    assert drawn(Territory(), list(c.ImportTerritory.of(listed).changes(Territory(), MORNING)), MORNING) == listed


GRIDS, BUILDINGS = ("g1", "g2", "g3", "n0", "n1", "n2", "n3", "n4", "n5"), ("b1", "b2", "b3", "b4")
GRID, NEW = st.sampled_from(GRIDS), st.sampled_from(GRIDS[3:])
SINCE = st.sampled_from([None, MORNING + DAY, MORNING + 2 * DAY])
REDRAWS = st.one_of(
    st.builds(
        c.SplitGrid,
        grid=GRID,
        into=st.tuples(
            st.builds(c.Part, id=NEW, name=st.just("甲"), buildings=st.sets(st.sampled_from(BUILDINGS)).map(tuple)),
            st.builds(c.Part, id=NEW, name=st.just("乙")),
        ),
        effective_from=SINCE,
    ),
    st.builds(
        c.JoinGrids,
        grids=st.tuples(GRID, GRID),
        into=st.builds(c.NewGrid, id=NEW, name=st.just("合")),
        effective_from=SINCE,
    ),
    st.builds(c.RenameNode, node=GRID, new_name=st.sampled_from(["新", "旧"]), effective_from=SINCE),
    st.sampled_from([listing(node("g3", Level.GRID, "east")), listing(node("b4", Level.BUILDING, "g3"))]),
)
"""Somebody splits, joins, renames or moves something, now or within days; much of it is refused."""


def assert_sound(territory: Territory, stored: list[Place]) -> None:
    for building in BUILDINGS:
        path = list(territory.path(building))
        assert path[-1].id == "city"
        assert not any(found.closed for found in path)
    standing = [found.id for found in territory.nodes if found.level is Level.GRID and not found.closed]
    reached = [child.id for children in territory.children.values() for child in children]
    assert sorted(set(reached)) == sorted(reached)
    assert set(standing) <= set(reached)
    for place in stored:
        now = territory.redrawn(place)
        lowest = territory.node[now.lowest]
        assert not lowest.closed
        assert lowest.level in (Level.GRID, Level.BUILDING, Level.COMMUNITY)
        assert now.grid is None or not territory.node[now.grid].closed
        assert territory.redrawn(now) == now


@settings(max_examples=150, deadline=None)
@given(st.lists(REDRAWS, max_size=8))
def test_any_sequence_of_redraws_leaves_a_tree(asked: list[c.Keeping]) -> None:
    """Every building has a path to the root, no grid stands twice, and every place there ever was lies somewhere."""
    ledger, stored = Ledger.listed(), list[Place]()
    for command in asked:
        with suppress(Refused):
            ledger.take(command)
        ledger.later(timedelta(hours=7))
        now = ledger.territory
        stored += [place for grid in GRIDS for place in [now.place(grid)] if place]
        stored += [now.redrawn(B1), now.redrawn(B3)]
        for moment in (ledger.now, ledger.now + DAY, ledger.now + 3 * DAY):
            assert_sound(ledger.at(moment), stored)


def test_every_scheduled_event_names_what_it_changes() -> None:
    assert [subject_of(event) for event in Ledger.listed().ask(SPLIT)] == [
        "ga", "gb", "b1", "b2", "b3", "ge", "mi", "g1",
    ]  # fmt: skip
