"""bidao territory: import, generate, show and redraw the territory from the command line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar
from uuid import uuid4

import typer
from pydantic import ValidationError
from rich.markup import escape

from api.clock import moment
from api.commands.enacting import NOT_FOUND, WRONG, Data, DryRun, console, with_casework
from api.demo.hecheng import hecheng
from api.invalid import body_faults
from api.registers import rehearsal
from api.sheets import faulty_rows, import_of, listed_in, unfit
from api.territory import territory_at
from domain.casework.application import Casework
from domain.casework.asking import Caller, RegisterReceipt
from domain.model import Model, Refused, Role
from domain.register import RowsRefused
from domain.registry.commands import (
    AppointStaff,
    ImportTerritory,
    JoinGrids,
    Keeping,
    NewGrid,
    Part,
    ReleaseStaff,
    RenameNode,
    SplitGrid,
)
from domain.registry.sheets import SHEETS, Sheet, SheetUnreadable, read_sheet, write_sheet
from domain.telling import local
from domain.territory import Level, Territory

M = TypeVar("M", bound=Model)
app = typer.Typer(help="辖区：导入、生成、查看、调整", no_args_is_help=True)

Since = Annotated[
    datetime | None, typer.Option("--from", parser=moment, metavar="TIME", help="生效时间；不写时区按北京时间")
]
Into = Annotated[list[str], typer.Option("--into", metavar="ID=NAME[:BUILDING,…]", help="新网格；拆分时可写多次")]


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="CSV 表格，按表头辨认，次序不限")],
    dry_run: DryRun = False,
    since: Since = None,
    data: Data = None,
) -> None:
    """导入表格：节点、单位、人员、楼栋长，可一次给齐；有一行不对就一行也不导入。"""
    sheets = [_sheet(path) for path in files]
    command = import_of(sheets).model_copy(update={"effective_from": since})
    _enact(command, data, dry_run, sheets)


@app.command()
def generate(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="写到哪个目录")],
    seed: Annotated[int, typer.Option(help="同一个数得同一套辖区")] = 1,
) -> None:
    """生成一套与鹤城区同样大小的辖区，写成四张表；名称、人名都是编的。"""
    listed = hecheng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name in SHEETS:
        rows = getattr(listed, name)
        (folder / f"{name}.csv").write_bytes(write_sheet(name, rows))
        console.print(f"{folder / name}.csv　{len(rows)}行")


@app.command()
def registry(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="写成的辖区文件，供 BIDAO_REGISTRY 用")],
    sheets: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="CSV 表格，按表头辨认，次序不限")],
) -> None:
    """把表格做成新库建册用的辖区文件；有一行不对就不写。"""
    read = [_sheet(path) for path in sheets]
    try:
        listed = listed_in(read)
    except RowsRefused as no:
        _refuse(faulty_rows(read, no))
    if any(sheet.bad for sheet in read):
        _refuse(faulty_rows(read))
    try:
        with file.open("x", encoding="utf-8") as written:
            written.write(listed.model_dump_json(indent=1, exclude_defaults=True))
    except FileExistsError:
        _refuse([f"{file} 已经存在：请换一个名字，或先把它移走。"])
    except OSError as trouble:
        _refuse([f"{file} 写不了（{trouble.strerror}）。"])
    _print_counts(listed)


@app.command()
def show(
    node: Annotated[str | None, typer.Argument(help="节点编号；不填看全区")] = None,
    at: Annotated[datetime | None, typer.Option(parser=moment, metavar="TIME", help="那一时刻的划分")] = None,
    data: Data = None,
) -> None:
    """看一个节点：路径、下级、人员、曾用名；不填则看各层级的数目和没有网格员的网格。"""
    territory = with_casework(data, lambda casework: territory_at(at, casework))
    if node is None:
        _print_counts(territory)
    elif node in territory.node:
        _print_node(node, territory)
    else:
        console.print(f"[red]没有编号为 {node} 的节点。[/]")
        raise typer.Exit(NOT_FOUND)


@app.command()
def rename(node: str, name: str, dry_run: DryRun = False, since: Since = None, data: Data = None) -> None:
    """更名：编号和代码不变，原名留存。"""
    _enact(_made(RenameNode, node=node, new_name=name, effective_from=since), data, dry_run)


@app.command()
def split(grid: str, into: Into, dry_run: DryRun = False, since: Since = None, data: Data = None) -> None:
    """拆分网格：没有写明的楼栋归社区、网格待定，原有人员随第一个新网格。"""
    parts = tuple(_part(written) for written in into)
    _enact(_made(SplitGrid, grid=grid, into=parts, effective_from=since), data, dry_run)


@app.command()
def join(grids: list[str], into: Into, dry_run: DryRun = False, since: Since = None, data: Data = None) -> None:
    """合并同一社区的网格：楼栋和人员都随之划入。"""
    if len(into) != 1 or ":" in into[0]:
        raise typer.BadParameter("合并只有一个新网格，写成 ID=NAME", param_hint="--into")
    part = _part(into[0])
    grid = NewGrid(id=part.id, name=part.name)
    _enact(_made(JoinGrids, grids=tuple(grids), into=grid, effective_from=since), data, dry_run)


@app.command()
def appoint(  # noqa: PLR0913, PLR0917 - one for each word of the command line
    staff: str,
    name: str,
    role: Role,
    scope: str,
    unit: Annotated[str | None, typer.Option(help="所在单位")] = None,
    dry_run: DryRun = False,
    since: Since = None,
    data: Data = None,
) -> None:
    """任职：新任、调任、复任。"""
    said = {"staff": staff, "staff_name": name, "role": role, "scope": scope, "unit": unit}
    _enact(_made(AppointStaff, **said, effective_from=since), data, dry_run)


@app.command()
def release(
    staff: str,
    successor: Annotated[str | None, typer.Option(help="接手人")] = None,
    dry_run: DryRun = False,
    since: Since = None,
    data: Data = None,
) -> None:
    """离岗：写明接手人的，经办中的案件移交给接手人。"""
    _enact(_made(ReleaseStaff, staff=staff, successor=successor, effective_from=since), data, dry_run)


def _sheet(path: Path) -> Sheet:
    try:
        return read_sheet(path.read_bytes())
    except SheetUnreadable as unreadable:
        _refuse([f"{path.name}：{unreadable}"])


def _refuse(sentences: Iterable[str]) -> NoReturn:
    for sentence in sentences:
        console.print(f"[red]{escape(sentence)}[/]")
    raise typer.Exit(WRONG)


def _part(written: str) -> Part:
    """`ID=NAME` and, after a colon, the buildings."""
    id, _, rest = written.partition("=")
    name, _, buildings = rest.partition(":")
    return _made(Part, id=id, name=name, buildings=tuple(filter(None, buildings.split(","))))


def _made(kind: type[M], **said: object) -> M:
    """The command as said on the command line."""
    try:
        return kind.model_validate(said)
    except ValidationError as wrong:
        return _refuse(f"{fault.pointer}　{fault.detail}" for fault in body_faults(wrong.errors(include_url=False)))


def _enact(command: Keeping, data: Path | None, dry_run: bool, sheets: Sequence[Sheet] = ()) -> None:
    """Ask for it in the operator's name; a refusal is said, row by row for sheets, and ends the program."""
    caller = Caller(client="cli", key=str(uuid4()), actor="operator", role=Role.ADMIN, channel="cli")

    async def work(casework: Casework) -> None:
        if any(sheet.bad for sheet in sheets) and isinstance(command, ImportTerritory):
            _refuse(faulty_rows(sheets, await unfit(command, casework, caller)))
        receipt = await casework.enact(command, caller, dry_run=dry_run)
        if dry_run:
            _print_changes(receipt, casework.territory.names)
        else:
            console.print(f"已登记，第 {receipt.version} 版" if receipt.changed else "本来就是这样，没有新增记录")

    try:
        with_casework(data, work)
    except RowsRefused as no:
        _refuse(faulty_rows(sheets, no))
    except Refused as no:
        _refuse([f"{no.sentence}（规则 {no.rule.id}）"])


