"""The tables of a monthly sheet, said once: the page, the workbook and the CSV show the same cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from domain.incident.words import Stretch
from projections.distribution import Distribution, Spread
from projections.drawn import RollUpRow
from projections.kpi import Figure, KpiRow
from projections.kpi_definition import Unit
from projections.kpi_definitions import DEFINITIONS, OF_CYCLES
from projections.monthly import MonthlySheet, SheetPlace, SheetRow
from projections.workload import WorkloadRow

WITHHELD = "不公布"
NOTHING = "—"
RATES = frozenset(one.code for one in DEFINITIONS if one.unit is Unit.RATE)
MEANS = frozenset(one.code for one in DEFINITIONS if one.unit is Unit.MEAN)
OF_CASES = frozenset(one.code for one in OF_CYCLES)
"""The figures that tell kinds of cases apart."""
WORK = {
    "reported": "新增",
    "accepted": "受理",
    "assigned": "指派",
    "arrived": "首次到场",
    "meetings": "协调会",
    "escalated": "上报",
    "returned": "退回",
    "resolved": "办结",
    "reworked": "返工",
    "closed": "结案",
    "overdue": "处置超时",
    "open_now": "在办",
    "overdue_now": "在办超时",
}
"""Counts of work, in the order in which a case goes."""
PERCENTILES = {"p50": "一半不超过", "p90": "九成不超过", "p95": "九成五不超过", "max": "最长"}
MEASURES = {"gross": "", "net": "扣挂账"}
"""Gross first, and beside it net of suspension."""
COUNT, RATE, MEAN, SECONDS, PLAIN = "个", "率", "均值", "秒", "数"
"""What a column holds: counts, shares and means with both sides of the line, durations, plain numbers."""
LOAD = {
    "households": ("户数", COUNT),
    "officers": ("网格员", COUNT),
    "reported": ("新增", COUNT),
    "per_1000_households": ("每千户新增", PLAIN),
    "per_officer": ("每名网格员新增", PLAIN),
    "times_median": ("各处中位数的几倍", PLAIN),
}
SPREAD = {
    "places": ("几处", COUNT),
    "min": ("最少", PLAIN),
    "p25": ("四分之一处不超过", PLAIN),
    "median": ("中位数", PLAIN),
    "p75": ("四分之三处不超过", PLAIN),
    "p90": ("九成处不超过", PLAIN),
    "max": ("最多", PLAIN),
    "gini": ("基尼系数", PLAIN),
    "busiest_tenth": ("最忙一成所占", PLAIN),
}
SPREAD_OF = {
    "reported": "新增",
    "open_now": "在办",
    "per_1000_households": "每千户新增",
    "per_officer": "每名网格员新增",
}
"""Of what there is a distribution over places."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure: as people read it, and as a number where it may be told; a rate with both sides of the line."""

    shown: str
    value: float | None = None
    numerator: int | None = None
    denominator: int | None = None


Cells = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """What a figure is, and in what unit."""

    label: str
    unit: str


