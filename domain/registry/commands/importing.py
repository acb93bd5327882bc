"""导入辖区: whole sheets at once, by difference; all of them or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, ClassVar, Self, TypeVar

from pydantic import Field, JsonValue

from domain.model import Model, Refused
from domain.register import RowFault, RowsRefused
from domain.registry import rules
from domain.registry.commands.checking import Checking
from domain.registry.commands.keeping import Keeping, require_unscheduled
from domain.registry.events import (
    HeadNamed,
    NodeAdded,
    NodeMoved,
    NodeRecoded,
    NodeRenamed,
    NodeSurveyed,
    StaffAppointed,
    TerritoryEvent,
    UnitListed,
)
from domain.territory import Head, Node, NodeListing, Post, Territory, Unit

R = TypeVar("R", bound=Model)
Key = Callable[[Any], str]
ROWS = 50_000


class ImportTerritory(Keeping):
    """导入辖区：按编号增补、更名、换码、划归、更新；表中没有的一概不动，有一行不合要求就一行也不导入。

    已在册的，只改表中写明的各项。
    """

    name: ClassVar[str] = "import-territory"
    label: ClassVar[str] = "导入辖区"
    example: ClassVar[dict[str, JsonValue]] = {
        "units": [{"id": "unit-gardens", "name": "区园林所"}],
        "nodes": [
            {
                "id": "grid-yunjian-4",
                "level": "grid",
                "name": "云箭社区第四网格",
                "code": "431202002001004",
                "parent": "community-yunjian",
                "households": 286,
            }
        ],
        "staff": [{"id": "officer-mi", "name": "米网格员", "role": "grid_officer", "scope": "grid-yunjian-4"}],
    }

    nodes: tuple[NodeListing, ...] = Field(default=(), max_length=ROWS, description="节点")
    units: tuple[Unit, ...] = Field(default=(), max_length=ROWS, description="单位")
    staff: tuple[Post, ...] = Field(default=(), max_length=ROWS, description="工作人员")
    heads: tuple[Head, ...] = Field(default=(), max_length=ROWS, description="楼栋长、党员中心户")

    @classmethod
    def of(cls, territory: Territory) -> Self:
        """The import that lists a whole territory, such as that of a registry file."""
        return cls(
            nodes=tuple(NodeListing.model_validate(_fields(node, NodeListing)) for node in territory.nodes),
            units=territory.units,
            staff=tuple(Post.model_validate(_fields(member, Post)) for member in territory.staff),
            heads=territory.heads,
        )

    def changes(self, territory: Territory, since: datetime) -> Iterator[TerritoryEvent]:
        """What differs from the territory as it stands. Raises `RowsRefused`."""
        listed = _Listed(self, territory)
        if faults := tuple(listed.faults()):
            first = f"第一处：{faults[0].sentence}"
            raise RowsRefused(rules.ROWS_FIT.refused(count=len(faults), first=first), faults)
        yield from listed.differences(since)


class _Listed:
    """The sheets beside the territory they go into; rows are completed by what is listed there already."""

    def __init__(self, asked: ImportTerritory, territory: Territory) -> None:
        self._territory = territory
        self._known_units = {unit.id: unit for unit in territory.units}
        self._known_heads = {_head_id(head): head for head in territory.heads}
        self._nodes = [_completed(row, territory.node.get(row.id)) for row in asked.nodes]
        self._staff = [_completed(row, territory.member.get(row.id)) for row in asked.staff]
        self._heads = [self._completed_head(head) for head in asked.heads]
        self._units = asked.units
        self._fits = Checking(territory, self._nodes, self._units)

    def faults(self) -> Iterator[RowFault]:
        """The first thing wrong with every row that does not fit."""
        yield from _wrong("nodes", self._nodes, _id, self._node)
        yield from _wrong("units", self._units, _id, self._fits.unit)
        yield from _wrong("staff", self._staff, _id, self._post)
        yield from _wrong("heads", self._heads, _head_id, self._fits.head)

    def differences(self, since: datetime) -> Iterator[TerritoryEvent]:
        for unit in self._units:
            if self._known_units.get(unit.id) != unit:
                yield UnitListed(unit=unit, effective_from=since)
        for row in self._nodes:
            yield from _node_changes(self._territory.node.get(row.id), row, since)
        for post in self._staff:
            if not self._same_post(post):
                yield StaffAppointed(post=post, effective_from=since)
        for head in self._heads:
            if self._known_heads.get(_head_id(head)) != head:
                yield HeadNamed(head=head, effective_from=since)

    def _node(self, row: NodeListing) -> None:
        """What is planned already may be listed as it is, not otherwise; nor may anything new hang on it."""
        self._fits.node(row)
        known = self._territory.node.get(row.id)
        if known is None or known.parent != row.parent:
            require_unscheduled(self._territory, row.parent or row.id)
        if known is None or _fields(known, NodeListing) != dict(row):
            require_unscheduled(self._territory, row.id)

    def _post(self, post: Post) -> None:
        self._fits.post(post)
        known = self._territory.member.get(post.id)
        rules.RELEASED_STAYS.require(known is None or not known.released, id=post.id)
        if not self._same_post(post):
            require_unscheduled(self._territory, post.id)

    def _same_post(self, post: Post) -> bool:
        known = self._territory.member.get(post.id)
        return known is not None and _fields(known, Post) == dict(post)

    def _completed_head(self, head: Head) -> Head:
        known = self._known_heads.get(_head_id(head))
        return head.model_copy(update={"person": _completed(head.person, known and known.person)})


def _wrong(sheet: str, rows: Iterable[R], key: Key, check: Callable[[R], object]) -> Iterator[RowFault]:
    seen: Counter[str] = Counter()
    for at, row in enumerate(rows):
        seen[key(row)] += 1
        try:
            rules.ID_ONCE.require(seen[key(row)] == 1, id=key(row))
            check(row)
        except Refused as no:
            yield RowFault(sheet, at, no.rule.id, no.sentence)


def _node_changes(known: Node | None, row: NodeListing, since: datetime) -> Iterator[TerritoryEvent]:
    if known is None:
        yield NodeAdded(node=row, effective_from=since)
        return
    if known.name != row.name:
        yield NodeRenamed(node=row.id, was=known.name, name=row.name, effective_from=since)
    if known.code != row.code:
        yield NodeRecoded(node=row.id, was=known.code, code=row.code, effective_from=since)
    if known.parent != row.parent:
        yield NodeMoved(node=row.id, was=known.parent, parent=row.parent, effective_from=since)
    if (known.households, known.rural) != (row.households, row.rural):
        yield NodeSurveyed(node=row.id, households=row.households, rural=row.rural, effective_from=since)


def _completed(row: R, known: Model | None) -> R:
    """The row as it would be listed: what it leaves out stays as it is."""
    if known is None:
        return row
    unsaid = type(row).model_fields.keys() - row.model_fields_set
    return row.model_copy(update={field: getattr(known, field) for field in unsaid})


def _fields(of: Model, model: type[Model]) -> dict[str, Any]:
    return {field: getattr(of, field) for field in model.model_fields}


def _id(row: Any) -> str:
    return str(row.id)


def _head_id(head: Head) -> str:
    return f"{head.building} {head.person.subject}"
