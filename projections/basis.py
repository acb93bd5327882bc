"""基数: how many households and grid officers a place has now, for the work to be seen per household and per head."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from domain.territory import Level, Node, Territory

FROM_BELOW = {level: nth for nth, level in enumerate(Level)}


class Basis(NamedTuple):
    """What lies under a place as drawn now, closed places left out.

    `households`: what was counted of the place itself, else the sum of what was counted under it, so that a
    household written down with its building and with its grid is one. `unsurveyed`: the grids under it of which
    nothing was counted. `officers`: the grid officers in office there and under it.
    """

    households: int = 0
    unsurveyed: int = 0
    officers: int = 0

    def per_officer(self, cases: int) -> Fraction | None:
        """Cases for each grid officer; None where there is none."""
        return Fraction(cases, self.officers) if self.officers else None

    def per_1000_households(self, cases: int) -> Fraction | None:
        """Cases for every thousand households; None as long as not all of them are counted: it would be too high."""
        return Fraction(1000 * cases, self.households) if self.households and not self.unsurveyed else None


def bases(territory: Territory) -> Mapping[str, Basis]:
    """The basis of every place that stands."""
    found: dict[str, Basis] = {}
    for node in sorted(territory.nodes, key=lambda node: FROM_BELOW[node.level]):
        if not node.closed:
            found[node.id] = _of(node, territory, found)
    return found


def _of(node: Node, territory: Territory, below: Mapping[str, Basis]) -> Basis:
    under = [below[child.id] for child in territory.children.get(node.id, ())]
    households = node.households or sum(basis.households for basis in under)
    unsurveyed = 0 if node.households else sum(basis.unsurveyed for basis in under)
    if node.level is Level.GRID:
        unsurveyed = 0 if households else 1
    officers = sum(basis.officers for basis in under)
    if node.id in territory.posts:
        officers += len(territory.officers(node.id))
    return Basis(households, unsurveyed, officers)
