"""响应时间: how long it took, as counts in buckets, so that percentiles of any roll-up are a sum away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import ceil
from typing import Any, ClassVar, Literal

from pydantic import Field

from domain.incident.words import Kind
from domain.territory import Territory
from projections.drawn import Drawing, LevelName, RollUpQuery, RollUpRow, community_of, days, places
from projections.projection import KEY, SUM, Merge, Projection
from projections.reading import Readable
from projections.scope import Scope
from projections.suppression import is_sensitive, suppressed

ERROR = 0.01
"""How far, at most, a duration read from its bucket is off, as a share of it; below a second it reads 0."""
GROWTH = (1 + ERROR) / (1 - ERROR)
"""Bucket b holds the seconds from GROWTH^(b-1) to GROWTH^b, bucket 0 what is less than one."""


class ResponseTime(Projection):
    """Gross seconds of every case that counts, by the day they ended and the stage they ended with.

    accept, arrive: from the report to `accepted`, to the first `arrived`. resolve: from the report, or
    from the reopening, to `resolved`; a failed check takes it back, the next result counts anew, from
    the same start. close: from `resolved` to `closed`. Reopened cases count again.
    """

    name: ClassVar[str] = "response_time.v2"
    columns: ClassVar[dict[str, Merge]] = {
        **dict.fromkeys(("stage", "day", "grid", "building", "kind", "bucket"), KEY),
        **dict.fromkeys(("estate", "community", "street", "district"), KEY),
        "n": SUM,
    }
    select: ClassVar[str] = f"""
        WITH ended AS (
            SELECT kind, grid, building, estate, community, street, district,
                day, sign,
                CASE type WHEN 'incident.accepted' THEN 'accept' WHEN 'incident.arrived' THEN 'arrive'
                          WHEN 'incident.closed' THEN 'close' ELSE 'resolve' END AS stage,
                CASE type WHEN 'incident.resolved' THEN effective_at - cycle_began_at
                          WHEN 'incident.closed' THEN effective_at - resolved_at
                          ELSE effective_at - reported_at END / 1e6 AS seconds
            FROM events
            WHERE counts AND (type IN ('incident.accepted', 'incident.closed')
                OR type = 'incident.arrived' AND data.first OR type = 'incident.resolved' AND NOT undone)
        )
        SELECT stage, day, kind, grid, building, estate, community, street, district,
            CASE WHEN seconds < 1 THEN 0 ELSE 1 + floor(ln(seconds) / ln({GROWTH!r})) END::INTEGER AS bucket,
            sum(sign) AS n
        FROM ended GROUP BY ALL"""
    reads: ClassVar[frozenset[str]] = frozenset(
        f"incident.{event}" for event in ("accepted", "arrived", "resolved", "closed")
    )


By = Literal[LevelName, "all", "kind", "day", "week", "month"]
KEY_OF: dict[By, str] = {
    "all": "NULL",
    "month": "substr(day, 1, 7)",
}


class ResponseTimeQuery(RollUpQuery):
    """响应时间的查询条件：不填的不限。日期为上海当地日期，首尾都算。"""

    stage: Literal["accept", "arrive", "resolve", "close"] = Field(
        default="arrive", description="反映到受理、到首次到场、到办结，或办结到结案"
    )
    by: By = Field(default="all", description="按哪一项分列：辖区的一级、性质、日、周、月，或合计")
    kind: Kind | None = Field(default=None, description="事件性质")


class ResponseTimeRow(RollUpRow):
    """`n` 件的响应时间，单位为秒，误差不超过百分之一；不足一秒记为 0。"""

    n: int | None
    p50: float | None
    p90: float | None
    p95: float | None


def response_times(
    views: Readable, scope: Scope, query: ResponseTimeQuery, territory: Territory
) -> tuple[ResponseTimeRow, ...]:
    """Percentiles within what a reader may see, in order of keys and communities."""
    drawing = Drawing(territory, now=query.drawn == "now")
    where, counted = places(scope, drawing.under(query.territory)), days(query)
    counted.equal("stage", query.stage)
    counted.equal("kind", query.kind)
    with views.reading() as transaction:
        rows = drawing.rows(transaction, ResponseTime, counted)
        key_of = KEY_OF | {"week": transaction.dialect.monday.format("day")}
        statement = f"""
            SELECT {key_of.get(query.by, query.by)}, {community_of(query.by)}, bucket, CAST(sum(n) AS BIGINT)
            FROM {rows.sql} WHERE {where}
            GROUP BY 1, 2, 3 HAVING sum(n) <> 0 ORDER BY 1, 2, 3"""
        found = transaction.execute(statement, (*rows.values, *where.values)).fetchall()
    told = [
        ResponseTimeRow(**drawing.about(*key), **_percentiles([row[2:] for row in rows]))
        for key, rows in groupby(found, lambda row: row[:2])
    ]
    return suppressed(
        told,
        lambda row: is_sensitive(row.key if query.by == "kind" else query.kind),
        {"n": ("p50", "p90", "p95")},
        drawing.above,
    )


def seconds(bucket: int) -> float:
    """The duration a bucket stands for: off by `ERROR` at either end of it."""
    return 2 * GROWTH**bucket / (1 + GROWTH) if bucket else 0.0


def percentile(counts: Iterable[tuple[int, int]], n: int, share: float) -> float:
    """The duration that this share of n did not exceed, from the counts of buckets in order."""
    left = max(1, ceil(share * n))
    for bucket, count in counts:
        left -= count
        if left <= 0:
            return seconds(bucket)
    raise ValueError("there is nothing to take a share of")


def _percentiles(counts: Sequence[tuple[int, int]]) -> dict[str, Any]:
    n = sum(count for _, count in counts)
    p50, p90, p95 = (round(percentile(counts, n, share), 2) for share in (0.5, 0.9, 0.95))
    return {"n": n, "p50": p50, "p90": p90, "p95": p95}
