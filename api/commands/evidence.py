"""bidao verify files: whether the photographs and minutes are there as they were handed in."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer
from rich.progress import Progress

from api.commands.enacting import WRONG, Data, console, settings_with
from api.commands.plainly import plainly
from api.opening import open_case_files, require_case_files
from domain.casework.evidence_checking import check


def verify_files(
    clear: Annotated[bool, typer.Option("--clear", help="清掉没有案卷提到的文件：上传时断电留下的")] = False,
    data: Data = None,
) -> None:
    """逐份打开材料文件，与案卷里的校验值核对；缺失、改动的，报出案件和版次。依法删除的不算缺失。"""
    settings = settings_with(data)
    require_case_files(settings)
    with plainly(), closing(open_case_files(settings)) as files:
        with Progress(console=console, transient=True) as bar:
            task = bar.add_task("核对", total=None)
            found = check(files, lambda done, total: bar.update(task, completed=done, total=total))
        if clear:
            files.evidence.discard(*found.unnamed)
    console.print(f"材料文件完好的 {found.sound} 份，缺失或改动的 {len(found.lost)} 处。")
    for lost in found.lost:
        console.print(f"[red]　案件 {lost.case_id} 第 {lost.version} 版的文件缺失，或与保存时不同：请从备份取回。[/]")
    if found.unnamed:
        console.print(f"　没有案卷提到的 {len(found.unnamed)} 份{'，已清掉' if clear else '（--clear 清掉）'}。")
    if found.lost:
        raise typer.Exit(WRONG)
