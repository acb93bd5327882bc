"""The tree every case hangs on: places by opaque id, who works there, and the order of escalation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from pydantic import Field

from domain.model import Code, Labelled, Model, Role


class Level(Labelled):
    """五级治理，上接区、市。Estates and buildings take no escalation: they belong to a grid."""

    BUILDING = "building", "楼栋"
    GRID = "grid", "网格"
    ESTATE = "estate", "小区"
    COMMUNITY = "community", "社区"
    STREET = "street", "街道"
    DISTRICT = "district", "区"
    CITY = "city", "市"

    def above(self, other: Level) -> bool:
        """Whether this level stands over the other."""
        order = list(Level)
        return order.index(self) > order.index(other)


ESCALATION = (Level.GRID, Level.COMMUNITY, Level.STREET, Level.DISTRICT, Level.CITY)


class Place(Model):
    """Where a case belongs, as the tree stood when it was written: node ids, a level may be missing."""

    district: Code | None = None
    street: Code | None = None
    community: Code | None = None
    estate: Code | None = None
    grid: Code
    building: Code | None = None

    def ladder_above(self, level: Level) -> list[Level]:
        """The levels of escalation that exist here above the given one; a city stands over every district."""
        present = [rung for rung in ESCALATION if rung is Level.CITY or getattr(self, rung.value)]
        return [rung for rung in present if rung.above(level)]


class Node(Model):
    """One place of the tree. Its id is opaque; its official code (GB/T 2260 and below) may change."""

    id: Code
    level: Level
    name: str
    code: str = ""
    parent: Code | None = None


class Unit(Model):
    """A department, company or paired unit that can be called or made responsible."""

    id: Code
    name: str


class Staff(Model):
    """Somebody who works on cases: their post, unit, and the node they are responsible for."""

    id: Code
    name: str
    role: Role
    scope: Code
    unit: Code | None = None


class Territory(Model):
    """The registry in force: nodes, units and staff, all by id."""

    nodes: tuple[Node, ...] = Field(min_length=1)
    units: tuple[Unit, ...] = ()
    staff: tuple[Staff, ...] = ()

    @cached_property
    def node(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def names(self) -> dict[str, str]:
        """What to call a node, unit or member of staff."""
        known: tuple[Node | Unit | Staff, ...] = (*self.nodes, *self.units, *self.staff)
        return {entry.id: entry.name for entry in known}

    def path(self, node_id: str) -> Iterator[Node]:
        """The node and everything above it, from below."""
        found = self.node.get(node_id)
        while found:
            yield found
            found = self.node.get(found.parent or "")

    def place(self, grid: str, building: str | None = None) -> Place | None:
        """The place of a grid (or one of its buildings); None when it is not in the tree."""
        above = {node.level.value: node.id for node in self.path(building or grid)}
        if above.get("grid") != grid or (building is not None and above.get("building") != building):
            return None
        return Place(**{level: above[level] for level in Place.model_fields if level in above})

    def level(self, node_id: str | None) -> Level | None:
        found = self.node.get(node_id or "")
        return found.level if found else None
