"""A district of the size of Hecheng (domain.md §1): its tree, its staff, and who looks after which grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

from domain.model import Role
from domain.territory import Level, Node, Staff, Territory, Unit

STREETS, COMMUNITIES, ESTATES, GRIDS, UNITS = 7, 65, 392, 411, 60


@dataclass(frozen=True, slots=True)
class Crew:
    """Who acts on the cases of one grid."""

    grid: str
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
