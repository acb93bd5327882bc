"""bidao report: the monthly sheet of a place, to be printed or opened in a spreadsheet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.markup import escape

from api.commands.enacting import WRONG, Data, console, settings_with, with_casework
from api.opening import open_views, require_case_files
from api.reports.charts import Chart, drawn
from api.reports.files import as_csv, as_xlsx
from api.reports.page import as_page
from domain.casework.application import Casework, now
from domain.territory import Territory
from projections.monthly import MonthlyQuery, MonthlySheet, NoSheet, monthly
from projections.reading import AsOf
from projections.scope import Scope


class NoPlace(LookupError):
    """No place, or more than one. Carries a Chinese sentence."""


class Format(StrEnum):
    """What a sheet can be written as."""

    CSV = "csv"
    XLSX = "xlsx"
    HTML = "html"


PRINTING: dict[Format, Callable[[MonthlySheet], bytes]] = {
    Format.CSV: as_csv,
    Format.XLSX: as_xlsx,
    Format.HTML: lambda sheet: as_page(sheet, drawn(sheet, Chart)),
}


def report(
    place: Annotated[str, typer.Argument(help="辖区的编号或名称")],
    month: Annotated[str, typer.Argument(help="年和月，如 2026-03")],
    format: Annotated[Format, typer.Option(help="写成什么")] = Format.HTML,
    out: Annotated[Path | None, typer.Option(help="写到哪个文件；不填为当前目录下的“编号-月份”")] = None,
    data: Data = None,
) -> None:
    """一处辖区一个月的月报：指标、工作量、响应时间、分布；不排名次。"""
    require_case_files(settings_with(data))
    try:
        sheet = with_casework(data, lambda casework: _sheet(casework, data, place, month))
    except (NoPlace, NoSheet, ValidationError) as no:
        wrong = f"不是年和月：{month}，应如 2020-01" if isinstance(no, ValidationError) else str(no)
        console.print(f"[red]{escape(wrong)}[/]")
        raise typer.Exit(WRONG) from None
    file = out or Path(f"{sheet.place.key}-{sheet.month}.{format}")
    file.write_bytes(PRINTING[format](sheet))
    console.print(f"{sheet.place.name} {sheet.month} 月报写在 {file}（记录位置 {sheet.position}）")


async def _sheet(casework: Casework, data: Path | None, place: str, month: str) -> MonthlySheet:
    """Of everything stored. Raises `NoPlace`, `NoSheet`, and `ValidationError` for what is no month."""
    asked = MonthlyQuery(territory=_found(casework.territory, place), month=month)
    with closing(open_views(settings_with(data), casework.files)) as views:
        await asyncio.to_thread(views.catch_up)
        with views.snapshot() as snapshot:
            return monthly(AsOf(snapshot, now(), casework.territory, casework.clocks), Scope.all(), asked)


def _found(territory: Territory, place: str) -> str:
    """The id of a place by its id or its name. Raises `NoPlace`."""
    if place in territory.node:
        return place
    called = [node.id for node in territory.nodes if node.name == place]
    if len(called) == 1:
        return called[0]
    raise NoPlace(
        f"有几处都叫{place}，请用编号：{'、'.join(called)}" if called else f"辖区里没有“{place}”，请核对编号或名称。"
    )
