"""The charts of a monthly sheet: what each is drawn from."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from api.reports.pen import Pen
from domain.incident.words import Stretch
from domain.model import Labelled
from projections.monthly import MONTHS, MonthlySheet, SheetPlace, months_before

DRAWING = ThreadPoolExecutor(1, thread_name_prefix="charts")
"""Where to draw from a loop: however many ask, one process draws."""
PEN = Pen()
Points = list[dict[str, Any]]


class Chart(Labelled):
    """What is drawn of a sheet."""

    ON_TIME = "on-time", "近十二个月按期处置率"
    DAILY = "daily", "每日新增与办结"
    TIMES = "response-times", "响应时间"
    BURDEN = "burden", "各网格本月新增"


def drawn(sheet: MonthlySheet, charts: Iterable[Chart]) -> dict[Chart, str]:
    """The charts as SVG, whose text stays text. Raises `NotDrawn`."""
    asked = {chart.value: {"title": chart.label, "points": POINTS[chart](sheet)} for chart in charts}
    told: dict[str, str] = orjson.loads(PEN.draw(orjson.dumps(asked)))
    return {chart: told[chart] for chart in Chart if chart in told}


def _on_time(sheet: MonthlySheet) -> Points:
    """A point for each month, also where nothing was due."""
    found = {row.key: row.figures[0] for row in sheet.months}
    firsts = (months_before(sheet.from_day, ago) for ago in reversed(range(MONTHS)))
    months = (f"{first:%Y-%m}" for first in firsts)
    return [{"month": month, "rate": found[month].value if month in found else None} for month in months]


def _daily(sheet: MonthlySheet) -> Points:
    """Two points for each day."""
    found = {row.day: row for row in sheet.days}
    days = [
        sheet.from_day.replace(day=nth)
        for nth in range(1, monthrange(sheet.from_day.year, sheet.from_day.month)[1] + 1)
    ]
    what = {"新增": "reported", "办结": "resolved"}
    return [
        {"day": day.day, "what": label, "n": getattr(found[day], name) if day in found else 0}
        for day in days
        for label, name in what.items()
    ]


def _times(sheet: MonthlySheet) -> Points:
    """For the arrival and the result, three points for each place that has any, in minutes."""
    return [
        {"place": name, "stage": stage.label, "share": label, "minutes": getattr(row.gross, share) / 60}
        for (name, row_of) in zip(_called(row.place for row in sheet.rows), sheet.rows, strict=True)
        for stage in (Stretch.ARRIVE, Stretch.RESOLVE)
        if (row := row_of.response_times[stage]) is not None and row.gross is not None
        for share, label in {"p50": "一半", "p90": "九成", "p95": "九成五"}.items()
    ]


def _burden(sheet: MonthlySheet) -> Points:
    """A bar for each grid, in the order of the tree."""
    names = _called(one.place for one in sheet.grids)
    spread = sheet.distribution and sheet.distribution.reported
    return [
        {"grid": name, "n": one.workload.reported if one.workload else 0, "median": spread and spread.median}
        for name, one in zip(names, sheet.grids, strict=True)
    ]


def _called(places: Iterable[SheetPlace]) -> Iterator[str]:
    """Their names, each another: places of one name are told apart by a number."""
    seen: dict[str, int] = {}
    for place in places:
        seen[place.name] = nth = seen.get(place.name, 0) + 1
        yield place.name if nth == 1 else f"{place.name}（{nth}）"


POINTS: dict[Chart, Callable[[MonthlySheet], Points]] = {
    Chart.ON_TIME: _on_time,
    Chart.DAILY: _daily,
    Chart.TIMES: _times,
    Chart.BURDEN: _burden,
}
