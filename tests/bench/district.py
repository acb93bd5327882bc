"""A district of the size of Hecheng (domain.md §1): its tree, its staff, and who looks after which grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import cycle

from domain.model import Role
from domain.registry import drawn
from domain.registry.commands import JoinGrids, NewGrid, Part, SplitGrid
from domain.territory import Level, Node, Staff, Territory, Unit

STREETS, COMMUNITIES, ESTATES, GRIDS, BUILDINGS, UNITS = 7, 65, 392, 411, 924, 60
SPLIT, JOINED = ("grid-000", "grid-010"), ("grid-300", "grid-365")
"""The grids that a redrawing splits in two, and those of one community that it makes one of."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Who acts on the cases of one grid, and how busy it is, compared with others.

    `beside` is another grid of its community.
    """

    grid: str
    buildings: tuple[str, ...]
    beside: str
    busy: float
    officer: Staff
    community: Staff
    street: Staff
    checker: Staff
    unit: Staff
    other_unit: Staff


@dataclass(frozen=True, slots=True)
class District:
    """The registry, and per grid its crew, the busiest grid first."""

    territory: Territory
    crews: tuple[Crew, ...]


def _staff(post: str, role: Role, scope: str, unit: str | None = None) -> Staff:
    return Staff(id=post, name=post, role=role, scope=scope, unit=unit)


def _tree() -> Iterator[Node]:
    """Streets, communities and grids in equal shares; the last grids have no estate over them."""
    yield Node(id="city", level=Level.CITY, name="市")
    yield Node(id="district", level=Level.DISTRICT, name="区", parent="city")
    for n in range(STREETS):
        yield Node(id=f"street-{n}", level=Level.STREET, name=f"第{n}街道", parent="district")
    for n in range(COMMUNITIES):
        yield Node(id=f"community-{n:02d}", level=Level.COMMUNITY, name=f"第{n}社区", parent=f"street-{n % STREETS}")
    for n in range(GRIDS):
        parent = f"community-{n % COMMUNITIES:02d}"
        if n < ESTATES:
            yield Node(id=f"estate-{n:03d}", level=Level.ESTATE, name=f"第{n}小区", parent=parent)
            parent = f"estate-{n:03d}"
        yield Node(id=f"grid-{n:03d}", level=Level.GRID, name=f"第{n}网格", parent=parent)
    for n in range(BUILDINGS):
        yield Node(id=f"building-{n:03d}", level=Level.BUILDING, name=f"{n}栋", parent=f"grid-{n % GRIDS:03d}")


def district() -> District:
    """The same district every time; chance has no part in it."""
    units = [Unit(id=f"unit-{n:02d}", name=f"第{n}单位") for n in range(UNITS)]
    desks = [_staff(f"desk-{unit.id}", Role.DEPARTMENT, "district", unit.id) for unit in units]
    checkers = [_staff(f"checker-{n}", Role.CHECKER, "district") for n in range(STREETS)]
    streets = [_staff(f"desk-street-{n}", Role.STREET, f"street-{n}") for n in range(STREETS)]
    communities = [_staff(f"secretary-{n:02d}", Role.COMMUNITY, f"community-{n:02d}") for n in range(COMMUNITIES)]
    officers = [_staff(f"officer-{n:03d}", Role.GRID_OFFICER, f"grid-{n:03d}") for n in range(GRIDS)]
    crews = tuple(
        Crew(
            grid=officer.scope,
            buildings=tuple(f"building-{nth:03d}" for nth in range(n, BUILDINGS, GRIDS)),
            beside=f"grid-{n + COMMUNITIES if n + COMMUNITIES < GRIDS else n - COMMUNITIES:03d}",
            busy=1 / (n + 5),
            officer=officer,
            community=communities[n % COMMUNITIES],
            street=streets[n % COMMUNITIES % STREETS],
            checker=checker,
            unit=desks[n % UNITS],
            other_unit=desks[(n + 1) % UNITS],
        )
        for n, (officer, checker) in enumerate(zip(officers, cycle(checkers), strict=False))
    )
    staff = (*officers, *communities, *streets, *checkers, *desks)
    return District(Territory(nodes=tuple(_tree()), units=tuple(units), staff=staff), crews)


def redrawn(before: District, at: datetime) -> District:
    """The same once some grids are split and some are joined, by the rules of the registry."""
    territory, crews = before.territory, {crew.grid: [crew] for crew in before.crews}
    for grid in SPLIT:
        [crew] = crews[grid]
        first, *rest = crew.buildings
        halves = (
            Part(id=f"{grid}-east", name="东", buildings=(first,)),
            Part(id=f"{grid}-west", name="西", buildings=tuple(rest)),
        )
        territory = drawn(territory, SplitGrid(grid=grid, into=halves).changes(territory, at), at)
        crews[grid] = [replace(crew, grid=part.id, buildings=part.buildings, busy=crew.busy / 2) for part in halves]
    one = NewGrid(id="grid-joined", name="合")
    territory = drawn(territory, JoinGrids(grids=JOINED, into=one).changes(territory, at), at)
    for grid in JOINED:
        crews[grid] = [replace(crew, grid=one.id) for crew in crews[grid]]
    return District(territory, tuple(crew for those in crews.values() for crew in those))
