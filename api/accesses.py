"""查阅留痕: reading what is sensitive, for a stated purpose, and who did so when and why."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, Response, Security
from pydantic import AwareDatetime, Field, JsonValue

from api import problems
from api.door import DoorRoute, Visiting
from api.identity import SCHEME
from api.incidents import ETAG, ON_CASE, IncidentId, Key, answered, caller_of, described
from api.problems import FORBIDDEN, Problem
from api.proving import ProvenReceipt, proven
from api.reading import Eyes, eyes_of, require_readable
from domain.access import Purpose, Reveal
from domain.casework.accesses import Revealed
from domain.casework.recording import AccessLine
from domain.model import Model, Role
from domain.telling import tell

TAG = "查阅留痕"
PRIVATE = {"Cache-Control": "private, no-store"}
router = APIRouter(prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME)], tags=[TAG])


class RevealedField(Model):
    """一项敏感信息：在案卷第几行、哪一项、是谁的。"""

    version: int
    label: str
    field: str
    subject: str = Field(description="是谁的；案件文字里的，为不带连字符的案件编号")
    there: bool = Field(description="读得到没有；false 为已依法删除或限制使用")
    value: JsonValue


class Revelation(ProvenReceipt):
    """已经留痕，和查阅到的敏感信息。`version` 是所查阅的案卷版本，`position` 是留痕的位置。"""

    fields: tuple[RevealedField, ...]


class LookedAt(Model):
    """查阅的一项：在案卷第几行、哪一项。"""

    version: int
    field: str


class AccessTold(Model):
    """一次查阅：谁、以什么身份、何时、看了谁的哪几项、为什么。"""

    position: int
    recorded_at: AwareDatetime
    actor: str
    actor_name: str | None
    role: Role
    unit: str | None
    subject: str
    seen: int = Field(description="查阅时案卷是第几版")
    fields: tuple[LookedAt, ...]
    purpose: Purpose
    purpose_label: str
    words: str
    sentence: str


class AccessList(Model):
    """一个案件的敏感信息被查阅的全部经过，按先后。"""

    incident_id: str
    items: tuple[AccessTold, ...]


def fields_told(revealed: Revealed) -> list[RevealedField]:
    """The fields as they are answered."""
    return [
        RevealedField(
            version=one.at.version,
            label=one.label,
            field=one.at.field,
            subject=one.subject,
            there=one.there,
            value=one.value,
        )
        for one in revealed.fields
    ]


def accesses_told(lines: Iterable[AccessLine], eyes: Eyes) -> tuple[AccessTold, ...]:
    """Whoever looked, as these eyes may know of it: auditors of everybody, a resident of whom they speak for."""
    return tuple(_told(line, eyes) for line in lines if eyes.theirs(line.subject))


def _told(line: AccessLine, eyes: Eyes) -> AccessTold:
    event = line.event
    return AccessTold(
        position=line.position,
        recorded_at=line.recorded_at,
        actor=line.actor,
        actor_name=eyes.names.get(line.actor),
        role=line.role,
        unit=line.unit,
        subject=line.subject,
        seen=event.seen,
        fields=tuple(LookedAt(version=one.version, field=one.field) for one in event.fields),
        purpose=event.purpose,
        purpose_label=event.purpose.label,
        words=event.words,
        sentence=tell(event, eyes.names),
    )


async def reveal(incident_id: IncidentId, command: Reveal, key: Key, visit: Visiting) -> Response:
    casework = visit.service.casework
    lines = await casework.history(str(incident_id))
    require_readable(lines, visit.asker, casework.territory)
    revealed = await casework.accesses.reveal(str(incident_id), command, caller_of(visit, key))
    fields = [one.model_dump(mode="json") for one in fields_told(revealed)]
    answer = answered(revealed.receipt, await proven(visit.service, revealed.receipt, fields=fields), visit)
    answer.headers.update(PRIVATE)
    return answer


router.add_api_route(
    f"/incidents/{{incident_id}}/{Reveal.name}",
    reveal,
    methods=["POST"],
    response_description="留痕的回执，和敏感信息",
    responses={200: {"headers": ETAG}, **problems.declared(*ON_CASE)},
    **{**described(Reveal, TAG), "response_model": Revelation},
)


@router.get(
    "/incidents/{incident_id}/accesses",
    operation_id="list_accesses",
    summary="查阅记录",
    response_model=AccessList,
    response_description="查阅记录",
    responses=problems.declared(*problems.READING, problems.FORBIDDEN, problems.NOT_FOUND),
)
async def list_accesses(incident_id: IncidentId, visit: Visiting) -> Response:
    """这个案件的敏感信息谁看过、何时、为什么。审计看得到全部；居民看得到自己的，和由自己监护的孩子的。"""
    casework, asker = visit.service.casework, visit.asker
    lines = await casework.history(str(incident_id))
    require_readable(lines, asker, casework.territory)
    if asker.role not in (Role.AUDITOR, Role.RESIDENT):
        raise Problem(FORBIDDEN, "查阅记录只供审计和本人查看。")
    kept = await casework.accesses.of_case(lines)
    told = accesses_told(kept, eyes_of(asker, lines, visit.service.names))
    body = AccessList(incident_id=str(incident_id), items=told).model_dump_json()
    return Response(body, headers=PRIVATE, media_type="application/json")
