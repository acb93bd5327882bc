"""bidao households: put households on the roll, and list those to be visited every month, from a sheet."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import typer
from rich.markup import escape

from api.commands.enacting import WRONG, Data, DryRun, File, console, with_casework
from api.commands.rows import rows_in
from domain.casework.application import Casework
from domain.casework.asking import Caller, StoreUnavailable
from domain.casework.rolls import AnyCommand
from domain.household import EnrolHousehold, Group, ListMustVisit
from domain.model import Code, Model, Refused, Role
from domain.rolls import EntryId

COLUMNS = {"编号": "household", "网格": "grid", "楼栋": "building", "必访": "groups"}
"""What a column may also be called."""
GROUPS = {group.label: group.value for group in Group}
AT_ONCE = 64
"""Rows asked at the same time: they share commits."""
app = typer.Typer(help="住户名册：登记住户和必访户", no_args_is_help=True)


class HouseholdRow(Model):
    """One row: an id that says nothing about anybody, where they live, and why they are to be visited, if they are."""

    household: EntryId
    grid: Code
    building: Code | None = None
    groups: tuple[Group, ...] = ()


Refusals = dict[int, str]
"""What was said no to, by row."""


@app.command("import")
def import_households(file: File, dry_run: DryRun = False, data: Data = None) -> None:
    """登记住户（CSV：编号、网格，可有楼栋、必访）；必访写几类都可以，用顿号隔开。有一户不能登记，即一户也不登记。"""
    rows = households_in(file)

    async def work(casework: Casework) -> tuple[int, Refusals]:
        changed, refused = await _each(rows, lambda row: _rehearsed(casework, row))
        refused |= dict.fromkeys(_again(rows), "这个编号前面已经有一行")
        if dry_run or refused:
            return changed, refused
        return await _each(rows, lambda row: _asked(casework, row))

    try:
        changed, refused = with_casework(data, work)
    except StoreUnavailable:
        console.print("[red]案卷库没有应答，可能只登记了一部分：稍后再导入一次，已登记的不会重复。[/]")
        raise typer.Exit(WRONG) from None
    for number, said in sorted(refused.items()):
        console.print(f"[red]第{number}行：{escape(said)}[/]")
    if refused:
        console.print("[red]没有登记任何住户。[/]")
        raise typer.Exit(WRONG)
    told = "试算：会有变化的" if dry_run else "有变化的"
    console.print(f"{told} {changed} 户，本来就是这样的 {len(rows) - changed} 户")


def households_in(file: Path) -> dict[int, HouseholdRow]:
    """The households of a sheet by row; see `rows_in`."""
    wrong = f"不是一户：应有 household、grid，必访写{'、'.join(GROUPS)}或其代码"
    return rows_in(file, COLUMNS, _row, wrong, "没有登记任何住户。")


def _row(cells: dict[str, str]) -> HouseholdRow:
    """Raises `ValueError`, as pydantic's own."""
    groups = [group.strip() for group in re.split("[、,;；，]", cells.pop("groups", ""))]
    named = {name: value for name, value in cells.items() if value}
    return HouseholdRow.model_validate({**named, "groups": [GROUPS.get(group, group) for group in groups if group]})


def _again(rows: Mapping[int, HouseholdRow]) -> Iterator[int]:
    """The rows whose household has one already."""
    seen = set()
    for number, row in rows.items():
        if row.household in seen:
            yield number
        seen.add(row.household)


async def _each(
    rows: Mapping[int, HouseholdRow], ask: Callable[[HouseholdRow], Awaitable[bool]]
) -> tuple[int, Refusals]:
    """Ask for every row, several at a time: how many change something, and what is refused.

    Raises the first of whatever else goes wrong.
    """
    changed, refused = list[int](), Refusals()
    waiting = iter(rows.items())

    async def work() -> None:
        for number, row in waiting:
            try:
                if await ask(row):
                    changed.append(number)
            except Refused as no:
                refused[number] = f"{no.sentence}（规则 {no.rule.id}）"

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    return len(changed), refused


async def _rehearsed(casework: Casework, row: HouseholdRow) -> bool:
    """Whether anything would change. Of a household that is not on the roll yet nothing else is asked."""
    enrol, *more = _commands(row)
    if await casework.rolls.rehearse(row.household, enrol, _operator()):
        return True
    return any([await casework.rolls.rehearse(row.household, command, _operator()) for command in more])


async def _asked(casework: Casework, row: HouseholdRow) -> bool:
    """Whether anything changed."""
    receipts = [await casework.rolls.ask(row.household, command, _operator()) for command in _commands(row)]
    return any(receipt.changed for receipt in receipts)


def _operator() -> Caller:
    """Whoever sits at the command line, with a key for one command."""
    return Caller(client="cli", key=uuid4().hex, actor="operator", role=Role.ADMIN, channel="cli")


def _commands(row: HouseholdRow) -> Iterator[AnyCommand]:
    yield EnrolHousehold(grid=row.grid, building=row.building)
    yield from (ListMustVisit(group=group) for group in row.groups)
