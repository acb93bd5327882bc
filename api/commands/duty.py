"""bidao duty: show who is on duty, import shifts from a sheet."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.clock import moment
from api.commands.enacting import Data, DryRun, File, console, enact, with_casework
from api.commands.rows import rows_in
from api.duty import Duty, duty
from domain.casework.application import Casework
from domain.clocks import SHANGHAI
from domain.duty import Shift
from domain.rostering import AssignShifts
from domain.telling import local

COLUMNS = {"地方": "node", "人员": "staff", "开始": "starts", "结束": "ends"}
"""What a column may also be called."""
app = typer.Typer(help="值班表：谁在何时值守哪里", no_args_is_help=True)


@app.command("show")
def show(
    at: Annotated[datetime | None, typer.Option(parser=moment, metavar="TIME", help="看哪一时刻；不填即现在")] = None,
    territory: Annotated[str | None, typer.Option(help="只看这个节点之下")] = None,
    data: Data = None,
) -> None:
    """某一时刻各处由谁值班，没有人值班的标红。"""

    async def found(casework: Casework) -> list[Duty]:
        registry = casework.territory
        tops = [node.id for node in registry.nodes if node.parent not in registry.node]
        wanted = [territory] if territory else tops
        when = at or casework.registers.now
        return [duty(registry, casework.roster, when, top) for top in wanted if top in registry.node]

    for told in with_casework(data, found):
        for node in told.nodes:
            people = "、".join(f"{one.name or one.staff}（至{local(one.ends)}）" for one in node.on_duty)
            console.print(f"{node.level.label} {node.name}　{people or '[red]无人值班[/]'}")
        console.print(f"{local(told.at)}：{told.uncovered} 处无人值班")


@app.command("import")
def import_shifts(file: File, dry_run: DryRun = False, data: Data = None) -> None:
    """排班（CSV：node 地方、staff 人员、starts 开始、ends 结束；不写时区按北京时间）。"""
    shifts = shifts_in(file)
    enact(data, file, AssignShifts(shifts=tuple(shifts.values())), dry_run=dry_run, rows=tuple(shifts))


def shifts_in(file: Path) -> dict[int, Shift]:
    """The shifts of a sheet by row; see `rows_in`."""
    wrong = "不是一个班次：应有 node、staff、starts、ends，时间如 2026-03-02T18:00"
    return rows_in(file, COLUMNS, _shift, wrong, "没有登记任何班次。")


def _shift(cells: dict[str, str]) -> Shift:
    """Raises `ValueError`, as pydantic's own."""
    times = {name: _instant(cells.pop(name, "")) for name in ("starts", "ends")}
    return Shift.model_validate({**cells, **times})


def _instant(text: str) -> datetime:
    stated = datetime.fromisoformat(text.strip())
    return stated if stated.tzinfo else stated.replace(tzinfo=SHANGHAI)