@dataclass(frozen=True, slots=True)
class Line:
    """What a line is about, and its cells."""

    key: str
    name: str
    cells: Cells


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a section; `about` is what its lines are."""

    section: str
    title: str
    about: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


COUNTS = tuple(Column(label, COUNT) for label in WORK.values())
TIMES = (
    Column("件数", COUNT),
    Column("按时率", RATE),
    *(Column(f"{measure}{label}", SECONDS) for measure in MEASURES.values() for label in PERCENTILES.values()),
)
LOADS, SPREADS = (tuple(Column(*one) for one in those.values()) for those in (LOAD, SPREAD))


def tables(sheet: MonthlySheet) -> tuple[Table, ...]:
    """Every table, in the order of the page."""
    below = sheet.below.label if sheet.below else "辖区"

    def of_places(section: str, title: str, columns: tuple[Column, ...], told: Callable[[SheetRow], Cells]) -> Table:
        return Table(section, title, below, columns, tuple(_line(row.place, told(row)) for row in sheet.rows))

    figures = tuple(_line(row, _figures(row, sheet)) for row in sheet.kpis_by_kind)
    work = tuple(_line(row, _counts(row)) for row in sheet.workload_by_kind)
    return (
        of_places("指标", "各项指标", _rates(sheet), lambda row: _figures(row.kpis, sheet)),
        Table("指标", "指标按性质", "性质", _rates(sheet, OF_CASES), figures),
        of_places("工作量", "做了多少", COUNTS, lambda row: _counts(row.workload)),
        Table("工作量", "工作量按性质", "性质", COUNTS, work),
        *(of_places("响应时间", one.label, TIMES, partial(_times, stretch=one)) for one in Stretch),
        of_places("分布与负担", "担子", LOADS, lambda row: _load(row.workload)),
        Table("分布与负担", "在各网格的分布", "项目", SPREADS, tuple(_spreads(sheet.distribution))),
    )


def duration(seconds: float) -> str:
    """Seconds as people read them, in the two largest units: 1小时5分."""
    whole = round(seconds)
    days, hours, minutes, left = whole // 86400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    parts = [f"{n}{unit}" for n, unit in ((days, "天"), (hours, "小时"), (minutes, "分"), (left, "秒"))]
    first = next((nth for nth, part in enumerate(parts) if not part.startswith("0")), 3)
    return "".join(part for part in parts[first : first + 2] if not part.startswith("0")) or "0秒"


def _line(about: SheetPlace | RollUpRow, cells: tuple[Cell, ...]) -> Line:
    return Line(about.key or "", about.name or "", cells)


def _rates(sheet: MonthlySheet, codes: frozenset[str] = RATES | MEANS) -> tuple[Column, ...]:
    return tuple(Column(one.label, RATE if one.kpi in RATES else MEAN) for one in sheet.definitions if one.kpi in codes)


def _figures(row: KpiRow | None, sheet: MonthlySheet) -> Cells:
    if row is None:
        return (Cell(NOTHING, None, 0, 0),) * len(sheet.definitions)
    return tuple(_figure(one) for one in row.figures)


def _figure(one: Figure) -> Cell:
    if one.suppressed:
        return Cell(WITHHELD)
    return Cell(one.shown or NOTHING, one.value, one.numerator, one.denominator)


def _counts(row: WorkloadRow | None) -> Cells:
    return tuple(_count(0 if row is None else getattr(row, name)) for name in WORK)


def _count(n: int | None) -> Cell:
    return Cell(WITHHELD if n is None else str(n), n)


def _times(row: SheetRow, stretch: Stretch) -> Cells:
    told = row.response_times[stretch]
    if told is None:
        return (_count(0), Cell(NOTHING, None, 0, 0), *[Cell(NOTHING)] * (len(TIMES) - 2))
    if told.n is None:
        return (Cell(WITHHELD),) * len(TIMES)
    share = NOTHING if told.on_time_share is None else f"{told.on_time_share:.2%}"
    spreads = (getattr(told, measure) for measure in MEASURES)
    return (
        _count(told.n),
        Cell(share, told.on_time_share, told.on_time, told.due),
        *(_time(getattr(spread, name, None)) for spread in spreads for name in PERCENTILES),
    )


def _time(seconds: float | None) -> Cell:
    return Cell(NOTHING if seconds is None else duration(seconds), seconds)


def _load(row: WorkloadRow | None) -> Cells:
    """Of a place without any work the view tells nothing."""
    return tuple(_plain(None if row is None else getattr(row, name)) for name in LOAD)


def _spreads(found: Distribution | None) -> Iterator[Line]:
    for name, label in SPREAD_OF.items():
        spread: Spread | None = getattr(found, name, None)
        if spread is not None:
            yield Line(name, label, tuple(_plain(getattr(spread, span, None)) for span in SPREAD))


def _plain(number: float | None) -> Cell:
    return Cell(NOTHING if number is None else f"{number:.2f}".rstrip("0").rstrip("."), number)
