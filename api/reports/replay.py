"""Replaying one case for inspectors: step by step, as known then or as corrected since, as JSON and printed."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, Security
from pydantic import Field

from api import problems
from api.case_files import Moment, lines_of
from api.door import DoorRoute, Visit, Visiting
from api.identity import SCHEME
from api.incidents import IncidentId
from api.problems import FORBIDDEN, Problem
from api.reading import as_read, eyes_of
from api.reports.page import POLICY, TEMPLATES
from api.tags import TAGGED, conditional, is_known, tag_headers, tagged
from domain.casework.case_file import CaseFile, case_file
from domain.casework.case_replay import Reading, Replay, replayed
from domain.casework.recording import RecordedEvent
from domain.model import Role
from domain.telling import local
from projections.transparency.case_proof import CaseProof, case_proof
from projections.transparency.notes import KeyInvalid, NoteInvalid
from projections.transparency.sealing import log_in

router = APIRouter(
    prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME), Depends(conditional)], tags=["案卷"]
)
NOT_SEALED = "这里还没有封存，无从证明。"
FOR_STAFF = "案卷重演供工作人员和审计查验；您可以看案卷和案卷经过。"


class ReplayAsked(Moment):
    """怎样读，读到哪一步。"""

    reading: Reading = Field(
        default=Reading.KNOWN, alias="as", description="known：当时所知；corrected：后来更正的，照更正后的读"
    )


class ProvedReplay(Replay):
    """案卷重演，和它的证明。"""

    proof: CaseProof | None
    unproved: str = Field(description="没有证明的，说明为什么")


Asked = Annotated[ReplayAsked, Query()]
ANSWERS = problems.declared(*problems.READING, problems.NOT_FOUND, FORBIDDEN)


@router.get(
    "/incidents/{incident_id}/replay",
    operation_id="get_incident_replay",
    summary="案卷重演",
    response_model=ProvedReplay,
    response_description="一步一步：改动了什么、依据哪条规则、当时各个时钟",
    responses={**TAGGED, **ANSWERS},
)
async def get_incident_replay(incident_id: IncidentId, asked: Asked, visit: Visiting) -> Response:
    """从第一步读到最后一步：谁、何时办的、何时记的、改动了哪几项、依据哪条规则、当时哪些时钟在走。

    `as=known` 是当时所知；`as=corrected` 把后来更正的、补登的照更正以后的读，写明是第几步更正的。供工作人员和审计查验。
    """
    told = (await _replay(incident_id, asked, visit))[0].model_dump_json()
    tag = _tag(told)
    return tagged(tag) if is_known(visit.request, tag) else tagged(tag, told)


@router.get(
    "/incidents/{incident_id}/replay.html",
    operation_id="get_incident_replay_page",
    summary="案卷重演（可打印的网页）",
    response_class=Response,
    response_description="A4 竖排，一个文件，不用脚本，不取外面的任何东西",
    responses={
        **TAGGED,
        200: {**TAGGED[200], "content": {"text/html": {"schema": {"type": "string"}}}},
        **ANSWERS,
    },
)
async def get_incident_replay_page(incident_id: IncidentId, asked: Asked, visit: Visiting) -> Response:
    """同一份重演，印在纸上，末尾是证明：各步的叶子、检查点的指纹，可与 bidao verify 所报的逐组核对。"""
    replay, file = await _replay(incident_id, asked, visit)
    page = as_page(replay, file)
    tag = _tag(page)
    if is_known(visit.request, tag):
        return tagged(tag)
    headers = {**tag_headers(tag), "X-Content-Type-Options": "nosniff", "Content-Security-Policy": POLICY}
    return Response(page, headers=headers, media_type="text/html")


async def _replay(incident_id: UUID, asked: ReplayAsked, visit: Visit) -> tuple[ProvedReplay, CaseFile]:
    lines = await lines_of(str(incident_id), asked, visit)
    if visit.asker.role is Role.RESIDENT:  # what a step changed says more than its words do
        raise Problem(FORBIDDEN, FOR_STAFF)
    eyes = eyes_of(visit.asker, lines, visit.service.names)
    seen = as_read(lines, eyes)
    found = replayed(lines, visit.service.casework.clocks, eyes.names, asked.reading, seen)
    proof, why = await visit.service.read(lambda: _proof(incident_id, lines, visit))
    return ProvedReplay(**dict(found), proof=proof, unproved=why), case_file(lines, eyes.names, seen)


def _proof(case: UUID, lines: list[RecordedEvent], visit: Visit) -> tuple[CaseProof | None, str]:
    """What is sealed of these lines; or why nothing can be said."""
    try:
        log = log_in(visit.service.settings.log_folder)
        proof = case_proof(case, visit.service.casework.files.store, log, lines[-1].position) if log else None
    except (KeyInvalid, NoteInvalid) as no:
        return None, f"{no}请用 bidao verify log 核对。"
    return proof, "" if proof else NOT_SEALED


def _tag(told: str) -> str:
    return f'"{sha256(told.encode()).hexdigest()[:32]}"'


def as_page(replay: ProvedReplay, file: CaseFile) -> str:
    """The page to be printed; `file` is the case file as of its last step."""
    leaves = {leaf.version: leaf for leaf in replay.proof.leaves} if replay.proof else {}
    return TEMPLATES.get_template("replay.html").render(replay=replay, file=file, leaves=leaves, local=local)
