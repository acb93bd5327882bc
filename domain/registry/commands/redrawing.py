"""网格调整: names and borders change, ids and old files do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import ClassVar
from uuid import uuid4

from pydantic import Field, JsonValue

from domain.model import Code, Model, Name, Role
from domain.registry import rules
from domain.registry.commands.checking import Checking
from domain.registry.commands.keeping import Keeping, open_grid, open_node, require_unscheduled
from domain.registry.events import NodeAdded, NodeClosed, NodeMoved, NodeRenamed, StaffAppointed, TerritoryEvent
from domain.territory import Level, Node, NodeListing, OfficialCode, Post, Staff, Territory


def new_node_id() -> str:
    """A random node id: nothing about the place can be read from it."""
    return f"n-{uuid4().hex}"


class NewGrid(Model):
    """调整后的新网格。"""

    id: Code = Field(default_factory=new_node_id, description="编号，新的；不填由系统生成")
    name: Name = Field(description="名称")
    code: OfficialCode = Field(default="", description="代码，可空")
    households: int | None = Field(default=None, ge=0, le=1_000_000, description="户数；不填待摸底")


class Part(NewGrid):
    """拆分出的新网格，以及划给它的楼栋和网格员。"""

    buildings: tuple[Code, ...] = Field(default=(), max_length=2000, description="划入的楼栋")
    officers: tuple[Code, ...] = Field(default=(), max_length=50, description="到这个网格任职的网格员")


class RenameNode(Keeping):
    """更名：编号和代码不变，原名连同停用日期留存。"""

    name: ClassVar[str] = "rename-node"
    label: ClassVar[str] = "更名"
    example: ClassVar[dict[str, JsonValue]] = {"node": "grid-huafeng-1", "new_name": "华峰社区阳光网格"}

    node: Code = Field(description="节点")
    new_name: Name = Field(description="新名称")

    def changes(self, territory: Territory, since: datetime) -> Iterator[TerritoryEvent]:
        node = open_node(territory, self.node)
        if node.name != self.new_name:
            require_unscheduled(territory, node.id)
            yield NodeRenamed(node=node.id, was=node.name, name=self.new_name, effective_from=since)


class SplitGrid(Keeping):
    """拆分网格：楼栋、网格员各归新网格；没有写明的楼栋归社区、网格待定，没有写明的人员随第一个新网格。"""

    name: ClassVar[str] = "split-grid"
    label: ClassVar[str] = "拆分网格"
    example: ClassVar[dict[str, JsonValue]] = {
        "grid": "grid-chuangdan-1",
        "into": [
            {"id": "grid-chuangdan-east", "name": "床单厂东网格", "buildings": ["building-chuangdan-1-2"]},
            {"id": "grid-chuangdan-west", "name": "床单厂西网格"},
        ],
    }

    grid: Code = Field(description="要拆分的网格")
    into: tuple[Part, ...] = Field(min_length=2, max_length=20, description="拆成的新网格")

    def changes(self, territory: Territory, since: datetime) -> Iterator[TerritoryEvent]:
        grid = open_grid(territory, self.grid)
        self._require_mapped_once()
        parts = [_listing(part, grid.parent, grid.rural) for part in self.into]
        yield from _added(territory, parts, [grid.id], since)
        buildings = {building: part.id for part in self.into for building in part.buildings}
        yield from self._moved(territory, grid, buildings, since)
        officers = {officer: part.id for part in self.into for officer in part.officers}
        staying = {member.id: parts[0].id for member in territory.posts.get(grid.id, ())}
        yield from _appointed(territory, {**staying, **officers}, officers, since)
        yield NodeClosed(node=grid.id, successors=tuple(part.id for part in parts), effective_from=since)

    def _require_mapped_once(self) -> None:
        mapped = Counter(id for part in self.into for id in (part.id, *part.buildings, *part.officers))
        twice = next((id for id, times in mapped.items() if times > 1), None)
        rules.MAPPED_ONCE.require(twice is None, id=twice)

    def _moved(
        self, territory: Territory, grid: Node, mapped: dict[str, str], since: datetime
    ) -> Iterator[TerritoryEvent]:
        """Each building to its new grid, and the rest to the community, grid unknown."""
        own = [node.id for node in territory.children.get(grid.id, ())]
        stranger = next((building for building in mapped if building not in own), None)
        rules.BUILDING_OF_GRID.require(stranger is None, building=stranger, grid=grid.id)
        community = territory.around(grid.id)
        for building in own:
            to = mapped.get(building) or (community.id if community else None)
            yield from _to(territory, building, grid.id, to, since)


class JoinGrids(Keeping):
    """合并网格：同一社区的几个网格并成一个新网格，楼栋和人员都随之划入；都摸过底的，户数相加，否则待摸底。"""

    name: ClassVar[str] = "join-grids"
    label: ClassVar[str] = "合并网格"
    example: ClassVar[dict[str, JsonValue]] = {
        "grids": ["grid-chuangdan-east", "grid-chuangdan-west"],
        "into": {"id": "grid-chuangdan", "name": "床单厂网格"},
    }

    grids: tuple[Code, ...] = Field(min_length=2, max_length=20, description="要合并的网格")
    into: NewGrid = Field(description="并成的新网格")

    def changes(self, territory: Territory, since: datetime) -> Iterator[TerritoryEvent]:
        rules.JOIN_TWO.require(len(set(self.grids)) == len(self.grids))
        grids = [open_grid(territory, grid) for grid in self.grids]
        around = {found.id if found else None for found in (territory.around(grid.id) for grid in grids)}
        rules.JOIN_ALIKE.require(len(around) == 1)
        parents = {grid.parent for grid in grids}
        listing = _listing(self.into, (parents if len(parents) == 1 else around).pop(), all(g.rural for g in grids))
        if self.into.households is None and all(grid.households for grid in grids):
            listing = listing.model_copy(update={"households": sum(grid.households for grid in grids)})
        yield from _added(territory, [listing], self.grids, since)
        for grid in grids:
            for building in territory.children.get(grid.id, ()):
                yield from _to(territory, building.id, grid.id, listing.id, since)
        members = {member.id: listing.id for grid in grids for member in territory.posts.get(grid.id, ())}
        yield from _appointed(territory, members, (), since)
        for grid in grids:
            yield NodeClosed(node=grid.id, successors=(listing.id,), effective_from=since)


def _listing(grid: NewGrid, parent: str | None, rural: bool) -> NodeListing:
    return NodeListing(
        id=grid.id,
        level=Level.GRID,
        name=grid.name,
        code=grid.code,
        parent=parent,
        rural=rural,
        households=grid.households or 0,
    )


def _added(
    territory: Territory, listings: list[NodeListing], closing: Iterable[str], since: datetime
) -> Iterator[TerritoryEvent]:
    """New grids, which may take over a code of those that close."""
    fits = Checking(territory, listings, closing=closing)
    for listing in listings:
        rules.ID_FREE.require(listing.id not in territory.node, id=listing.id)
        require_unscheduled(territory, listing.id)
        fits.node(listing)
        yield NodeAdded(node=listing, effective_from=since)


def _to(territory: Territory, building: str, was: str, parent: str | None, since: datetime) -> Iterator[TerritoryEvent]:
    require_unscheduled(territory, building)
    yield NodeMoved(node=building, was=was, parent=parent, effective_from=since)


def _appointed(
    territory: Territory, scopes: dict[str, str], officers: Iterable[str], since: datetime
) -> Iterator[TerritoryEvent]:
    """Everybody to their new grid; those named as officers are officers in office."""
    for officer in officers:
        found = territory.member.get(officer)
        known = found is not None and not found.released and found.role is Role.GRID_OFFICER
        rules.OFFICER_KNOWN.require(known, id=officer)
    for id, grid in scopes.items():
        require_unscheduled(territory, id)
        yield StaffAppointed(post=_post(territory.member[id], grid), effective_from=since)


def _post(member: Staff, scope: str) -> Post:
    return Post(id=member.id, name=member.name, role=member.role, scope=scope, unit=member.unit)
