"""What defines a figure: words, and SQL over cycles or over what is owed to households and by members."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date
from typing import Literal

from domain.model import Labelled
from projections.cycles import DAYS, Cycles
from projections.obligations import DUTIES, Fulfilled, Obligations

BASE = "there = 1 AND counts = 1 AND stage <> 'voided'"
"""重复件、作废件 never count: they are counted with their primary, or not at all."""
PERIODS = {"handle_due_on": "处置时限到期的日子", "arrive_due_on": "到场时限到期的日子", "handled_on": "办结的日子"}
"""The days that say which period a cycle belongs to, in words."""
DEFAULT_SOURCE = "domain.md §5；市政通行做法"


def past(day: str) -> str:
    """As SQL, that the time of a day is past: what is due at this very moment is not late yet."""
    return f"{DAYS[day]} {'<=' if day == 'handled_on' else '<'} ?"


class Unit(Labelled):
    """What a figure is."""

    RATE = "rate", "比率"
    MEAN = "mean", "均值"


@dataclass(frozen=True, kw_only=True)
class Definition(ABC):
    """One version of one figure, in words."""

    code: str
    label: str
    numerator: str
    denominator: str
    exclusions: str
    unit: Unit = Unit.RATE
    version: int = 1
    valid_from: date = date(2026, 1, 1)
    source: str = DEFAULT_SOURCE
    beside: str | None = None
    """The figure without which this one is never told."""

    @property
    def formula(self) -> str:
        """In words."""
        return f"{self.label} = {self.numerator} ÷ {self.denominator}"

    @property
    @abstractmethod
    def period(self) -> str:
        """In words, the day that says which period something belongs to."""

    @property
    @abstractmethod
    def sql(self) -> str:
        """The whole SELECT, for whoever wants to do the sum again, and what the question marks in it are."""


@dataclass(frozen=True, kw_only=True)
class OfCycles(Definition):
    """Counted from cycles; `hit`, `of`, `met` and `counts` are SQL over a row of theirs."""

    day: Literal["handle_due_on", "arrive_due_on", "handled_on"]
    counts: str
    met: str = "true"
    hit: str = "1"
    of: str = "1"

    @property
    def period(self) -> str:
        return PERIODS[self.day]

    @property
    def sums(self) -> tuple[str, str]:
        """As SQL, what stands above the line and below it; `BASE` and the period are for the whole query."""
        return (
            f"coalesce(sum({self.hit}) FILTER (WHERE {self.counts} AND {self.met}), 0)",
            f"coalesce(sum({self.of}) FILTER (WHERE {self.counts}), 0)",
        )

    @property
    def sql(self) -> str:
        """Of the first and the last day of the period, and of now (microseconds)."""
        above, below = self.sums
        period = f"{self.day} BETWEEN ? AND ? AND {past(self.day)}"
        return f'SELECT {above}, {below} FROM "{Cycles.name}" WHERE {BASE} AND {period}'


@dataclass(frozen=True, kw_only=True)
class OfRolls(Definition):
    """Counted from what is owed to households or by members in every month, half-year or year that is over.

    `stands` is SQL over an obligation and the first and last day of the period: whether it is owed in it. `sensitive`
    says that whoever is behind it belongs to a sensitive group.
    """

    duty: Literal["coverage", "must_visit", "service"]
    months: Literal[1, 6, 12]
    stands: str
    sensitive: bool = False

    @property
    def period(self) -> str:
        return {1: "每月末", 6: "每半年末", 12: "每年末"}[self.months]

    @property
    def done(self) -> str:
        """As SQL over the same, how often it was done in the period."""
        when = """done.month BETWEEN substr("first", 1, 7) AND substr("last", 1, 7)"""
        whose = f"done.id = owed.id AND done.roll = '{DUTIES[self.duty]}'"
        times = "CAST(coalesce(sum(times), 0) AS BIGINT)"
        return f'(SELECT {times} FROM "{Fulfilled.name}" AS done WHERE {whose} AND {when})'

    @property
    def sql(self) -> str:
        """Of the first and the last day of one such month, half-year or year."""
        period = 'CROSS JOIN (SELECT ? AS "first", ? AS "last") AS period'
        return (
            f"SELECT coalesce(sum(CASE WHEN {self.done} > 0 THEN 1 ELSE 0 END), 0), count(*) "
            f"""FROM "{Obligations.name}" AS owed {period} WHERE duty = '{self.duty}' AND {self.stands}"""
        )
