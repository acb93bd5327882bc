"""The forms a whole log is exported in, each written to a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from domain.casework.case_files import CaseFiles
from domain.model import Labelled
from projections.interchange import ocel_json, ocel_sqlite, reading, xes

Tasks = Callable[[str], reading.Progress]
"""Told what is begun (a Chinese name), gives what hears how far it is."""


class Form(Labelled):
    """In which form."""

    OCEL = "ocel", "OCEL 2.0（JSON）"
    OCEL_SQLITE = "ocel-sqlite", "OCEL 2.0（SQLite）"
    XES = "xes", "XES 1.0"


def write(form: Form, files: CaseFiles, head: int, path: Path, tasks: Tasks) -> None:
    """Every event up to a position, to a new file; beside it, while it is made, there may be another.

    Raises `UnreadableEvent`.
    """
    if form is Form.XES:
        with path.open("wb") as written:
            xes.write(reading.cases(files, head, tasks("导出案件")), written)
        return
    log = path.with_name("log.sqlite") if form is Form.OCEL else path
    ocel_sqlite.write(reading.events(files, head, tasks("导出事件")), log)
    if form is Form.OCEL:
        with path.open("wb") as written:
            ocel_json.write(log, written, tasks("写成 JSON"))
