"""bidao households: put households on the roll, and list those to be visited every month, from a sheet."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import typer
from rich.markup import escape

from api.commands.enacting import WRONG, Data, DryRun, File, console, with_casework
from api.commands.rows import rows_in
from domain.casework.application import Casework
from domain.casework.asking import Caller
from domain.casework.rolls import AnyCommand
from domain.household import EnrolHousehold, Group, ListMustVisit
from domain.model import Code, Model, Refused, Role

COLUMNS = {"编号": "household", "网格": "grid", "楼栋": "building", "必访": "groups"}
"""What a column may also be called."""
GROUPS = {group.label: group.value for group in Group}
AT_ONCE = 64
"""Rows asked at the same time: they share commits."""
app = typer.Typer(help="住户名册：登记住户和必访户", no_args_is_help=True)


class HouseholdRow(Model):
    """One row: an id that says nothing about anybody, where they live, and why they are to be visited, if they are."""

    household: Code
    grid: Code
    building: Code | None = None
    groups: tuple[Group, ...] = ()


class Tally(NamedTuple):
    """How many rows changed something, and what was said no to, by row."""

    changed: int
    refused: dict[int, str]


@app.command("import")
def import_households(file: File, dry_run: DryRun = False, data: Data = None) -> None:
    """登记住户（CSV：household 编号、grid 网格，可有 building 楼栋、groups 必访）；必访几类用顿号隔开，可写中文。"""
    rows = households_in(file)
    if dry_run:
        listed = sum(bool(row.groups) for row in rows.values())
        console.print(f"试算：{len(rows)} 户，其中必访户 {listed} 户；没有登记任何内容")
        return
    tally = with_casework(data, lambda casework: _enrolled(casework, rows))
    console.print(f"有变化的 {tally.changed} 户，本来就是这样的 {len(rows) - tally.changed - len(tally.refused)} 户")
    for number, said in sorted(tally.refused.items()):
        console.print(f"[red]第{number}行：{escape(said)}[/]")
    if tally.refused:
        raise typer.Exit(WRONG)


def households_in(file: Path) -> dict[int, HouseholdRow]:
    """The households of a sheet by row; see `rows_in`."""
    wrong = f"不是一户：应有 household、grid，必访写{'、'.join(GROUPS)}或其代码"
    return rows_in(file, COLUMNS, _row, wrong, "没有登记任何住户。")


def _row(cells: dict[str, str]) -> HouseholdRow:
    """Raises `ValueError`, as pydantic's own."""
    groups = [group.strip() for group in re.split("[、,;；，]", cells.pop("groups", ""))]
    named = {name: value for name, value in cells.items() if value}
    return HouseholdRow.model_validate({**named, "groups": [GROUPS.get(group, group) for group in groups if group]})


async def _enrolled(casework: Casework, rows: Mapping[int, HouseholdRow]) -> Tally:
    """Every row asked; what is so already changes nothing."""
    changed, refused = list[int](), dict[int, str]()
    waiting = iter(rows.items())

    async def work() -> None:
        for number, row in waiting:
            try:
                if await _ask(casework, row):
                    changed.append(number)
            except Refused as no:
                refused[number] = f"{no.sentence}（规则 {no.rule.id}）"

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())
    return Tally(len(changed), refused)


async def _ask(casework: Casework, row: HouseholdRow) -> bool:
    """Whether anything changed."""
    changed = False
    for command in _commands(row):
        caller = Caller(client="cli", key=uuid4().hex, actor="operator", role=Role.ADMIN, channel="cli")
        changed |= (await casework.rolls.ask(row.household, command, caller)).changed
    return changed


def _commands(row: HouseholdRow) -> Iterator[AnyCommand]:
    yield EnrolHousehold(grid=row.grid, building=row.building)
    yield from (ListMustVisit(group=group) for group in row.groups)
