"""响应时间: how long it took, as counts in buckets, so that percentiles of any roll-up are a sum away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import ClassVar

from pydantic import Field

from domain.clocks import SHANGHAI
from domain.incident.words import Kind, Stretch
from domain.model import Code
from domain.territory import Territory
from projections.drawn import Drawing, RollUpQuery, RollUpRow, days, places
from projections.frame_columns import PATH
from projections.percentiles import By, Figures, Spread, bucket, figures, seconds
from projections.projection import KEY, SUM, Merge, Projection
from projections.reading import Readable, Where, microseconds
from projections.scope import Scope
from projections.stretches import ENDED, ENDS, FLAGS, MEASURES, Stretches
from projections.suppression import is_sensitive, suppressed

DAY = 24 * 3600 * 1_000_000
"""In microseconds; there is no summer time."""
COUNTS = ("counted", "due", "on_time", "exempted", *FLAGS)


class ResponseTime(Projection):
    """Every stretch that counts, by the day it ended, in the buckets of its four durations.

    One row holds whatever fell into the same four buckets: as many rows as there are events at most, and each
    measure is summed over the others. See `ENDED` for what is measured, `Stretches` for what had to end in time.
    """

    name: ClassVar[str] = "response_time.v3"
    columns: ClassVar[dict[str, Merge]] = {
        **dict.fromkeys(("stretch", "day", "grid", "building", "kind", "officer", "unit", *MEASURES), KEY),
        **dict.fromkeys(("estate", "community", "street", "district"), KEY),
        **dict.fromkeys(COUNTS, SUM),
    }
    select: ClassVar[str] = f"""
        {ENDED}
        SELECT stretch, day, kind, officer, unit, {", ".join(PATH)},
            {", ".join(f"{bucket(measure)} AS {measure}" for measure in MEASURES)},
            sum(sign) AS counted,
            sum(sign) FILTER (due_at > 0 AND NOT exempted) AS due,
            sum(sign) FILTER (due_at > 0 AND NOT exempted AND ended_at <= due_at) AS on_time,
            {", ".join(f"sum(sign) FILTER ({mark}) AS {mark}" for mark in ("exempted", *FLAGS))}
        FROM ended WHERE counted GROUP BY ALL"""
    reads: ClassVar[frozenset[str]] = frozenset(ENDS)


class StretchFilter(RollUpQuery):
    """哪一段时间、谁的：不填的不限。"""

    stage: Stretch = Field(
        default=Stretch.ARRIVE, description="反映到受理、到首次到场、到办结，或办结到结案；各段分开算"
    )
    kind: Kind | None = Field(default=None, description="事件性质")
    officer: Code | None = Field(default=None, description="经办人编号；没有指派的，为办这一步的工作人员")
    unit: Code | None = Field(default=None, description="首接负责单位编号")

    @property
    def of_whom(self) -> dict[str, str | None]:
        """The columns of either view that must have one value, where one is asked for."""
        return {"kind": self.kind, "officer": self.officer, "unit": self.unit}


class ResponseTimeQuery(StretchFilter):
    """响应时间的查询条件：不填的不限。日期为上海当地日期，首尾都算，看这一段结束的那一天。"""

    by: By = Field(
        default="all", description="按哪一项分列：辖区的一级、性质、经办人、单位、日、周、月，或合计；只按编号排列"
    )
    exact: bool = Field(default=False, description="逐件精确计算，较慢；否则误差不超过百分之一，不足一秒记为 0")


class ResponseTimeRow(RollUpRow):
    """`n` 件的响应时间（秒），四种算法并列；重复件、作废件和核查未通过的办结不算，重办的再算一次。"""

    n: int | None
    gross: Spread | None = Field(description="自然时间，从头到尾")
    net: Spread | None = Field(description="自然时间，扣除挂账")
    worked: Spread | None = Field(description="工作时间：工作日 8–12 时、14–18 时")
    worked_net: Spread | None = Field(description="工作时间，扣除挂账")
    undetermined: int | None = Field(
        description="其中工作时间未定的件数：所需年份的工作日历尚未公布；不计入工作时间的分位数"
    )
    due: int | None = Field(description="其中有时限的件数；超时经申诉免责的不计入")
    on_time: int | None = Field(description="有时限的之中按时的件数")
    on_time_share: float | None = Field(description="on_time ÷ due；没有时限的没有")
    exempted: int | None = Field(description="超时经申诉免责的件数：用了多久照旧，只是不计入 due")
    claimed_not_counted: int | None = Field(description="登记太晚、所填的办理时间没有采信的件数")
    quick: int | None = Field(description="反映（重办）后十分钟内就结案的件数，仅结案一段有")


TOLD_FROM = tuple(ResponseTimeRow.model_fields.keys() - RollUpRow.model_fields.keys() - {"n"})
"""What goes with the number of cases, where that is too small to be told."""


def response_times(
    views: Readable, scope: Scope, query: ResponseTimeQuery, territory: Territory
) -> tuple[ResponseTimeRow, ...]:
    """The spreads within what a reader may see, in order of keys and communities."""
    drawing = Drawing(territory, now=query.drawn == "now")
    where = places(scope, drawing.under(query.territory))
    with views.reading() as transaction:
        if query.exact:
            rows = drawing.rows(transaction, Stretches, ended(query))
        else:
            rows = drawing.rows(transaction, ResponseTime, _counted(query))
        found = figures(transaction, rows, where, query.by, MEASURES, COUNTS)
    read = _exactly if query.exact else seconds
    keys = sorted(found, key=lambda key: (key[0] or "", key[1]))
    return suppressed(
        [_told(drawing.about(*key), found[key], read) for key in keys],
        lambda row: is_sensitive(row.key if query.by == "kind" else query.kind),
        {"n": TOLD_FROM},
        drawing.above,
    )


def ended(query: StretchFilter, index: str | None = None) -> Where:
    """The rows of `Stretches` that count and are asked for, but for their places, to be found by the index of a column.

    Days are said as times, which its indices know.
    """
    where = Where(index)
    where.add("counted = 1 AND stretch = ?", query.stage)
    for column, value in query.of_whom.items():
        where.equal(column, value)
    if query.from_day:
        where.add("ended_at >= ?", _midnight(query.from_day))
    if query.to_day:
        where.add("ended_at < ?", _midnight(query.to_day) + DAY)
    return where


def _counted(query: StretchFilter) -> Where:
    where = days(query)
    where.add("stretch = ?", query.stage)
    for column, value in query.of_whom.items():
        where.equal(column, value)
    return where


def _midnight(day: date) -> int:
    return microseconds(datetime.combine(day, time(tzinfo=SHANGHAI)))


def _exactly(microseconds: int) -> float:
    return microseconds / 1e6


def _told(about: dict[str, str | None], found: Figures, read: Callable[[int], float]) -> ResponseTimeRow:
    n, due, on_time = (found.counts[count] for count in ("counted", "due", "on_time"))
    measured = {measure: found.spread(measure, read) for measure in MEASURES}
    return ResponseTimeRow(
        **about,
        **measured,
        **{name: found.counts[name] for name in COUNTS[1:]},
        n=n,
        undetermined=n - measured["worked"].n,
        on_time_share=round(on_time / due, 4) if due else None,
    )
