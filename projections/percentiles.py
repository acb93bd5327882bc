"""分位数: durations in log-scale buckets, whose counts add up, and percentiles of whatever was counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import Field

from domain.model import Model
from projections.database import Dialect, Transaction
from projections.drawn import LevelName, Source, community_of
from projections.reading import Where

ERROR = 0.01
"""How far, at most, a duration read from its bucket is off, as a share of it; below a second it reads 0."""
GROWTH = (1 + ERROR) / (1 - ERROR)
"""Bucket b holds the seconds from GROWTH^(b-1) to GROWTH^b, bucket 0 what is less than one."""
UNKNOWN = -1
"""In place of a bucket or a duration that nobody can tell."""
SHARES = {"p50": 50, "p90": 90, "p95": 95}
"""Per cent."""
By = Literal[LevelName, "all", "kind", "officer", "unit", "day", "week", "month"]
Key = tuple[str | None, str]
"""What a row is about, and the community where that is not known, else ''."""


class Spread(Model):
    """`n` 段时间的分位数和最长一段，单位为秒；一段也没有即为空。"""

    n: int = Field(default=0, description="其中算得出的件数")
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    max: float | None = None


def bucket(microseconds: str) -> str:
    """As SQL, the bucket of a duration; that of NULL is `UNKNOWN`."""
    seconds = f"{microseconds} / 1e6"
    return f"""
        CASE WHEN {microseconds} IS NULL THEN {UNKNOWN} WHEN {seconds} < 1 THEN 0
             ELSE 1 + floor(ln({seconds}) / ln({GROWTH!r})) END::INTEGER"""


def seconds(bucket: int) -> float:
    """The duration a bucket stands for: off by `ERROR` at either end of it."""
    return 2 * GROWTH**bucket / (1 + GROWTH) if bucket else 0.0


def key_of(by: str, dialect: Dialect) -> str:
    """As SQL, what tells the rows apart."""
    keys = {"all": "NULL", "month": "substr(day, 1, 7)", "week": dialect.monday.format("day")}
    return keys.get(by, by)


def spreads(
    transaction: Transaction,
    rows: Source,
    where: Where,
    by: str,
    measures: Sequence[str],
    read: Callable[[int], float] = seconds,
) -> dict[Key, dict[str, Spread]]:
    """The spread of each measure, a column of rows that say in `counted` how often; `read` makes seconds of its values.

    A percentile is the nearest rank: the least value that so many of a hundred do not exceed.
    """
    each = " UNION ALL ".join(f"SELECT '{measure}' AS measure" for measure in measures)
    value = " ".join(f"WHEN '{measure}' THEN {measure}" for measure in measures)
    ranks = ", ".join(f"min(value) FILTER (WHERE upto * 100 >= total * {share})" for share in SHARES.values())
    statement = f"""
        WITH spread AS (
            SELECT {key_of(by, transaction.dialect)} AS about, {community_of(by)} AS near, measure,
                CASE measure {value} END AS value, sum(counted) AS times
            FROM {rows.sql} CROSS JOIN ({each}) AS measures WHERE {where} GROUP BY 1, 2, 3, 4
        ), ranked AS (
            SELECT *, sum(times) OVER (PARTITION BY about, near, measure ORDER BY value) AS upto,
                sum(times) OVER (PARTITION BY about, near, measure) AS total
            FROM spread WHERE value > {UNKNOWN} AND times <> 0
        )
        SELECT about, near, measure, CAST(max(total) AS BIGINT), {ranks}, max(value)
        FROM ranked GROUP BY 1, 2, 3"""
    found: defaultdict[Key, dict[str, Spread]] = defaultdict(dict)
    for about, near, measure, n, *values in transaction.execute(statement, (*rows.values, *where.values)):
        told = dict(zip((*SHARES, "max"), (round(read(value), 2) for value in values), strict=True))
        found[about, near][measure] = Spread(n=n, **told)
    return found


def sums(
    transaction: Transaction, rows: Source, where: Where, by: str, columns: Sequence[str]
) -> dict[Key, dict[str, int]]:
    """What these columns add up to, `counted` the first of them; nothing where that is nothing."""
    added = ", ".join(f"CAST(sum({column}) AS BIGINT)" for column in columns)
    statement = f"""
        SELECT {key_of(by, transaction.dialect)}, {community_of(by)}, {added}
        FROM {rows.sql} WHERE {where} GROUP BY 1, 2 HAVING sum(counted) <> 0"""
    found = transaction.execute(statement, (*rows.values, *where.values))
    return {(about, near): dict(zip(columns, added, strict=True)) for about, near, *added in map(tuple, found)}
