"""经手: how long cases were in whose hands before they left them, as counts in buckets. In no order of merit."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from domain.incident.words import Kind
from domain.model import Code
from domain.territory import Level, Territory
from projections.drawn import Drawing, RollUpQuery, RollUpRow, days, places
from projections.frame_columns import PATH
from projections.percentiles import By, Figures, Spread, bucket, figures
from projections.projection import KEY, SUM, Merge, Projection
from projections.reading import Readable
from projections.scope import Scope
from projections.suppression import is_sensitive, suppressed

COUNTS = ("counted", "total", "returned", "resolved", "hops")
LEVELS = {level.value: level.label for level in Level}


class Holding(Projection):
    """Every stint that ended: whose it was, by the day it ended, and in which bucket its length lies.

    Whose: the level that held the case, the unit it was dispatched to, the officer it was assigned to; '' is nobody
    yet. A stint ends when any of them changes, or with the result. `total` is their length in microseconds,
    `returned` how many ended with a return; `resolved` counts results that stand, and `hops` how often their cases had
    been returned in the cycle. Work in hand now is not in it. Duplicates count nowhere, nor do voided cases.
    """

    name: ClassVar[str] = "holding.v1"
    columns: ClassVar[dict[str, Merge]] = {
        **dict.fromkeys(("day", "grid", "building", "kind", "level", "unit", "officer", "lasted"), KEY),
        **dict.fromkeys(("estate", "community", "street", "district"), KEY),
        **dict.fromkeys(COUNTS, SUM),
    }
    select: ClassVar[str] = f"""
        WITH stints AS (
            SELECT sign, day, kind, {", ".join(PATH)}, hops,
                held.level AS level, coalesce(held."lead", '') AS unit, coalesce(held.officer, '') AS officer,
                greatest(effective_at - epoch_us(held.since), 0) AS length,
                type = 'incident.returned' AS returned, type = 'incident.resolved' AND NOT undone AS resolved
            FROM events WHERE held IS NOT NULL AND counts AND type <> 'incident.void_granted'
        )
        SELECT day, kind, {", ".join(PATH)}, level, unit, officer, {bucket("length")} AS lasted,
            sum(sign) AS counted, sum(sign * length) AS total,
            sum(sign) FILTER (returned) AS returned,
            sum(sign) FILTER (resolved) AS resolved, sum(sign * hops) FILTER (resolved) AS hops
        FROM stints GROUP BY ALL"""


class HoldingQuery(RollUpQuery):
    """经手时间的查询条件：不填的不限。日期为上海当地日期，首尾都算，看离手的那一天。"""

    by: Literal[By, "level"] = Field(
        default="unit", description="按哪一项分列：单位、经办人、现办层级、辖区的一级、性质、日、周、月，或合计"
    )
    kind: Kind | None = Field(default=None, description="事件性质")
    officer: Code | None = Field(default=None, description="经办人编号")
    unit: Code | None = Field(default=None, description="首接负责单位编号")
    level: Level | None = Field(default=None, description="哪一级现办")


class HoldingRow(RollUpRow):
    """案件在一处、一级、一个单位或一名经办人手上停留了多久（秒），只算已经离手的；没有编号的一行是还没有派、没有指派的。"""

    stints: int | None = Field(description="经手几次")
    seconds: float | None = Field(description="一共多久")
    held: Spread | None = Field(description="每次多久，误差不超过百分之一，不足一秒记为 0")
    returned: int | None = Field(description="其中以退回离手的次数")
    resolved: int | None = Field(description="其中以办结离手、且没有被核查否定的次数")
    hops: int | None = Field(description="这些办结的案件，本轮一共被退回几次")
    hops_per_case: float | None = Field(description="hops ÷ resolved：平均每件办结前被退回几次；没有办结的没有")


TOLD_FROM = {
    "stints": ("seconds", "held", "returned", "resolved", "hops", "hops_per_case"),
    "resolved": ("hops", "hops_per_case"),
}
"""What goes with the number of stints, where that is too small to be told, and with that of results: one case passes
through many hands, but has one result."""


def holding(views: Readable, scope: Scope, query: HoldingQuery, territory: Territory) -> tuple[HoldingRow, ...]:
    """The stints within what a reader may see, in order of keys and communities and in no other."""
    drawing = Drawing(territory, now=query.drawn == "now")
    where, narrowed = places(scope, drawing.under(query.territory)), days(query)
    for column in ("kind", "officer", "unit", "level"):
        narrowed.equal(column, getattr(query, column))
    with views.reading() as transaction:
        rows = drawing.rows(transaction, Holding, narrowed)
        held = figures(transaction, rows, where, query.by, ("lasted",), COUNTS)
    found = [
        _told(_level(key[0]) if query.by == "level" else drawing.about(*key), held[key])
        for key in sorted(held, key=lambda key: (key[0] or "", key[1]))
    ]
    return suppressed(
        found, lambda row: is_sensitive(row.key if query.by == "kind" else query.kind), TOLD_FROM, drawing.above
    )


def _level(code: str | None) -> dict[str, str | None]:
    return {"key": code, "name": LEVELS[code or ""], "community": None}


def _told(about: dict[str, str | None], held: Figures) -> HoldingRow:
    counts = held.counts
    return HoldingRow(
        **about,
        stints=counts["counted"],
        seconds=counts["total"] / 1e6,
        held=held.spread("lasted"),
        **{name: counts[name] for name in ("returned", "resolved", "hops")},
        hops_per_case=round(counts["hops"] / counts["resolved"], 2) if counts["resolved"] else None,
    )