def _print_changes(receipt: RegisterReceipt, names: Mapping[str, str]) -> None:
    """What a dry run would write: how much of what, and the first of it in words."""
    counted = Counter(event.label for event in receipt.events)
    console.print("　".join(f"{label}{count}" for label, count in counted.items()) or "没有变化。")
    told = rehearsal(receipt, names)
    for sentence in told.would:
        console.print(escape(sentence))
    if told.count > len(told.would):
        console.print(f"……共{told.count}条")


def _print_counts(territory: Territory) -> None:
    counted = Counter(node.level for node in territory.nodes if not node.closed)
    console.print("　".join(f"{level.label}{counted[level]}" for level in reversed(Level)))
    officers = sum(len(territory.officers(node.id)) for node in territory.nodes)
    console.print(f"网格员{officers}　楼栋长{len(territory.heads)}　单位{len(territory.units)}")
    for grid in territory.uncovered:
        console.print(f"[red]没有网格员：{escape(grid.name)}（{grid.id}）[/]")


def _print_node(id: str, territory: Territory) -> None:
    path = list(territory.path(id))
    node = path[0]
    console.print(" › ".join(escape(found.name) for found in reversed(path)) + ("（已撤销）" if node.closed else ""))
    console.print(f"{node.level.label}　代码{node.code or '无'}　{node.households}户{'　农村' if node.rural else ''}")
    for former in (*node.former_names, *node.former_codes):
        console.print(f"　曾用 {escape(former.value)}，至{local(former.until)}")
    for successor in node.successors:
        console.print(f"　改设 {escape(territory.names.get(successor, successor))}（{successor}）")
    for post in territory.posts.get(id, ()):
        console.print(f"　{post.role.label}　{escape(post.name)}（{post.id}）")
    for child in territory.children.get(id, ()):
        console.print(f"　{child.level.label}　{escape(child.name)}（{child.id}）")
