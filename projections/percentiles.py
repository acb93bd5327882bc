"""分位数: durations in log-scale buckets, whose counts add up, and percentiles of whatever was counted."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
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


class Figures:
    """What adds up in one row: its counts, and how often each value of each measure was found."""

    def __init__(self, measures: Sequence[str], counts: Sequence[str]) -> None:
        self.counts = dict.fromkeys(counts, 0)
        self._found: dict[str, dict[int, int]] = {measure: {} for measure in measures}

    def add(self, values: Sequence[int], counts: Sequence[int]) -> None:
        """So many more that took so long, in the order of measures and counts; the first count says how many."""
        for name, count in zip(self.counts, counts, strict=True):
            self.counts[name] += count
        for found, value in zip(self._found.values(), values, strict=True):
            found[value] = found.get(value, 0) + counts[0]

    def spread(self, measure: str, read: Callable[[int], float] = seconds) -> Spread:
        """The nearest ranks: the least value that so many of a hundred do not exceed; `read` makes seconds of it."""
        counted = sorted((value, n) for value, n in self._found[measure].items() if n and value > UNKNOWN)
        if not counted:
            return Spread()
        values, upto = [value for value, _ in counted], list(accumulate(n for _, n in counted))
        ranks = {name: bisect_left(upto, -(-upto[-1] * share // 100)) for name, share in SHARES.items()}
        told = {name: round(read(values[rank]), 2) for name, rank in ranks.items()}
        return Spread(n=upto[-1], max=round(read(values[-1]), 2), **told)


def figures(
    transaction: Transaction, rows: Source, where: Where, by: str, measures: Sequence[str], counts: Sequence[str]
) -> dict[Key, Figures]:
    """What there is of each key; nothing where the first of the counts adds up to nothing."""
    added = ", ".join(f"CAST(sum({count}) AS BIGINT)" for count in counts)
    columns = range(1, 3 + len(measures))
    statement = f"""
        SELECT {key_of(by, transaction.dialect)}, {community_of(by)}, {", ".join(measures)}, {added}
        FROM {rows.sql} WHERE {where} GROUP BY {", ".join(map(str, columns))}"""
    found: dict[Key, Figures] = {}
    for about, near, *row in transaction.execute(statement, (*rows.values, *where.values)):
        if (about, near) not in found:
            found[about, near] = Figures(measures, counts)
        found[about, near].add(row[: len(measures)], row[len(measures) :])
    return {key: one for key, one in found.items() if one.counts[counts[0]]}
