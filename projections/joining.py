"""Which of many cases are alike, directly or through others: connected groups.

What lies in one tile is near by the tile's size and only followed in time; only what lies in two tiles beside
each other is compared, and only until they are joined. So a storm of cases in one place is little work.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cache
from itertools import product
from math import floor, sqrt
from typing import NamedTuple, TypeVar

from domain.incident.cells import DATUM, around
from domain.model import Point
from projections.distance import distance_up_to

COMPARED = 20_000
"""Pairs compared at most for one answer."""
DEGREE = 111_700
"""Metres: more than a degree of latitude or of longitude up to 54° north."""
BESIDE = sorted(
    ((north, east) for north in range(3) for east in range(-3, 4) if (north, east) > (0, 0)),
    key=lambda step: step[0] ** 2 + step[1] ** 2,
)
"""Steps to the tiles in which something near may lie, the nearest first, each pair of tiles once: a tile is as
high as the limit over √2, and at 54° north 0.58 of that wide."""


class Case(NamedTuple):
    """An open case, but for its position. '' is none; `at` in microseconds, as all times here."""

    opened: int
    category: str
    building: str
    cell: str
    at: int


class Reach(NamedTuple):
    """How near, in metres, and how soon after each other two cases are alike."""

    metres: float
    span: int


class Tile(NamedTuple):
    """Cases of one category in a square so small that nothing in it is out of reach."""

    category: str
    datum: str
    north: int
    east: int

    @classmethod
    def of(cls, category: str, point: Point, metres: float) -> Tile:
        side = metres / sqrt(2) / DEGREE
        return cls(category, DATUM[point.crs], floor(point.latitude / side), floor(point.longitude / side))

    def beside(self, north: int, east: int) -> Tile:
        return Tile(self.category, self.datum, self.north + north, self.east + east)


K = TypeVar("K", bound=Hashable)
Chain = list[Case]
"""Cases in order of time, each alike to the one before."""


def groups(
    cases: Iterable[Case], reach: Reach, where: Callable[[list[int]], Mapping[int, Point]]
) -> tuple[list[Chain], bool]:
    """Groups of two and more, each from its first case on, and whether comparing was given up before its end.

    `where` gives the positions of what was opened there, as far as they are known.
    """
    in_order = sorted(cases, key=lambda case: (case.at, case.opened))
    company = _in_company(in_order, reach.span)
    joining = _Joining(reach, where([case.opened for case in company]))
    joining.follow(in_order, lambda case: (case.category, case.building) if case.building else None)
    complete = joining.compare(joining.follow(company, joining.tile))
    found = defaultdict[int, Chain](list)
    for case in in_order:
        found[joining.find(case.opened)].append(case)
    return [group for group in found.values() if len(group) > 1], not complete


class _Joining:
    """Who belongs together, by what was joined so far (union-find)."""

    def __init__(self, reach: Reach, placed: Mapping[int, Point]) -> None:
        self._reach, self._placed = reach, placed
        self._above: dict[int, int] = {}

    def find(self, one: int) -> int:
        """The same for all who belong together."""
        above = self._above
        while (parent := above.get(one, one)) != one:
            above[one] = one = above.get(parent, parent)
        return one

    def tile(self, case: Case) -> Tile | None:
        point = self._placed.get(case.opened)
        return Tile.of(case.category, point, self._reach.metres) if point else None

    def follow(self, cases: Iterable[Case], key_of: Callable[[Case], K | None]) -> dict[K, list[Chain]]:
        """Join those of one key from one to the next in time; its chains end where the next came too late."""
        chains = defaultdict[K, list[Chain]](list)
        for case in cases:
            key = key_of(case)
            if key is None:
                continue
            of_key = chains[key]
            if of_key and case.at - of_key[-1][-1].at <= self._reach.span:
                self._join(of_key[-1][-1], case)
                of_key[-1].append(case)
            else:
                of_key.append([case])
        return chains

    def compare(self, tiles: Mapping[Tile, list[Chain]]) -> bool:
        """Join chains of tiles beside each other that have two cases alike; False when it was too much work."""
        left = COMPARED
        for one, other in _side_by_side(tiles):
            if self.find(one[0].opened) == self.find(other[0].opened):
                continue
            for here, there in product(one, other):
                left -= 1
                if left < 0:
                    return False
                if self._alike(here, there):
                    self._join(here, there)
                    break
        return True

    def _alike(self, one: Case, other: Case) -> bool:
        here, there = self._placed.get(one.opened), self._placed.get(other.opened)
        soon = abs(one.at - other.at) <= self._reach.span
        return soon and distance_up_to(self._reach.metres, here, there) is not None

    def _join(self, one: Case, other: Case) -> None:
        self._above[self.find(one.opened)] = self.find(other.opened)


def _side_by_side(tiles: Mapping[Tile, list[Chain]]) -> Iterator[tuple[Chain, Chain]]:
    for step in BESIDE:
        for tile, chains in tiles.items():
            yield from product(chains, tiles.get(tile.beside(*step), ()))


def _in_company(cases: Iterable[Case], span: int) -> Chain:
    """Those with another of their category, near in time, in their own or a neighbouring cell: worth reading."""
    times = defaultdict[tuple[str, str], list[int]](list)
    placed = [case for case in cases if case.cell]
    for case in placed:
        times[case.category, case.cell].append(case.at)
    near = cache(around)

    def company(case: Case) -> int:
        there = [times[case.category, cell] for cell in near(case.cell) if (case.category, cell) in times]
        return sum(bisect_right(at, case.at + span) - bisect_left(at, case.at - span) for at in there)

    return [case for case in placed if company(case) > 1]
