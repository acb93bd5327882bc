"""bidao report: the monthly sheet of a place, to be printed or opened in a spreadsheet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from pydantic import ValidationError
from rich.markup import escape

from api.clock import moment
from api.commands.enacting import WRONG, Data, console, settings_with, with_casework
from api.opening import open_past, open_views, require_case_files
from api.past import as_of as as_known
from api.reports.charts import Chart, drawn
from api.reports.files import as_csv, as_xlsx
from api.reports.page import as_page
from api.settings import Settings
from domain.casework.application import Casework, now
from domain.territory import Territory
from projections.looking_back import then
from projections.monthly import MonthlyQuery, MonthlySheet, NoSheet, monthly
from projections.reading import AsOf
from projections.scope import Scope

FOR_LONG = 60.0
"""Seconds after which it is said that it still goes on."""


class MonthlyAsked(NamedTuple):
    """Which place, by id or name; which month; and as known when, if not now."""

    place: str
    month: str
    as_of: datetime | None


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
    as_of: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="TIME", help="按那一刻所知，如 2020-02-01T09:00；不填即现在"),
    ] = None,
    data: Data = None,
) -> None:
    """一处辖区一个月的月报：指标、工作量、响应时间、分布；不排名次。"""
    if as_of is not None and as_of > now():
        raise typer.BadParameter("还没有到这个时刻。")
    settings = settings_with(data)
    require_case_files(settings)
    try:
        sheet = with_casework(data, lambda casework: _sheet(casework, settings, MonthlyAsked(place, month, as_of)))
    except (NoPlace, NoSheet, ValidationError) as no:
        wrong = f"不是年和月：{month}，应如 2020-01" if isinstance(no, ValidationError) else str(no)
        console.print(f"[red]{escape(wrong)}[/]")
        raise typer.Exit(WRONG) from None
    file = out or Path(f"{sheet.place.key}-{sheet.month}.{format}")
    file.write_bytes(PRINTING[format](sheet))
    console.print(f"{sheet.place.name} {sheet.month} 月报写在 {file}（记录位置 {sheet.position}）")


async def _sheet(casework: Casework, settings: Settings, wanted: MonthlyAsked) -> MonthlySheet:
    """Of everything stored, or known then. Raises `NoPlace`, `NoSheet`, and `ValidationError` for what is no month."""
    asked = MonthlyQuery(territory=_found(casework.territory, wanted.place), month=wanted.month)
    with closing(open_views(settings, casework.files)) as views:
        await asyncio.to_thread(views.catch_up)
        if wanted.as_of is None:
            with views.snapshot() as snapshot:
                return monthly(AsOf(snapshot, now(), casework.territory, casework.clocks), Scope.all(), asked)
        known = then(casework.files.store, wanted.as_of, None)
        with closing(open_past(settings, casework.files, views)) as past:
            while not await past.wait_for(known.position, FOR_LONG):
                console.print("正在按那一刻所知重算……")
            with past.snapshot(known.position) as snapshot:
                return monthly(as_known(known, snapshot, casework), Scope.all(), asked)


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
