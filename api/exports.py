"""All events as OCEL or XES, for auditors: a file that is made first and then sent, all of it or nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path as File
from tempfile import TemporaryDirectory
from threading import Event
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Path, Response, Security
from fastapi.responses import StreamingResponse

from api import problems
from api.door import DoorRoute, Visit, Visiting
from api.identity import SCHEME
from api.problems import FORBIDDEN, Problem
from api.tags import POSITION
from domain.casework.case_files import CaseFiles
from domain.model import Role
from domain.territory import Level
from projections.interchange.forms import Form, write
from projections.interchange.reading import Progress

router = APIRouter(prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME)], tags=["导出"])
EXPORTING = ThreadPoolExecutor(1, thread_name_prefix="export")
"""However many ask, one export is made at a time: the readers of views wait for none."""
CHUNK = 2**18
Wanted = Annotated[Form, Path(description="哪种格式", examples=[Form.XES])]
FILES = {
    Form.OCEL: ("application/json", "events.json"),
    Form.OCEL_SQLITE: ("application/vnd.sqlite3", "events.sqlite"),
    Form.XES: ("application/xml", "cases.xes"),
}
"""What each is, and by which name it is saved."""


@router.get(
    "/exports/{form}",
    operation_id="get_export",
    summary="导出全部事件",
    response_class=Response,
    responses={
        200: {
            "description": "ocel 为 JSON，ocel-sqlite 为 SQLite，xes 为 XML",
            "headers": {POSITION: {"description": "导出到的位置", "schema": {"type": "integer"}}},
            "content": {media: {"schema": {}} for media, _ in FILES.values()},
        },
        **problems.declared(*problems.READING, problems.UNKNOWN_PATH, FORBIDDEN),
    },
)
async def get_export(form: Wanted, visit: Visiting) -> Response:
    """全部事件写成别的软件能读的格式，不含居民资料，与 bidao export 所写的相同；供负责全区的审计取用。

    写完才开始发送，事件多的可能要等几分钟。
    """
    require_auditor(visit)
    files = visit.service.casework.files
    head = await visit.service.read(files.store.max_notification_id)
    visit.take_time()
    gone = Event()
    try:
        made = await asyncio.get_running_loop().run_in_executor(EXPORTING, _made, form, files, head, gone)
    except asyncio.CancelledError:
        gone.set()
        raise
    media, name = FILES[form]
    headers = {
        POSITION: str(head),
        "Content-Length": str(os.fstat(made.fileno()).st_size),
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(_chunks(made), headers=headers, media_type=media)


def require_auditor(visit: Visit) -> None:
    """Raise `Problem` (403) for whoever does not audit everything there is."""
    level = visit.service.casework.territory.level(visit.asker.scope)
    if visit.asker.role is not Role.AUDITOR or level not in (Level.DISTRICT, Level.CITY):
        raise Problem(FORBIDDEN, "导出供负责全区的审计取用。")


class NotWanted(Exception):
    """Nobody waits for the export any more."""


def _made(form: Form, files: CaseFiles, head: int, gone: Event) -> BinaryIO:
    """The whole export, open to be read, and in no folder any more: whatever happens, nothing is left of it."""

    def heard(_done: int, _whole: int) -> None:
        if gone.is_set():
            raise NotWanted

    def task(_name: str) -> Progress:
        return heard

    with TemporaryDirectory(prefix="bidao-export-") as folder:
        path = File(folder) / "export"
        write(form, files, head, path, task)
        return path.open("rb")


def _chunks(made: BinaryIO) -> Iterator[bytes]:
    with made:
        yield from iter(partial(made.read, CHUNK), b"")
