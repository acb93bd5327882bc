"""bidao clock: when a limit counted from some moment is due, to be checked by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import orjson
import typer
from pydantic import TypeAdapter, ValidationError

from api.invalid import path, sentence
from api.opening import has_case_files, open_case_files, open_casework
from api.settings import Settings
from domain.casework.books import published_calendar
from domain.clocks import SHANGHAI, Calendar, ClockKind, Clocks, Interval, Limit
from domain.counting import Count, tell_count
from domain.model import Instant

T = TypeVar("T")
USAGE = 2
"""The exit code of whatever is asked wrongly."""
INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


def moment(text: str) -> datetime:
    """A time as people write it, `2026-02-13T16:20`; without a zone it is that of Shanghai."""
    try:
        stated = datetime.fromisoformat(text)
        return INSTANT.validate_python(stated if stated.tzinfo else stated.replace(tzinfo=SHANGHAI))
    except ValueError:
        raise typer.BadParameter(f"不是时间：{text}，应如 2026-02-13T16:20") from None


def stretch(text: str) -> Interval:
    """From one time to a later one, `FROM/TO`."""
    begins, _, ends = text.partition("/")
    interval = moment(begins), moment(ends)
    if interval[0] >= interval[1]:
        raise typer.BadParameter(f"挂账须先起后止：{text}")
    return interval


def clock(  # noqa: PLR0913, PLR0917 - one for each option of the command line
    kind: Annotated[ClockKind, typer.Option(help="怎么计时")],
    limit: Annotated[float, typer.Option(help="时限，多少个工作时、工作日……")],
    start: Annotated[datetime, typer.Option(parser=moment, metavar="TIME", help="起算时间；不写时区按北京时间")],
    pause: Annotated[list[str] | None, typer.Option(metavar="FROM/TO", help="挂账的一段时间，可写多次")] = None,
    calendar: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="工作日历文件（JSON）；不填用国务院已公布的")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="用这个数据目录里、起算时有效的工作日历")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="只给机器读：due 与 intervals（起、止、秒）")] = False,
) -> None:
    """算一个时限何时到期，逐日列出计了多少，可手工相加核对。"""
    if calendar and data:
        raise typer.BadParameter("--calendar 与 --data 只能用一个")
    asked = _given(lambda: Limit(kind=kind, amount=limit), "--limit")
    count = Count(asked, start, _calendar(calendar, data, start), tuple(map(stretch, pause or ())))
    typer.echo(orjson.dumps(told(count)) if json else "\n".join(tell_count(count)))


def told(count: Count) -> dict[str, object]:
    """For machines: `{"due": …, "intervals": [[from, to, seconds], …]}`; due is null while it is 未定."""
    due = count.found.due
    return {
        "due": _written(due) if due else None,
        "intervals": [
            [_written(begins), _written(ends), _seconds(ends - begins)] for begins, ends in count.found.intervals
        ],
    }


def _seconds(counted: timedelta) -> float:
    seconds = counted.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


def _written(at: datetime) -> str:
    return at.astimezone(SHANGHAI).isoformat()


def _calendar(file: Path | None, data: Path | None, start: datetime) -> Calendar:
    if file:
        return _given(lambda: Calendar.model_validate_json(file.read_bytes()), "--calendar")
    if data:
        return asyncio.run(_adopted(Settings(data=data))).calendar_at(start)
    return published_calendar()


def _given(make: Callable[[], T], option: str) -> T:
    try:
        return make()
    except ValidationError as wrong:
        faults = (f"{path(fault)}　{sentence(fault)}".strip("　") for fault in wrong.errors(include_url=False))
        typer.echo(f"{option}：{'；'.join(faults)}", err=True)
        raise typer.Exit(USAGE) from None


async def _adopted(settings: Settings) -> Clocks:
    """The rule tables and calendars of a store that is there."""
    if not has_case_files(settings):
        raise typer.BadParameter(f"{settings.data} 里没有事件库", param_hint="--data")
    files = open_case_files(settings)
    casework = open_casework(settings, files)
    try:
        return casework.clocks
    finally:
        await casework.aclose()
