"""依法删除: asking that somebody be forgotten, approving it, and how far it is."""

from __future__ import annotations

from inspect import getdoc

from fastapi import APIRouter, Depends, Response, Security
from pydantic import AwareDatetime, Field

from api import problems
from api.door import DoorRoute, Visiting
from api.identity import SCHEME
from api.incidents import ANSWERS, ETAG, Key, caller_of, operation_id
from api.problems import FORBIDDEN, Problem
from api.tags import conditional
from domain.casework.asking import RegisterReceipt
from domain.erasure import COMMANDS, ErasureCommand
from domain.model import Model, Retention, Role
from domain.retention import TERMS, Erasure

router = APIRouter(
    prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME), Depends(conditional)], tags=["依法删除"]
)
MAY_SEE = frozenset({Role.DISTRICT, Role.ADMIN, Role.AUDITOR, Role.STREET, Role.COMMUNITY})


class KeptFor(Model):
    """依法留存的一类资料：到什么时候，依据什么。期满前只有审计可以查阅。"""

    retention: Retention
    label: str
    until: AwareDatetime
    source: str


class ErasureStatus(Model):
    """一个人的资料删到哪一步。"""

    subject: str
    state: str = Field(description="requested 待批准、approved 正在删除、restricted 部分依法留存、done 已删除")
    asked_by: str
    asked_at: AwareDatetime
    kept: tuple[KeptFor, ...]


class ErasureList(Model):
    """全部删除申请，先申请的在前。"""

    items: tuple[ErasureStatus, ...]


def status_of(one: Erasure) -> ErasureStatus:
    """How far it is, for people."""
    state = "done" if one.done else "restricted" if one.restricted else "approved" if one.approved else "requested"
    kept = tuple(
        KeptFor(retention=retention, label=retention.label, until=until, source=TERMS[retention].source)
        for retention, until in one.restricted.items()
    )
    return ErasureStatus(subject=one.subject, state=state, asked_by=one.asked_by, asked_at=one.asked_at, kept=kept)


@router.get(
    "/erasures",
    operation_id="list_erasures",
    summary="删除申请",
    response_model=ErasureList,
    response_description="删除申请",
    responses=problems.declared(*problems.READING),
)
async def list_erasures(visit: Visiting) -> Response:
    """谁的资料有人申请删除，删到哪一步，依法留存到何时；居民只看到自己的。"""
    if visit.asker.role not in MAY_SEE | {Role.RESIDENT}:
        raise Problem(FORBIDDEN)
    await visit.service.casework.refresh()
    found = visit.service.casework.registers.erasures.of.values()
    own = [one for one in found if visit.asker.role in MAY_SEE or one.subject == visit.asker.actor]
    return Response(ErasureList(items=tuple(map(status_of, own))).model_dump_json(), 200, media_type="application/json")


async def _ask(command: ErasureCommand, key: Key, visit: Visiting) -> Response:
    receipt = await visit.service.erasing.ask(command, caller_of(visit, key))
    visit.request.state.outcome = "changed" if receipt.changed else "unchanged"
    return Response(receipt.model_dump_json(), 200, {"ETag": f'"{receipt.version}"'}, "application/json")


def _asking(kind: type[ErasureCommand]):  # type: ignore[no-untyped-def]
    async def ask(command: ErasureCommand, key: Key, visit: Visiting) -> Response:
        return await _ask(command, key, visit)

    ask.__annotations__["command"] = kind
    return ask


for kind in COMMANDS:
    router.add_api_route(
        f"/erasure/{kind.name}",
        _asking(kind),
        methods=["POST"],
        name=kind.name,
        operation_id=operation_id(kind),
        summary=kind.label,
        description=getdoc(kind),
        response_model=RegisterReceipt,
        response_description="回执；`changed` 为 false 表示本来就是这样，没有新增记录",
        responses={200: {"headers": ETAG}, **problems.declared(*ANSWERS)},
    )
