"""响应时间: how long it took, as counts in buckets, so that percentiles of any roll-up are a sum away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from math import ceil
from typing import ClassVar, Literal

from pydantic import Field

from domain.incident.words import Kind
from domain.model import Code, Model
from projections.docket import within
from projections.projection import KEY, SUM, Merge, Projection
from projections.reading import Readable, Where
from projections.scope import Scope

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

    name: ClassVar[str] = "response_time.v1"
    columns: ClassVar[dict[str, Merge]] = {
        **dict.fromkeys(("stage", "day", "grid", "kind", "bucket", "estate", "community", "street", "district"), KEY),
        "n": SUM,
    }
    select: ClassVar[str] = f"""
        WITH ended AS (
            SELECT grid, kind, estate, community, street, district,
                CASE type WHEN 'incident.accepted' THEN 'accept' WHEN 'incident.arrived' THEN 'arrive'
                          WHEN 'incident.closed' THEN 'close' ELSE 'resolve' END AS stage,
                CASE type WHEN 'incident.check_failed' THEN resolved_day ELSE day END AS day,
                CASE type WHEN 'incident.check_failed' THEN -sign ELSE sign END AS sign,
                CASE type WHEN 'incident.resolved' THEN effective_at - cycle_began_at
                          WHEN 'incident.check_failed' THEN resolved_at - cycle_began_at
                          WHEN 'incident.closed' THEN effective_at - resolved_at
                          ELSE effective_at - reported_at END / 1e6 AS seconds
            FROM events
            WHERE counts AND (type = 'incident.accepted' OR type = 'incident.arrived' AND data.first
                OR type IN ('incident.resolved', 'incident.check_failed', 'incident.closed'))
        )
        SELECT stage, day, grid, kind,
            CASE WHEN seconds < 1 THEN 0 ELSE 1 + floor(ln(seconds) / ln({GROWTH!r})) END::INTEGER AS bucket,
            estate, community, street, district, sum(sign) AS n
        FROM ended GROUP BY ALL"""
    reads: ClassVar[frozenset[str]] = frozenset(
        f"incident.{event}" for event in ("accepted", "arrived", "resolved", "check_failed", "closed")
    )


By = Literal["all", "grid", "estate", "community", "street", "district", "kind", "day", "week", "month"]
KEY_OF: dict[By, str] = {
    "all": "NULL",
    "week": "date(day, 'weekday 0', '-6 days')",  # its Monday
    "month": "substr(day, 1, 7)",
}


class ResponseTimeQuery(Model):
    """响应时间的查询条件：不填的不限。日期为上海当地日期，首尾都算。"""

    stage: Literal["accept", "arrive", "resolve", "close"] = Field(
        default="arrive", description="反映到受理、到首次到场、到办结，或办结到结案"
    )
    by: By = Field(default="all", description="按哪一项分列")
    territory: Code | None = Field(default=None, description="区、街道、社区、小区或网格的编号")
    kind: Kind | None = Field(default=None, description="事件性质")
    from_day: date | None = Field(default=None, description="从哪一天起")
    to_day: date | None = Field(default=None, description="到哪一天止")


class ResponseTimeRow(Model):
    """`n` 件的响应时间，单位为秒，误差不超过百分之一；不足一秒记为 0。"""

    key: str | None = Field(description="编号、性质，或日、周（周一）、月")
    n: int
    p50: float
    p90: float
    p95: float


def response_times(views: Readable, scope: Scope, query: ResponseTimeQuery) -> tuple[ResponseTimeRow, ...]:
    """Percentiles within what a reader may see, in order of keys."""
    with views.reading() as connection:
        where = Where()
        for part in (scope, within(connection, query.territory)):
            part.narrow(where, ResponseTime.columns.keys())
        where.equal("stage", query.stage)
        where.equal("kind", query.kind)
        if query.from_day:
            where.add("day >= ?", query.from_day.isoformat())
        if query.to_day:
            where.add("day <= ?", query.to_day.isoformat())
        key = KEY_OF.get(query.by, query.by)
        found = connection.execute(
            f"""SELECT {key}, bucket, sum(n) FROM "{ResponseTime.name}" WHERE {where}
                GROUP BY 1, 2 HAVING sum(n) <> 0 ORDER BY 1, 2""",
            where.values,
        ).fetchall()
    return tuple(_row(key, [(bucket, n) for _, bucket, n in rows]) for key, rows in groupby(found, lambda row: row[0]))


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


def _row(key: str | None, counts: Sequence[tuple[int, int]]) -> ResponseTimeRow:
    n = sum(count for _, count in counts)
    p50, p90, p95 = (round(percentile(counts, n, share), 2) for share in (0.5, 0.9, 0.95))
    return ResponseTimeRow(key=key or None, n=n, p50=p50, p90=p90, p95=p95)
