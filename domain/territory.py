"""The tree every case hangs on: places by opaque id, who works there, and the order of escalation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from hashlib import sha256
from typing import Annotated
from unicodedata import normalize

from pydantic import AwareDatetime, Field, StringConstraints

from domain.model import Code, Labelled, Model, Name, Person, Personal, Role


def folded(name: str) -> str:
    """A name as it is compared: capital or small, full or half width are the same."""
    return normalize("NFKC", name).casefold()


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
    """Where a case belongs, as the tree stood when it was written: node ids, a level may be missing.

    Without a grid the place is "this community, grid unknown": its grid was split, and no building tells where.
    """

    district: Code | None = None
    street: Code | None = None
    community: Code | None = None
    estate: Code | None = None
    grid: Code | None = None
    building: Code | None = None

    @property
    def lowest(self) -> str:
        """The node furthest down that is known."""
        known = (self.building, self.grid, self.estate, self.community, self.street, self.district)
        return next(filter(None, known), "")

    def ladder_above(self, level: Level) -> list[Level]:
        """The levels of escalation that exist here above the given one; a city stands over every district."""
        present = [rung for rung in ESCALATION if rung is Level.CITY or getattr(self, rung.value)]
        return [rung for rung in present if rung.above(level)]


OfficialCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{0,30}$")]
"""GB/T 2260 and its extensions: digits, or nothing where there is no code."""


class NodeListing(Model):
    """辖区的一个节点，如表格里的一行。Its id is opaque; its official code (GB/T 2260 and below) may change."""

    id: Code = Field(description="编号，不透明，一经使用不改")
    level: Level = Field(description="层级")
    name: Name = Field(description="名称")
    code: OfficialCode = Field(default="", description="代码（GB/T 2260 及其延伸），可空")
    parent: Code | None = Field(default=None, description="上级节点；层级可以空缺，如网格直属社区")
    rural: bool = Field(default=False, description="农村网格")
    households: int = Field(default=0, ge=0, le=1_000_000, description="户数；0 为未摸底")


class Former(Model):
    """A name or code that was, until it ended."""

    value: str
    until: AwareDatetime


class Node(NodeListing):
    """One place of the tree as it stands, with what it was called before. Closed ones stay, for old cases."""

    closed: bool = False
    successors: tuple[Code, ...] = ()
    former_names: tuple[Former, ...] = ()
    former_codes: tuple[Former, ...] = ()


class Unit(Model):
    """A department, company or paired unit that can be called or made responsible."""

    id: Code = Field(description="编号")
    name: Name = Field(description="名称")


class Post(Model):
    """任职：一名工作人员的岗位、单位和所负责的节点。"""

    id: Code = Field(description="人员编号，不透明")
    name: Personal[Name] = Field(description="姓名，或值班室的名称")
    role: Role = Field(description="岗位")
    scope: Code = Field(description="所负责的节点")
    unit: Code | None = Field(default=None, description="所在单位")


class Staff(Post):
    """Somebody who works on cases, or did: whoever was released keeps their name in old files."""

    released: bool = False
    successor: Code | None = None


class Head(Model):
    """楼栋长、党员中心户：a resident of a building, so all about them is personal."""

    building: Code = Field(description="楼栋")
    person: Person


class CodeFormat(Model):
    """代码格式: digits of the code at each level, and whether it begins with that of the place above.

    A level not named takes any code. Source: GB/T 2260 (district), extended by three digits a level (domain.md §6).
    """

    digits: Mapping[Level, int] = Field(
        default={
            Level.CITY: 4,
            Level.DISTRICT: 6,
            Level.STREET: 9,
            Level.COMMUNITY: 12,
            Level.GRID: 15,
            Level.BUILDING: 18,
        }
    )
    nested: bool = True


class Territory(Model):
    """The registry in force: nodes, units, staff and heads of buildings, all by id.

    `scheduled` names whatever an event not yet in force will change, and from when.
    """

    nodes: tuple[Node, ...] = ()
    units: tuple[Unit, ...] = ()
    staff: tuple[Staff, ...] = ()
    heads: tuple[Head, ...] = ()
    codes: CodeFormat = CodeFormat()
    scheduled: Mapping[Code, AwareDatetime] = Field(default_factory=dict)

    @cached_property
    def node(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def member(self) -> dict[str, Staff]:
        return {member.id: member for member in self.staff}

    @cached_property
    def unit(self) -> dict[str, Unit]:
        return {unit.id: unit for unit in self.units}

    @cached_property
    def names(self) -> dict[str, str]:
        """What to call a node, unit or member of staff."""
        known: tuple[Node | Unit | Staff, ...] = (*self.nodes, *self.units, *self.staff)
        return {entry.id: entry.name for entry in known}

    @cached_property
    def called(self) -> tuple[tuple[str, Node | Unit], ...]:
        """Every name that a place or a unit has, or had once, `folded` so that it can be compared."""
        found: list[tuple[str, Node | Unit]] = []
        for node in self.nodes:
            found += [(folded(name), node) for name in (node.name, *(former.value for former in node.former_names))]
        return (*found, *((folded(unit.name), unit) for unit in self.units))

    @cached_property
    def edition(self) -> str:
        """Tells this drawing from any other."""
        return sha256(self.model_dump_json().encode()).hexdigest()[:16]

    @cached_property
    def children(self) -> dict[str, tuple[Node, ...]]:
        """What lies directly under a node and is not closed, in order of listing."""
        under: dict[str, list[Node]] = {}
        for node in self.nodes:
            if node.parent is not None and not node.closed:
                under.setdefault(node.parent, []).append(node)
        return {parent: tuple(nodes) for parent, nodes in under.items()}

    @cached_property
    def posts(self) -> dict[str, tuple[Staff, ...]]:
        """Who is responsible for a node itself, of those in office."""
        held: dict[str, list[Staff]] = {}
        for member in self.staff:
            if not member.released:
                held.setdefault(member.scope, []).append(member)
        return {node: tuple(members) for node, members in held.items()}

    @cached_property
    def released(self) -> dict[str, str | None]:
        """Whoever has left, and who takes their cases over."""
        return {member.id: member.successor for member in self.staff if member.released}

    @cached_property
    def uncovered(self) -> tuple[Node, ...]:
        """The grids without an officer."""
        grids = (node for node in self.nodes if node.level is Level.GRID and not node.closed)
        return tuple(grid for grid in grids if not self.officers(grid.id))

    def officers(self, grid: str) -> tuple[Staff, ...]:
        """The officers of a grid."""
        return tuple(member for member in self.posts.get(grid, ()) if member.role is Role.GRID_OFFICER)

    def in_office(self, staff: str) -> bool:
        """Whether somebody is a member of staff who has not left."""
        return staff in self.member and not self.member[staff].released

    def serving(self, whom: str) -> tuple[str, ...]:
        """Who answers for a unit; or the member of staff of that very id; in office, that is."""
        if self.in_office(whom):
            return (whom,)
        return tuple(member.id for member in self.staff if member.unit == whom and not member.released)

    def posted(self, node_id: str) -> tuple[str, ...]:
        """The staff responsible for this very node."""
        return tuple(member.id for member in self.posts.get(node_id, ()))

    def path(self, node_id: str | None) -> Iterator[Node]:
        """The node and everything above it, from below."""
        found = self.node.get(node_id or "")
        while found:
            yield found
            found = self.node.get(found.parent or "")

    def place(self, grid: str | None, building: str | None = None) -> Place | None:
        """The place of a grid (or one of its buildings); None when it is not in the tree, or closed.

        Without a grid: that of a building that belongs to none.
        """
        lowest = self.node.get(building or grid or "")
        if lowest is None or lowest.closed:
            return None
        found = self._path_of(lowest.id)
        return found if (found.grid, found.building) == (grid, building) else None

    def place_at(self, node_id: str, level: Level) -> Place | None:
        """The place of a node of that level; None when it is not in the tree, or closed."""
        found = self.node.get(node_id)
        return None if found is None or found.closed or found.level is not level else self._path_of(node_id)

    def grid_of(self, building: str | None) -> str | None:
        """The grid a building lies in, if any."""
        return next((node.id for node in self.path(building) if node.level is Level.GRID), None)

    def is_rural(self, place: Place) -> bool:
        """Whether its grid is a rural one."""
        grid = self.node.get(place.grid or "")
        return grid is not None and grid.rural

    def redrawn(self, place: Place) -> Place:
        """The same place as drawn now.

        Where its building lies; else its grid, or what became of it: a closed grid's only successor, and of
        several nobody knows which, so the community, grid unknown. A place the tree never had stays as it is.
        """
        building = self.node.get(place.building or "")
        if building is not None and not building.closed:
            return self._path_of(building.id)
        upward = (place.grid, place.estate, place.community, place.street, place.district)
        lowest = next((self.node[id] for id in upward if id in self.node), None)
        found = self._became(lowest) if lowest else None
        return self._path_of(found.id) if found else place

    def level(self, node_id: str | None) -> Level | None:
        found = self.node.get(node_id or "")
        return found.level if found else None

    def around(self, node_id: str | None) -> Node | None:
        """The community a node lies in, else the nearest place above where there is none; never the node itself."""
        above = (found for found in self.path(node_id) if found.id != node_id)
        return next((found for found in above if not Level.COMMUNITY.above(found.level)), None)

    def _path_of(self, node_id: str) -> Place:
        above = {node.level.value: node.id for node in self.path(node_id)}
        return Place(**{level: above[level] for level in Place.model_fields if level in above})

    def _became(self, node: Node) -> Node | None:
        """What stands where this node was: itself, its only successor's, or the community around it."""
        found: Node | None = node
        seen: set[str] = set()
        while found is not None and found.closed:
            only = self.node.get(found.successors[0]) if len(found.successors) == 1 else None
            followed = only is not None and only.id not in seen
            seen.add(found.id)
            found = only if followed else self.around(found.id)
        return found
