"""值班表 over HTTP: who is on duty where, and who puts them there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response, Security
from pydantic import AwareDatetime, Field

from api import problems
from api.door import DoorRoute, Visiting
from api.identity import SCHEME
from api.invalid import Fault
from api.parameters import WrittenOut
from api.problems import invalid
from api.reading import scope_of
from api.registers import add_commands
from api.tags import TAGGED, conditional, is_known, tagged
from domain.duty import Roster, Shift
from domain.model import Code, Instant, Model
from domain.rostering import AssignShifts, CancelShift
from domain.territory import Level, Node, Territory

TAG = "值班"
STAFFED = (Level.GRID, Level.COMMUNITY, Level.STREET, Level.DISTRICT)
"""The levels whose duty is looked at; buildings and estates belong to them."""
router = APIRouter(prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME)], tags=[TAG])


class DutyAsked(WrittenOut):
    """哪里、何时的值班。"""

    at: Instant | None = Field(default=None, description="看哪一时刻的值班（须带时区）；不填即现在")
    territory: Code | None = Field(default=None, description="只看这个节点之下；不填即所负责的全部")


class OnDuty(Model):
    """谁在值班，这一班从何时到何时。"""

    staff: str
    name: str | None
    starts: AwareDatetime
    ends: AwareDatetime


class NodeDuty(Model):
    """一个地方的值班：本处没有排班的，由 `by` 所指的上级值班；上级也没有的，`uncovered` 为真。"""

    node: str
    name: str
    level: Level
    by: str | None
    on_duty: tuple[OnDuty, ...]
    uncovered: bool


class Duty(Model):
    """某一时刻各处的值班，和没有人值班的地方有几处。"""

    at: AwareDatetime
    nodes: tuple[NodeDuty, ...]
    uncovered: int


def duty(territory: Territory, roster: Roster, at: datetime, top: str) -> Duty:
    """Who is on duty for every open node under (and with) `top`."""
    by_node: dict[str, list[Shift]] = {}
    for shift in roster.shifts:
        if shift.starts <= at < shift.ends:
            by_node.setdefault(shift.node, []).append(shift)
    nodes = tuple(_of_node(node, territory, by_node) for node in _under(top, territory))
    return Duty(at=at, nodes=nodes, uncovered=sum(node.uncovered for node in nodes))


def _under(top: str, territory: Territory) -> Iterator[Node]:
    node = territory.node[top]
    if node.level in STAFFED and not node.closed:
        yield node
    for child in territory.children.get(top, ()):
        yield from _under(child.id, territory)


def _of_node(node: Node, territory: Territory, by_node: dict[str, list[Shift]]) -> NodeDuty:
    by = next((above.id for above in territory.path(node.id) if above.id in by_node), None)
    shifts = by_node[by] if by else []
    return NodeDuty(
        node=node.id,
        name=node.name,
        level=node.level,
        by=by,
        on_duty=tuple(
            OnDuty(staff=shift.staff, name=territory.names.get(shift.staff), starts=shift.starts, ends=shift.ends)
            for shift in shifts
        ),
        uncovered=by is None,
    )


@router.get(
    "/duty",
    operation_id="get_duty",
    summary="值班表",
    response_model=Duty,
    response_description="各处的值班",
    responses={
        **TAGGED,
        **problems.declared(*problems.READING, problems.FORBIDDEN),
    },
    dependencies=[Depends(conditional)],
)
async def get_duty(asked: Annotated[DutyAsked, Query()], visit: Visiting) -> Response:
    """所负责范围内，某一时刻每个地方由谁值班；没有人值班的地方另有标明。"""
    casework = visit.service.casework
    territory, own = casework.territory, visit.asker.scope
    scope_of(visit.asker, territory)
    top = asked.territory or own or ""
    if own not in {node.id for node in territory.path(top)}:
        raise invalid([Fault(detail="只能查看所负责范围内在册的地方，请核对编号。", parameter="territory")])
    found = duty(territory, casework.roster, asked.at or casework.registers.now, top)
    tag = f'W/"{casework.registers.version("duty")}-{casework.registers.version("territory")}-{top}-{found.at:%s%f}"'
    return tagged(tag) if is_known(visit.request, tag) else tagged(tag, found.model_dump_json())


add_commands(router, (AssignShifts, CancelShift), TAG)
