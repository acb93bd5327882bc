"""Commands on incidents. The body is the command; the rule is in the command; here is only who, which and what."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Path, Response, Security

from api import problems
from api.door import DoorRoute, Visit, Visiting
from api.identity import SCHEME
from api.offering import ReportReceipt, offered
from api.proving import ProvenReceipt, proven
from api.reading import require_concerned
from domain.casework.asking import Caller, Receipt
from domain.incident import commands
from domain.incident.commands import OnCase, PairedStep, Report, Step
from domain.model import Command, Role

CHAPTERS: dict[str, tuple[type[OnCase], ...]] = {
    "登记与立案": commands.INTAKE,
    "派遣与处置": (*commands.HANDLING, commands.AddEvidence),
    "协调、上报、督办": commands.COORDINATION,
    "申请与审批": commands.REQUESTS,
    "钱款": commands.MONEY,
    "办结、核查、回访、归档": commands.CLOSING,
    "重复件": commands.DUPLICATES,
    "依法删除": (commands.RedactText,),
    "时限与值守": commands.UPKEEP,
}
VERSIONED = frozenset({"withdraw", "merge", "unmerge", "dispatch", "escalate", "close", "reopen", "archive"})
"""Commands that, like every grant, are decided on what somebody has read: they name the version they read."""

router = APIRouter(prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME)])

IncidentId = Annotated[UUID, Path(description="案件编号")]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r'^[!-~]{1,128}$|^"[!-~]{1,128}"$',
        description="幂等键：每件事一个新键，重发同一件事用原键；建议 UUIDv7。1–128 个可见 ASCII 字符，可加引号",
        examples=["officer-ge-20260302-0001"],
    ),
]
IfMatch = Annotated[
    str, Header(alias="If-Match", description="您看到的案件版本，即上次答复的 ETag；* 表示不论版本", examples=['"3"'])
]
TAG = re.compile(r'(?:W/)?"?([0-9]{1,9})"?')
"""A version as we write it. A proxy may have made it weak, a person may have forgotten the quotes."""

ETAG = {
    "ETag": {"description": "案件现在的版本", "required": True, "schema": {"type": "string", "pattern": '^"[0-9]+"$'}}
}
LOCATION = {"Location": {"description": "案卷的地址", "required": True, "schema": {"type": "string"}}}


def key_of(written: str) -> str:
    """The key itself; it may come quoted, as RFC 8941 writes strings."""
    if len(written) > 2 and written[0] == written[-1] == '"':
        return re.sub(r'\\(["\\])', r"\1", written[1:-1])
    return written


def version_of(if_match: str | None) -> int | None:
    """The version named, None for any; of several the highest, since versions only grow; 0 for a tag not ours."""
    if if_match is None or if_match.strip() == "*":
        return None
    tags = (TAG.fullmatch(tag.strip()) for tag in if_match.split(","))
    return max((int(tag[1]) for tag in tags if tag), default=0)


def caller_of(visit: Visit, key: str) -> Caller:
    """Who asks, for casework. A key belongs to its actor; the request's id ties the events to the log."""
    asker = visit.asker
    return Caller(
        client=asker.actor,
        key=key_of(key),
        actor=asker.actor,
        role=asker.role,
        scope=asker.scope,
        unit=asker.unit,
        correlation=visit.request.state.request_id,
    )


def answered(receipt: Receipt, told: bytes, visit: Visit, status: int = 200) -> Response:
    """The receipt as it is told, with the version as its tag."""
    visit.request.state.outcome = "changed" if receipt.changed else "unchanged"
    headers = {"ETag": f'"{receipt.version}"'}
    if status == 201:
        headers["Location"] = f"/api/v1/incidents/{receipt.incident_id}"
    return Response(told, status, headers, "application/json")


async def report_incident(command: Report, key: Key, visit: Visiting) -> Response:
    receipt = await visit.service.casework.report(command, caller_of(visit, key))
    alike = await offered(visit.service, receipt, command, visit.asker)
    items = [one.model_dump(mode="json") for one in alike]
    return answered(receipt, await proven(visit.service, receipt, alike=items), visit, 201)


def asking(kind: type[OnCase]) -> Callable[..., Awaitable[Response]]:
    """The endpoint of one command on a case."""

    async def ask(
        incident_id: IncidentId,
        command: Step | PairedStep,
        key: Key,
        visit: Visiting,
        if_match: IfMatch,
    ) -> Response:
        if visit.asker.role is Role.RESIDENT:  # of a case they may not read they learn nothing by asking
            lines = await visit.service.casework.history(str(incident_id))
            require_concerned(lines, visit.asker)
        caller, version = caller_of(visit, key), version_of(if_match)
        receipt = await visit.service.casework.act(str(incident_id), command, caller, if_match=version)
        return answered(receipt, await proven(visit.service, receipt), visit)

    ask.__annotations__["command"] = kind
    if not needs_version(kind):
        ask.__defaults__ = (None,)  # If-Match may be left out
    return ask


def needs_version(kind: type[OnCase]) -> bool:
    return kind.name in VERSIONED or kind.name.startswith("grant-")


def operation_id(kind: type[Command]) -> str:
    """A name that reads well as a method of a client: `accept_incident`, `hand_over`."""
    return kind.name.replace("-", "_") if "-" in kind.name else f"{kind.name}_incident"


def described(kind: type[Command], chapter: str) -> dict[str, Any]:
    """What OpenAPI says of a command, all of it said by the command itself."""
    return {
        "name": kind.name,
        "operation_id": operation_id(kind),
        "summary": kind.label,
        "description": kind.__doc__,
        "tags": [chapter],
        "response_model": ProvenReceipt,
    }


ANSWERS = (
    problems.KEY_REQUIRED,
    problems.MALFORMED,
    problems.UNIDENTIFIED,
    problems.LOOPBACK_ONLY,
    problems.REFUSED,
    problems.TOO_SLOW,
    problems.TOO_LARGE,
    problems.WRONG_MEDIA,
    problems.INVALID,
    problems.KEY_REUSED,
    problems.UNEXPECTED,
    problems.STORE_DOWN,
)
ON_CASE = (*ANSWERS, problems.NOT_FOUND, problems.VERSION_STALE)

router.add_api_route(
    "/incidents",
    report_incident,
    methods=["POST"],
    status_code=201,
    response_description="回执：案件编号、版本、统计须追到的位置，以及可以事后核对的叶子哈希和签名",
    responses={201: {"headers": {**ETAG, **LOCATION}}, **problems.declared(*ANSWERS, problems.KEY_STALE)},
    **{**described(Report, next(iter(CHAPTERS))), "response_model": ReportReceipt},
)
for chapter, kinds in CHAPTERS.items():
    for kind in kinds:
        needed = (problems.IF_MATCH_REQUIRED,) if needs_version(kind) else ()
        router.add_api_route(
            f"/incidents/{{incident_id}}/{kind.name}",
            asking(kind),
            methods=["POST"],
            response_description="回执；`changed` 为 false 表示案件本来就是这样，没有新增记录",
            responses={200: {"headers": ETAG}, **problems.declared(*ON_CASE, *needed)},
            **described(kind, chapter),
        )
