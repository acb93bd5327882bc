"""The tree as it is shown: nodes by page, and all about one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import AwareDatetime, Field

from api import problems
from api.parameters import WrittenOut
from api.problems import Problem
from api.reading import COVERED
from domain.model import Code, Model, Role
from domain.territory import Former, Level, Node, NodeListing, Territory


class TerritoryAsked(WrittenOut):
    """辖区的查询条件。"""

    level: Level | None = Field(default=None, description="只看这一层级")
    under: Code | None = Field(default=None, description="只看这个节点之下的（含它自己）")
    uncovered: bool = Field(default=False, description="只看没有网格员的网格")
    as_of: AwareDatetime | None = Field(default=None, description="辖区在某一时刻的划分（按生效时间，须带时区）")
    limit: int = Field(default=200, ge=1, le=1000, description="每页个数")
    cursor: Code | None = Field(default=None, description="上一页给出的 next")


class Moment(WrittenOut):
    """Which drawing of the territory is asked for."""

    as_of: AwareDatetime | None = Field(default=None, description="辖区在某一时刻的划分（按生效时间，须带时区）")


class NodeRow(NodeListing):
    """一个节点。"""

    closed: bool
    officers: int = Field(description="网格员人数；不是网格的为 0")
    scheduled: AwareDatetime | None = Field(description="已定的下一次调整何时生效")


class NodePage(Model):
    """辖区的一页。`count` 为符合条件的总数；`next` 为下一页的 cursor，没有即到底。"""

    items: tuple[NodeRow, ...]
    next: str | None
    count: int


class Member(Model):
    """在岗的一个人。"""

    id: str
    name: str
    role: Role
    unit: str | None


class BuildingHead(Model):
    """楼栋长、党员中心户；只有负责本楼栋或其上级的工作人员看得到姓名、电话，其他人查看时以 *** 代替。"""

    person: str
    name: str
    phone: str | None


class NodeFile(NodeRow):
    """一个节点：所在的路径、下级、人员，以及用过的名称和代码。"""

    path: tuple[NodeRow, ...] = Field(description="从本级到最上级")
    children: tuple[NodeRow, ...]
    staff: tuple[Member, ...] = Field(description="负责这个节点的人；居民查看时不列")
    heads: tuple[BuildingHead, ...]
    successors: tuple[str, ...] = Field(description="撤销后改设的")
    former_names: tuple[Former, ...]
    former_codes: tuple[Former, ...]


def chosen(territory: Territory, asked: TerritoryAsked) -> Iterator[Node]:
    """The nodes asked for that stand, in order of listing."""
    uncovered = {grid.id for grid in territory.uncovered}
    for node in territory.nodes:
        fits = asked.level in (None, node.level) and (not asked.uncovered or node.id in uncovered)
        if fits and not node.closed and _is_under(territory, node, asked.under):
            yield node


def _is_under(territory: Territory, node: Node, above: str | None) -> bool:
    return above is None or any(found.id == above for found in territory.path(node.id))


def page(nodes: Sequence[Node], territory: Territory, asked: TerritoryAsked) -> NodePage:
    """The page that follows the cursor. Raises `Problem` for a cursor that stands nowhere in these nodes."""
    start = 0
    if asked.cursor is not None:
        start = next((at for at, node in enumerate(nodes, 1) if node.id == asked.cursor), 0)
        if not start:
            raise Problem(problems.BAD_CURSOR)
    shown = nodes[start : start + asked.limit]
    more = start + asked.limit < len(nodes)
    items = tuple(row_of(node, territory) for node in shown)
    return NodePage(items=items, next=shown[-1].id if more else None, count=len(nodes))


def row_of(node: Node, territory: Territory) -> NodeRow:
    return NodeRow(**_row(node, territory))


def _row(node: Node, territory: Territory) -> dict[str, Any]:
    said = {field: getattr(node, field) for field in NodeListing.model_fields}
    officers = len(territory.officers(node.id))
    return {**said, "closed": node.closed, "officers": officers, "scheduled": territory.scheduled.get(node.id)}


def file_of(node: Node, territory: Territory, *, resident: bool, in_charge: bool) -> NodeFile:
    """All about a node (PIPL art. 6): staff for other staff, the heads for whoever is in charge of the node."""
    posts = () if resident else territory.posts.get(node.id, ())
    return NodeFile(
        **_row(node, territory),
        path=tuple(row_of(found, territory) for found in territory.path(node.id)),
        children=tuple(row_of(child, territory) for child in territory.children.get(node.id, ())),
        staff=tuple(Member(id=post.id, name=post.name, role=post.role, unit=post.unit) for post in posts),
        heads=tuple(_heads(node, territory, covered=resident or not in_charge)),
        successors=node.successors,
        former_names=node.former_names,
        former_codes=node.former_codes,
    )


def _heads(node: Node, territory: Territory, *, covered: bool) -> Iterator[BuildingHead]:
    for number, head in enumerate((head for head in territory.heads if head.building == node.id), 1):
        person = head.person
        if covered:
            yield BuildingHead(person=f"{number}", name=COVERED, phone=person.phone and COVERED)
        else:
            yield BuildingHead(person=person.subject, name=person.name, phone=person.phone)
