"""Reading one case: its file as it is or was, and its history line by line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response, Security
from pydantic import AwareDatetime, Field, JsonValue

from api import problems
from api.door import DoorRoute, Visit, Visiting
from api.identity import SCHEME
from api.incidents import IncidentId
from api.parameters import WrittenOut
from api.problems import NOT_FOUND, Problem
from api.reading import Eyes, as_read, eyes_of, require_readable
from api.tags import TAGGED, conditional, is_known, tagged
from domain.casework.case_file import CaseFile, as_known, case_file
from domain.casework.recording import RecordedEvent
from domain.casework.redactions import shown
from domain.incident.governing import rules_of
from domain.model import Model, Role
from domain.telling import tell

router = APIRouter(
    prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME), Depends(conditional)], tags=["案卷"]
)


class Moment(WrittenOut):
    """Which state of a case is asked for; of both, what was known earlier."""

    as_of_version: int | None = Field(
        default=None, ge=1, le=999_999_999, description="案卷在第几版时的样子；晚于现有版本即现在的样子"
    )
    as_of: AwareDatetime | None = Field(default=None, description="案卷在某一时刻所记的样子（按记录时间，须带时区）")


class HistoryLine(Model):
    """案卷的一行：谁、以什么身份、何时、做了什么，依据哪个命令。"""

    version: int
    position: int
    type: str
    label: str
    sentence: str
    actor: str
    actor_name: str | None
    role: Role
    command: str
    occurred_at: AwareDatetime
    recorded_at: AwareDatetime
    effective_at: AwareDatetime
    rules: tuple[str, ...]
    erased: tuple[str, ...] = Field(description="`data` 里已依法删除的各项")
    data: dict[str, JsonValue]


class History(Model):
    """案卷的全部经过，按先后。"""

    incident_id: str
    version: int
    events: tuple[HistoryLine, ...]


READS = problems.declared(*problems.READING, problems.NOT_FOUND)


@router.get(
    "/incidents/{incident_id}",
    operation_id="get_incident",
    summary="案卷",
    response_model=CaseFile,
    response_description="案卷",
    responses={**TAGGED, **READS},
)
async def get_incident(incident_id: IncidentId, moment: Annotated[Moment, Query()], visit: Visiting) -> Response:
    """一个案件现在的样子，或它在某一版、某一时刻的样子。敏感信息以 *** 代替；居民看不到别人的话和别人的资料。"""
    lines = await lines_of(str(incident_id), moment, visit)
    if is_unchanged(lines, visit):
        return tagged(version_tag(lines))
    eyes = eyes_of(visit.asker, lines, visit.service.names)
    return tagged(version_tag(lines), case_file(lines, eyes.names, as_read(lines, eyes)).model_dump_json())


@router.get(
    "/incidents/{incident_id}/history",
    operation_id="get_incident_history",
    summary="案卷经过",
    response_model=History,
    response_description="经过",
    responses={**TAGGED, **READS},
)
async def get_incident_history(
    incident_id: IncidentId, moment: Annotated[Moment, Query()], visit: Visiting
) -> Response:
    """案卷从头到尾的每一行：谁、何时、做了什么。敏感信息以 *** 代替；居民看不到别人的话和别人的资料。"""
    lines = await lines_of(str(incident_id), moment, visit)
    if is_unchanged(lines, visit):
        return tagged(version_tag(lines))
    told = history(lines, eyes_of(visit.asker, lines, visit.service.names))
    return tagged(version_tag(lines), told.model_dump_json())


async def lines_of(case_id: str, moment: Moment, visit: Visit) -> list[RecordedEvent]:
    """The lines known at that moment. Raises `Problem` (404) if the asker may see none."""
    lines = await visit.service.casework.history(case_id)
    require_readable(lines, visit.asker, visit.service.casework.territory)
    lines = shown(lines, visit.service.casework.registers.erasures, visit.asker.role)
    known = as_known(lines, moment.as_of_version, moment.as_of)
    if not known:
        raise Problem(NOT_FOUND, "那时还没有这个案件。")
    return known


def is_unchanged(lines: list[RecordedEvent], visit: Visit) -> bool:
    """Whether the asker has it already; where something was erased or restricted, what they have may still tell it."""
    forgotten = any(line.erased for line in lines) or visit.service.casework.registers.erasures.restricted
    return not forgotten and is_known(visit.request, version_tag(lines))


def version_tag(lines: list[RecordedEvent]) -> str:
    return f'"{lines[-1].version}"'


def history(lines: list[RecordedEvent], eyes: Eyes) -> History:
    """The lines as people read them."""
    return History(
        incident_id=lines[0].case_id,
        version=lines[-1].version,
        events=tuple(history_line(line, eyes.names) for line in as_read(lines, eyes)),
    )


def history_line(line: RecordedEvent, names: Mapping[str, str]) -> HistoryLine:
    event = line.event
    return HistoryLine(
        **{field: getattr(line, field) for field in SAME},
        type=event.type,
        label=event.label,
        sentence=tell(event, names),
        actor_name=Role.SYSTEM.label if line.role is Role.SYSTEM else names.get(line.actor),
        rules=tuple(rule.id for rule in rules_of(line.command)),
        data=event.model_dump(mode="json", exclude_none=True, exclude={"type"}, warnings=False),
    )


SAME = HistoryLine.model_fields.keys() & RecordedEvent.model_fields.keys()
