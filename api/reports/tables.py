"""The tables of a monthly sheet, said once: the page, the workbook and the CSV show the same cells."""

from __future__ import annotations

from dataclasses import dataclass

from projections.kpi import KpiRow
from projections.kpi_definitions import DEFINITIONS, Unit
from projections.monthly import STAGES, MonthlySheet, SheetPlace
from projections.response_time import ResponseTimeRow
from projections.workload import WorkloadRow

WITHHELD = "不足3件，不公布"
NOTHING = "—"
RATES = frozenset(one.code for one in DEFINITIONS if one.unit is Unit.RATE)
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
    "open_now": "在办",
}
"""Counts of work, in the order in which a case goes."""
SPREAD = {"p50": "一半不超过", "p90": "九成不超过", "p95": "九成五不超过"}
COUNT, RATE, MEAN, SECONDS = "件", "率", "均值", "秒"
"""What a column holds: counts, shares of one, means, durations."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure: as people read it, and as a number where it may be told; a rate with both sides of the line."""

    shown: str
    value: float | None = None
    numerator: int | None = None
    denominator: int | None = None


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
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a section; `about` is what its lines are."""

    section: str
    title: str
    about: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


COUNTS = tuple(Column(label, COUNT) for label in WORK.values())
SPREADS = (Column("件数", COUNT), *(Column(label, SECONDS) for label in SPREAD.values()))


def tables(sheet: MonthlySheet) -> tuple[Table, ...]:
    """Every table, in the order of the page."""
    below = sheet.below.label if sheet.below else "辖区"
    rows = sheet.rows
    return (
        Table(
            "指标", "各项指标", below, _rates(sheet), tuple(_line(row.place, _figures(row.kpis, sheet)) for row in rows)
        ),
        Table(
            "指标", "按事件性质", "性质", _rates(sheet), tuple(_line(row, _figures(row, sheet)) for row in sheet.kinds)
        ),
        Table("工作量", "做了多少", below, COUNTS, tuple(_line(row.place, _counts(row.workload)) for row in rows)),
        *(
            Table(
                "响应时间",
                label,
                below,
                SPREADS,
                tuple(_line(row.place, _spread(row.response_times[stage])) for row in rows),
            )
            for stage, label in STAGES.items()
        ),
    )


def duration(seconds: float) -> str:
    """Seconds as people read them, in the two largest units: 1小时5分."""
    whole = round(seconds)
    days, hours, minutes, left = whole // 86400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    parts = [f"{n}{unit}" for n, unit in ((days, "天"), (hours, "小时"), (minutes, "分"), (left, "秒"))]
    first = next((nth for nth, part in enumerate(parts) if not part.startswith("0")), 3)
    return "".join(part for part in parts[first : first + 2] if not part.startswith("0")) or "0秒"


def _line(about: SheetPlace | KpiRow, cells: tuple[Cell, ...]) -> Line:
    return Line(about.key or "", about.name or "", cells)


def _rates(sheet: MonthlySheet) -> tuple[Column, ...]:
    return tuple(Column(one.label, RATE if one.kpi in RATES else MEAN) for one in sheet.definitions)


def _figures(row: KpiRow | None, sheet: MonthlySheet) -> tuple[Cell, ...]:
    if row is None:
        return (Cell(NOTHING, None, 0, 0),) * len(sheet.definitions)
    return tuple(Cell(one.shown or NOTHING, one.value, one.numerator, one.denominator) for one in row.figures)


def _counts(row: WorkloadRow | None) -> tuple[Cell, ...]:
    return tuple(_count(0 if row is None else getattr(row, name)) for name in WORK)


def _count(n: int | None) -> Cell:
    return Cell(WITHHELD if n is None else str(n), n)


def _spread(row: ResponseTimeRow | None) -> tuple[Cell, ...]:
    if row is None:
        return (_count(0), *[Cell(NOTHING)] * len(SPREAD))
    return (_count(row.n), *(Cell(duration(seconds), seconds) for seconds in map(row.__getattribute__, SPREAD)))
