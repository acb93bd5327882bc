"""bidao verify files: whether the photographs and minutes are there as they were handed in."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress

from api.commands.enacting import WRONG, Data, console, settings_with
from api.commands.plainly import plainly
from api.opening import open_case_files, require_case_files
from domain.casework.evidence_checking import Found, check


def verify_files(
    clear: Annotated[bool, typer.Option("--clear", help="清掉上传中断留下、没有案卷提到的文件")] = False,
    data: Data = None,
) -> None:
    """逐份打开材料文件，与案卷里的校验值核对；缺失、改动的，报出案件和版次。依法删除的不算缺失。"""
    settings = settings_with(data)
    require_case_files(settings)
    with plainly(), closing(open_case_files(settings)) as files:
        with Progress(console=console, transient=True) as bar:
            task = bar.add_task("核对", total=None)
            found = check(files, lambda done, total: bar.update(task, completed=done, total=total))
        if clear and not found.foreign:
            files.evidence.discard(*found.unnamed, *found.unfinished)
    console.print(f"材料文件完好的 {found.sound} 份，缺失或改动的 {len(found.lost)} 处。")
    for lost in found.lost:
        console.print(f"[red]　案件 {lost.case_id} 第 {lost.version} 版的文件缺失，或与保存时不同：请从备份取回。[/]")
    if strays := len(found.unnamed) + len(found.unfinished):
        console.print(f"　没有案卷提到的 {strays} 份{_outcome(found, clear=clear)}。")
    if found.foreign:
        whose = f"没有案卷提到的比提到的还多，多半是别的库也用 {settings.evidence_folder}，不能清掉"
        console.print(f"[red]　{escape(whose)}：请核对 BIDAO_EVIDENCE；确是本库留下的，请自行移走。[/]")
    if found.lost or (clear and found.foreign):
        raise typer.Exit(WRONG)


def _outcome(found: Found, *, clear: bool) -> str:
    if found.foreign:
        return "，没有清掉" if clear else ""
    return "，已清掉" if clear else "（--clear 清掉）"
