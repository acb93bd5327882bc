"""依法删除: asking that somebody be forgotten, approving it, and how far it is."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response, Security
from pydantic import AwareDatetime

from api import problems
from api.door import DoorRoute, Visiting
from api.identity import SCHEME
from api.problems import FORBIDDEN, Problem
from api.registers import add_commands
from api.tags import conditional
from domain.erasure import COMMANDS
from domain.model import Labelled, Model, Retention, Role
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


class State(Labelled):
    """删到哪一步."""

    REQUESTED = "requested", "待批准"
    APPROVED = "approved", "正在删除"
    RESTRICTED = "restricted", "部分依法留存，期满前限制使用"
    DONE = "done", "已删除"


class ErasureStatus(Model):
    """一个人的资料删到哪一步。"""

    subject: str
    state: State
    label: str
    asked_by: str
    asked_at: AwareDatetime
    kept: tuple[KeptFor, ...]


class ErasureList(Model):
    """全部删除申请，先申请的在前。"""

    items: tuple[ErasureStatus, ...]


def status_of(one: Erasure) -> ErasureStatus:
    """How far it is, for people."""
    reached = [State.APPROVED] * one.approved + [State.RESTRICTED] * bool(one.restricted) + [State.DONE] * one.done
    state = [State.REQUESTED, *reached][-1]
    kept = tuple(
        KeptFor(retention=retention, label=retention.label, until=until, source=TERMS[retention].source)
        for retention, until in one.restricted.items()
    )
    return ErasureStatus(
        subject=one.subject,
        state=state,
        label=state.label,
        asked_by=one.asked_by,
        asked_at=one.asked_at,
        kept=kept,
    )


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


add_commands(router, COMMANDS, "依法删除")
