"""bidao export: the events in the forms of process mining, for tools nobody here wrote; `bundles` adds single cases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.commands.enacting import Data, console, settings_with
from api.commands.plainly import said
from api.opening import open_case_files, require_case_files
from domain.casework.case_files import CaseFiles
from domain.casework.recording import UnreadableEvent
from projections.interchange import pnml, reading
from projections.interchange.forms import Form, write

exports = typer.Typer(help="导出：全部事件写成别的软件能读的格式，或一个案卷写成别人能核对的文件", no_args_is_help=True)
JSON = (".json", ".jsonocel")
SQLITE = (".sqlite", ".sqlite3", ".db")
File = Annotated[Path, typer.Argument(help="写到哪个文件；已有的不覆盖")]


@exports.command("ocel")
def export_ocel(file: File, data: Data = None) -> None:
    """OCEL 2.0：.json 写成 JSON，.sqlite 写成 SQLite；全部事件和所涉及的案件、辖区、单位、人员编号，不含居民资料。"""
    if file.suffix not in (*JSON, *SQLITE):
        said(f"不知道 {file.name} 要什么格式：文件名请以 {'、'.join((*JSON, *SQLITE))} 结尾。")
    with _store(data) as files, written(file) as path, _progress() as bar:
        head = files.store.max_notification_id()
        write(Form.OCEL if file.suffix in JSON else Form.OCEL_SQLITE, files, head, path, partial(_task, bar))
    console.print(f"已导出 {head} 条事件到 {escape(str(file))}。")


@exports.command("xes")
def export_xes(file: File, data: Data = None) -> None:
    """XES 1.0：每件案件一条轨迹，不含居民资料。"""
    with _store(data) as files, written(file) as path, _progress() as bar:
        head = files.store.max_notification_id()
        write(Form.XES, files, head, path, partial(_task, bar))
    console.print(f"已导出到第 {head} 条事件为止的案件到 {escape(str(file))}。")


@exports.command("life")
def export_life(file: File) -> None:
    """案件应有的生命周期，画成 Petri 网（PNML）：别的软件据此核对导出的案件是否依规办理。"""
    with written(file) as path, path.open("wb") as target:
        pnml.write(target)
    console.print(f"已写到 {escape(str(file))}。")


@contextmanager
def _store(data: Path | None) -> Iterator[CaseFiles]:
    settings = settings_with(data)
    require_case_files(settings)
    with closing(open_case_files(settings)) as files:
        try:
            yield files
        except UnreadableEvent as unreadable:
            said(f"有一条事件本程序不能解读（{unreadable}），没有导出：请先运行 bidao doctor。")


@contextmanager
def written(file: Path) -> Iterator[Path]:
    """A path to write to, beside the file; it gets the file's name when the block ends well, and is gone otherwise."""
    if file.exists():
        said(f"{file} 已经存在：导出不覆盖任何文件，请换一个名字。")
    if not file.parent.is_dir():
        said(f"没有目录 {file.parent}，请先建好。")
    try:
        with TemporaryDirectory(dir=file.parent, prefix=f".{file.name}-") as folder:
            path = Path(folder) / file.name
            yield path
            os.link(path, file)  # unless somebody has made one of that name meanwhile
    except OSError as trouble:
        said(f"没有写成，什么也没有留下：{trouble.strerror or trouble}。")


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        yield bar


def _task(bar: Progress, name: str) -> reading.Progress:
    task = bar.add_task(name, total=None)
    return lambda done, whole: bar.update(task, completed=done, total=whole)
