"""材料文件: photographs and minutes handed in and given out; nowhere else do they leave the house."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response, Security
from pydantic import Field, ValidationError

from api import problems
from api.accesses import PRIVATE
from api.door import UploadRoute, Visit, Visiting
from api.identity import SCHEME
from api.incidents import ETAG, ON_CASE, IncidentId, Key, answered, caller_of
from api.invalid import Fault, body_faults
from api.logs import logger
from api.photographs import EXTENSIONS, JPEG, PDF, Unfit, examined, tells_where
from api.problems import FORBIDDEN, NOT_AS_SEALED, NOT_FOUND, STORE_DOWN, Problem, invalid
from api.proving import ProvenReceipt, proven
from api.reading import as_read, eyes_of, require_concerned, require_readable
from api.uploads import FORM, uploaded
from domain.access import Reveal
from domain.act import KeptFile
from domain.casework.asking import KeyReused, NotFound, Receipt, VersionStale
from domain.casework.evidence_files import FileLost
from domain.casework.recording import RecordedEvent
from domain.casework.redactions import shown
from domain.incident.commands import AddEvidence
from domain.incident.events import EvidenceAdded
from domain.model import Refused, Role

TAG = "材料文件"
FILE, TEXTS = "file", frozenset({"caption", "occurred_at", "digest"})
GONE = "这一步没有可以看的文件：没有上传过，或已依法删除、限制使用，或不是您看得到的。"
BUSY = "10"
"""Seconds after which to try again."""
log = logger("bidao.evidence")
router = APIRouter(prefix="/api/v1", route_class=UploadRoute, dependencies=[Security(SCHEME)], tags=[TAG])
Version = Annotated[int, Path(ge=1, le=999_999_999, description="材料是案卷第几版补充的")]


class EvidenceReceipt(ProvenReceipt):
    """补充材料的回执，和看出来的文件类型、大小（字节）、SHA-256。"""

    digest: str
    media_type: str
    size: int
    positioned: bool = Field(description="照片里有没有拍摄位置；有的，已密封，查阅须写明用途")


@router.post(
    "/incidents/{incident_id}/evidence",
    operation_id="upload_evidence",
    summary="上传材料",
    response_model=EvidenceReceipt,
    response_description="回执",
    responses={200: {"headers": ETAG}, **problems.declared(*ON_CASE)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                FORM: {
                    "schema": {
                        "type": "object",
                        "required": [FILE],
                        "properties": {
                            FILE: {"type": "string", "format": "binary", "description": "照片或 PDF"},
                            "caption": {"type": "string", "maxLength": 2000, "description": "说明"},
                            "occurred_at": {"type": "string", "format": "date-time", "description": "实际办理时间"},
                            "digest": {"type": "string", "description": "文件的 SHA-256，核对有没有传坏；可不填"},
                        },
                    }
                }
            },
        }
    },
)
async def upload_evidence(incident_id: IncidentId, key: Key, visit: Visiting) -> Response:
    """上传一张照片（JPEG、PNG、WebP）或一份 PDF，作为案件的材料；类型看内容，不看文件名。

    文件加密存放，校验值记入案卷。照片另存一份供查看，不含拍摄位置等信息；拍摄位置属敏感信息，密封在案卷里。
    """
    case_id, service = str(incident_id), visit.service
    if visit.asker.role is Role.RESIDENT:
        require_concerned(await service.casework.history(case_id), visit.asker)
    if not service.uploads.room:
        raise Problem(STORE_DOWN, "同时上传的人太多，请稍后用同一个幂等键重试。", {"Retry-After": BUSY})
    with service.uploads.one():
        content, texts = await uploaded(visit.request, FILE, service.settings.evidence_limit, TEXTS)
        visit.take_time()
        command, kept = await _taken_in(content, texts, visit)
    receipt = await _added(case_id, command, kept, visit, key)
    told = command.model_dump(include={"digest", "media_type", "size"})
    return answered(receipt, await proven(service, receipt, **told, positioned=kept.position is not None), visit)


async def _taken_in(content: bytes, texts: dict[str, str], visit: Visit) -> tuple[AddEvidence, KeptFile]:
    """What is asked, and the file, which is kept. Raises `Problem`."""
    async with visit.service.uploads.looking:
        try:
            found = await asyncio.to_thread(examined, content)
        except Unfit as no:
            raise invalid([Fault(detail=str(no), pointer=f"#/{FILE}")]) from None
    command = _command(content, found.media_type, texts)
    try:
        sealed = await asyncio.to_thread(visit.service.casework.files.evidence.keep, content, found.rendition)
    except OSError:
        log.error("evidence cannot be kept", exc_info=True)
        raise Problem(STORE_DOWN, headers={"Retry-After": BUSY}) from None
    return command, KeptFile(sealed.original, sealed.rendition, sealed.key, found.position)


def _command(content: bytes, media_type: str, texts: dict[str, str]) -> AddEvidence:
    """The command that the form asks for. Raises `Problem`."""
    digest = sha256(content).hexdigest()
    if texts.pop("digest", digest) != digest:
        raise invalid([Fault(detail="文件与所说的 SHA-256 不符，多半是没有传完，请重新上传。", pointer="#/digest")])
    try:
        return AddEvidence.model_validate(
            {"digest": digest, "media_type": media_type, "size": len(content), **texts}, strict=True
        )
    except ValidationError as error:
        raise invalid(body_faults(error.errors(include_url=False, include_input=False))) from None


async def _added(case_id: str, command: AddEvidence, kept: KeptFile, visit: Visit, key: str) -> Receipt:
    """Ask it. Where nothing came of it, or it was sent again, what was kept for it goes away again."""
    casework = visit.service.casework
    try:
        receipt = await casework.act(case_id, command, caller_of(visit, key), kept=kept)
        event = (await casework.history(case_id))[receipt.version - 1].event
        if not isinstance(event, EvidenceAdded) or event.original is None:  # it only registered a file kept elsewhere
            raise KeyReused(key)
    except (Refused, VersionStale, KeyReused, NotFound):
        await asyncio.to_thread(casework.files.evidence.discard, kept.original, kept.rendition)
        raise
    if event.original != kept.original:
        await asyncio.to_thread(casework.files.evidence.discard, kept.original, kept.rendition)
    return receipt


GIVEN: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in EXTENSIONS}}
}


@router.get(
    "/incidents/{incident_id}/evidence/{evidence_version}",
    operation_id="get_evidence",
    summary="查看材料",
    response_class=Response,
    response_description="照片供查看的一份（JPEG，不含拍摄位置），或 PDF 原件",
    responses={**GIVEN, **problems.declared(*problems.READING, FORBIDDEN, NOT_FOUND, NOT_AS_SEALED)},
)
async def get_evidence(incident_id: IncidentId, evidence_version: Version, visit: Visiting) -> Response:
    """案卷某一版补充的照片或 PDF。居民只看得到自己补充的。照片的原件里有拍摄位置，取用须写明用途（original）。"""
    lines = await visit.service.casework.history(str(incident_id))
    require_readable(lines, visit.asker, visit.service.casework.territory)
    event = _file_at(lines, evidence_version, visit)
    if event.rendition:
        return await _given(event, event.rendition, JPEG, visit, recorded=False)
    return await _given(event, event.original, event.media_type, visit, recorded=False)


@router.post(
    "/incidents/{incident_id}/evidence/{evidence_version}/original",
    operation_id="get_original_evidence",
    summary="取用材料原件",
    response_class=Response,
    response_description="原件，与上传时一个字节不差",
    responses={**GIVEN, **problems.declared(*ON_CASE, NOT_AS_SEALED)},
)
async def get_original_evidence(
    incident_id: IncidentId, evidence_version: Version, command: Reveal, key: Key, visit: Visiting
) -> Response:
    """写明用途，先留痕、后给出原件：可能含拍摄位置、设备编号。谁取过、为什么取，审计和本人都查得到。"""
    casework = visit.service.casework
    lines = await casework.history(str(incident_id))
    require_readable(lines, visit.asker, casework.territory)
    event = _file_at(lines, evidence_version, visit)
    await casework.accesses.reveal(str(incident_id), command, caller_of(visit, key), file=evidence_version)
    return await _given(event, event.original, event.media_type, visit, recorded=True)


def _file_at(lines: Sequence[RecordedEvent], version: int, visit: Visit) -> EvidenceAdded:
    """The event whose file somebody may see. Raises `Problem` (404) where there is none."""
    usable = shown(lines, visit.service.casework.registers.erasures, visit.asker.role)
    seen = as_read(usable, eyes_of(visit.asker, usable, visit.service.names))
    for line, read in zip(usable, seen, strict=True):
        if line.version == version and isinstance(line.event, EvidenceAdded) and getattr(read.event, "file", None):
            return line.event
    raise Problem(NOT_FOUND, GONE)


async def _given(
    event: EvidenceAdded, address: str | None, media_type: str, visit: Visit, *, recorded: bool
) -> Response:
    """A file as it was kept. Raises `Problem`: lost, or (403) it tells more than may be told without a record."""
    evidence = visit.service.casework.files.evidence
    try:
        content = await asyncio.to_thread(evidence.opened, address or "", event.file or "")
    except FileLost:
        log.error("evidence is lost", address=address)
        raise Problem(NOT_AS_SEALED, "文件缺失，或与保存时不同，请联系管理员用 bidao verify files 核对。") from None
    if media_type == PDF and not recorded and tells_where(content):
        raise Problem(FORBIDDEN, "这份 PDF 里的照片带有拍摄信息，取用须写明用途（original）。")
    name = f'inline; filename="{event.digest[:16]}.{EXTENSIONS[media_type]}"'
    safe = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
    return Response(content, headers={**PRIVATE, **safe, "Content-Disposition": name}, media_type=media_type)
