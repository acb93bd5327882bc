"""What the command line does with a command on a register: ask it, or rehearse it, and say what came of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from api.invalid import body_faults
from api.opening import open_case_files, open_casework
from api.registers import rehearsal
from api.settings import Settings
from domain.casework.application import Casework
from domain.casework.asking import Caller, RegisterReceipt
from domain.model import Model, Refused, Role
from domain.register import RegisterCommand, RowsRefused

WRONG, NOT_FOUND = 1, 3
"""Exit codes."""
T = TypeVar("T")
M = TypeVar("M", bound=Model)
Data = Annotated[Path | None, typer.Option("--data", help="数据目录；不填取 BIDAO_DATA")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="要导入的文件")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="只看会有什么变化，不登记任何内容")]
console = Console(highlight=False, soft_wrap=True)
Afterwards = Callable[[Casework, RegisterReceipt], Awaitable[None]]
"""What else there is to say of a dry run."""


def settings_with(data: Path | None) -> Settings:
    return Settings() if data is None else Settings(data=data)


def with_casework(data: Path | None, work: Callable[[Casework], Awaitable[T]]) -> T:
    """Open the store, work, close it again."""
    settings = settings_with(data)

    async def opened() -> T:
        casework = open_casework(settings, open_case_files(settings))
        try:
            return await work(casework)
        finally:
            await casework.aclose()

    return asyncio.run(opened())


def read_json(file: Path, model: type[M]) -> M:
    """The file as that model; what is wrong with it is said item by item, and ends the program."""
    try:
        return model.model_validate_json(file.read_bytes(), strict=True)
    except ValidationError as wrong:
        faults = wrong.errors(include_url=False, include_input=False)
        if faults[0]["type"] == "json_invalid":
            console.print(f"[red]{file.name} 不是 UTF-8 编码的 JSON 文件[/]")
            raise typer.Exit(WRONG) from None
        for fault in body_faults(faults):
            console.print(f"[red]{fault.pointer or ''}　{fault.detail}[/]")
        raise typer.Exit(WRONG) from None


def enact(
    data: Path | None,
    file: Path,
    command: RegisterCommand,
    *,
    dry_run: bool,
    afterwards: Afterwards | None = None,
    rows: Sequence[int] = (),
) -> None:
    """Ask for it in the operator's name. The same file gives the same key: imported again, nothing is new.

    `rows` tells where in the file each item of the command stood.
    """
    key = f"import-{hashlib.sha256(file.read_bytes()).hexdigest()[:40]}"
    caller = Caller(client="cli", key=key, actor="operator", role=Role.ADMIN, channel="cli")

    async def work(casework: Casework) -> None:
        receipt = await casework.enact(command, caller, dry_run=dry_run)
        if not dry_run:
            console.print(f"已登记，第 {receipt.version} 版" if receipt.changed else "本来就是这样，没有新增记录")
            return
        told = rehearsal(receipt, casework.territory.names)
        console.print(f"试算：会登记 {told.count} 条" if told.changed else "试算：没有变化")
        for sentence in told.would:
            console.print(f"　{sentence}")
        if afterwards is not None:
            await afterwards(casework, receipt)

    try:
        with_casework(data, work)
    except RowsRefused as no:
        for fault in no.faults:
            console.print(f"[red]第{rows[fault.row]}行：{escape(fault.sentence)}[/]（规则 {fault.rule}）")
        raise typer.Exit(WRONG) from None
    except Refused as no:
        console.print(f"[red]{no.sentence}[/]（规则 {no.rule.id}）")
        raise typer.Exit(WRONG) from None
