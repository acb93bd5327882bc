"""基数: households and grid officers under every place, against a slow count."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from domain.model import Role
from domain.territory import Level, Node, Staff, Territory
from projections.basis import Basis, bases
from tests.registry.ledger import JOIN, SPLIT, Ledger
from tests.registry.test_hecheng import LISTED, taken_in

TREE = (
    ("street", Level.STREET, None),
    ("pine", Level.COMMUNITY, "street"),
    ("court", Level.ESTATE, "pine"),
    ("g1", Level.GRID, "court"),
    ("b1", Level.BUILDING, "g1"),
    ("b2", Level.BUILDING, "g1"),
    ("g2", Level.GRID, "pine"),
)


def tree(households: Mapping[str, int], staff: tuple[Staff, ...] = (), closed: str = "") -> Territory:
    nodes = [
        Node(id=id, level=level, name=id, parent=parent, households=households.get(id, 0), closed=id == closed)
        for id, level, parent in TREE
    ]
    return Territory(nodes=tuple(nodes), staff=staff)


def post(id: str, scope: str, role: Role = Role.GRID_OFFICER, **more: Any) -> Staff:
    return Staff(id=id, name=id, role=role, scope=scope, **more)


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        ({"g1": 300, "g2": 200}, {"g1": (300, 0), "court": (300, 0), "pine": (500, 0), "street": (500, 0)}),
        ({"g1": 300}, {"g1": (300, 0), "g2": (0, 1), "court": (300, 0), "pine": (300, 1), "street": (300, 1)}),
        ({"g1": 300, "b1": 90, "g2": 1}, {"b1": (90, 0), "b2": (0, 0), "g1": (300, 0), "pine": (301, 0)}),
        ({"b1": 90, "b2": 60}, {"g1": (150, 0), "court": (150, 0), "pine": (150, 1)}),
        ({"pine": 800, "g1": 300}, {"g2": (0, 1), "pine": (800, 0), "street": (800, 0)}),
        ({}, {"g1": (0, 1), "pine": (0, 2), "b1": (0, 0)}),
    ],
)
def test_a_household_is_counted_once_and_what_is_not_counted_is_said(
    counted: dict[str, int], expected: dict[str, tuple[int, int]]
) -> None:
    found = bases(tree(counted))
    assert {place: found[place][:2] for place in expected} == expected


def test_officers_in_office_are_counted_where_they_are_posted_and_above() -> None:
    staff = (
        *(post("ge", "g1"), post("mi", "g1"), post("an", "g2"), post("of-estate", "court")),
        *(post("left", "g2", released=True), post("secretary", "pine", Role.COMMUNITY)),
    )
    found = bases(tree({}, staff))
    assert {place: basis.officers for place, basis in found.items()} == {
        "b1": 0,
        "b2": 0,
        "g1": 2,
        "g2": 1,
        "court": 3,
        "pine": 4,
        "street": 4,
    }


def test_closed_places_have_none() -> None:
    found = bases(tree({"g1": 300, "g2": 200}, closed="g2"))
    assert "g2" not in found
    assert found["pine"].households == 300


def test_there_is_no_ratio_to_what_is_not_known() -> None:
    assert Basis(300, 0, 2).per_1000_households(6) == 20
    assert Basis(300, 1, 2).per_1000_households(6) is None, "the cases of all grids, the households of some"
    assert Basis(0, 0, 2).per_1000_households(6) is None
    assert Basis(300, 0, 4).per_officer(6) == Fraction(3, 2)
    assert Basis(300, 0, 0).per_officer(6) is None


@pytest.mark.parametrize(
    "territory",
    [taken_in(LISTED, Territory()), *(Ledger.listed().take(change).territory for change in (SPLIT, JOIN))],
    ids=["as large as Hecheng", "split", "joined"],
)
def test_the_parts_add_up_to_every_place(territory: Territory) -> None:
    """Where households are written down with grids alone, as they are here."""
    found = bases(territory)
    grids = [node for node in territory.nodes if node.level is Level.GRID and not node.closed]
    officers = [member for member in territory.staff if member.role is Role.GRID_OFFICER and not member.released]
    assert found.keys() == {node.id for node in territory.nodes if not node.closed}
    for place, basis in found.items():
        under = [grid for grid in grids if place in [above.id for above in territory.path(grid.id)]]
        assert basis.households == sum(grid.households for grid in under)
        assert basis.unsurveyed == sum(grid.households == 0 for grid in under)
        posts = [member for member in officers if place in [above.id for above in territory.path(member.scope)]]
        assert basis.officers == len(posts)
