"""One case as a file that proves itself, for whoever may read the case."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response, Security

from api import problems
from api.door import DoorRoute, Visit, Visiting
from api.field_keys import keys_for
from api.identity import SCHEME
from api.incidents import IncidentId
from api.problems import FORBIDDEN, NOT_AS_SEALED, NOT_SEALED, RETRY_AFTER, Problem
from api.reading import as_read, eyes_of, require_readable
from api.tags import TAGGED, conditional, is_known, tag_headers, tagged
from domain.casework.recording import RecordedEvent
from domain.casework.redactions import shown
from domain.model import Role
from projections.transparency.bundles import Bundle
from projections.transparency.bundling import NotSealed, bundle_of
from projections.transparency.key_file import KeyFile
from projections.transparency.notes import KeyInvalid
from projections.transparency.sealing import Log

router = APIRouter(
    prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME), Depends(conditional)], tags=["案卷"]
)
MEDIA = "application/x-ndjson"
ANSWERS: dict[int | str, dict[str, Any]] = {
    **TAGGED,
    200: {**TAGGED[200], "content": {MEDIA: {"schema": {"type": "string"}}}},
    **problems.declared(*problems.READING, problems.NOT_FOUND, NOT_SEALED, NOT_AS_SEALED),
}


@router.get(
    "/incidents/{incident_id}/bundle",
    operation_id="get_incident_bundle",
    summary="案卷包",
    response_class=Response,
    response_description="案卷包 bidao/bundle/1（换过密钥的为 /2）：一行一个 JSON，先是签名，再是每一版",
    responses=ANSWERS,
)
async def get_incident_bundle(incident_id: IncidentId, visit: Visiting) -> Response:
    """整个案卷和它的证明，存成一个文件：没有服务器、没有数据库，也能核对少没少、改没改（bidao verify bundle）。

    供工作人员和审计查验；密封的内容，看得到的附有密钥，以 *** 代替的没有。最后的事件还没有封存时答 409，稍后再取。
    """
    lines = await visit.service.casework.history(str(incident_id))
    require_readable(lines, visit.asker, visit.service.casework.territory)
    if visit.asker.role is Role.RESIDENT:  # ids of other residents are not sealed
        raise Problem(FORBIDDEN, "案卷包供工作人员和审计查验；您可以看案卷和案卷经过。")
    try:
        written = (await visit.service.read(lambda: _bundle(incident_id, lines, visit))).written
    except NotSealed as no:
        raise Problem(NOT_SEALED, f"{no}请稍后再取。", {"Retry-After": RETRY_AFTER}) from None
    except KeyInvalid:
        raise Problem(NOT_SEALED, "这里没有启用封存，请联系管理员。") from None
    tag = f'"{sha256(written).hexdigest()[:32]}"'
    if is_known(visit.request, tag):
        return tagged(tag)
    file = {"Content-Disposition": f'attachment; filename="{incident_id}.jsonl"', "X-Content-Type-Options": "nosniff"}
    return Response(written, headers={**tag_headers(tag), **file}, media_type=MEDIA)


def _bundle(case: UUID, lines: list[RecordedEvent], visit: Visit) -> Bundle:
    settings, files = visit.service.settings, visit.service.casework.files
    signer = KeyFile(settings.log_key).required()
    seen = shown(lines, visit.service.casework.registers.erasures, visit.asker.role)
    keys = keys_for(files, lines, as_read(seen, eyes_of(visit.asker, seen, visit.service.names)))
    return bundle_of(case, files.store, Log(settings.log_folder, signer.verifier), signer, keys)
