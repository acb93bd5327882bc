"""值班通知: what was sent to whoever is on duty, what waits, and what could not be delivered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Security
from pydantic import AwareDatetime, Field

from api import problems
from api.door import DoorRoute, Visiting
from api.identity import SCHEME
from api.problems import FORBIDDEN, Problem
from api.reading import scope_of
from api.watch.messages import Message
from api.watch.outbox import Listed, State
from domain.model import Model, Role
from domain.territory import Level
from projections.reading import moment

router = APIRouter(prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME)], tags=["值班"])
READERS = frozenset({Role.DISTRICT, Role.AUDITOR, Role.ADMIN})
NEWEST = 2**53 - 1


class MessagesAsked(Model):
    """要看哪些通知。"""

    status: State | None = Field(
        default=None, description="pending 待发，delivered 已送达（保留30天），dead 多次未能送达；不填为全部"
    )
    before: int = Field(default=NEWEST, ge=1, le=NEWEST, description="从这一条往前看：上一页给出的 next")
    limit: int = Field(default=50, ge=1, le=200, description="每页条数")


class MessageTold(Message):
    """一条通知和它的去向。`trouble` 是最近一次没送到的原因代码。"""

    nth: int = Field(description="序号，由旧到新")
    channel: str = Field(description="通道：log、webhook，或所装网关的名字")
    status: Literal["pending", "delivered", "dead"]
    tries: int = Field(description="已发几次")
    next_at: AwareDatetime | None = Field(description="下次再发的时间")
    settled_at: AwareDatetime | None = Field(description="送达或停发的时间")
    trouble: str | None


class MessagesTold(Model):
    """通知的一页，由新到旧。`next` 为下一页的 before，没有即到底。"""

    items: tuple[MessageTold, ...]
    next: int | None


@router.get(
    "/duty/messages",
    operation_id="list_messages",
    summary="值班通知",
    response_model=MessagesTold,
    response_description="一页通知",
    responses=problems.declared(*problems.READING, problems.FORBIDDEN),
)
async def list_messages(asked: Annotated[MessagesAsked, Query()], visit: Visiting) -> MessagesTold:
    """区级、审计和管理员查看：发给值班人员的通知，送达没有，没送达是为什么。"""
    scope = scope_of(visit.asker, visit.service.casework.territory)
    if visit.asker.role not in READERS or scope.level not in (Level.DISTRICT, Level.CITY):
        raise Problem(FORBIDDEN)
    district = scope.node if scope.level is Level.DISTRICT else None
    outbox = visit.service.watch.outbox
    rows = await visit.service.read(lambda: outbox.listed(asked.status, district, asked.before, asked.limit + 1))
    shown = rows[: asked.limit]
    return MessagesTold(items=tuple(map(told, shown)), next=shown[-1].nth if len(rows) > asked.limit else None)


def told(row: Listed) -> MessageTold:
    """A message as people and programs read it."""
    again: datetime | None = moment(row.next_at) if row.state == "pending" else None
    return MessageTold(
        **dict(row.message),
        nth=row.nth,
        channel=row.channel,
        status=row.state,
        tries=row.tries,
        next_at=again,
        settled_at=moment(row.settled_at),
        trouble=row.trouble,
    )
