"""A slow twin of `domain.clocks.deadline`: domain.md §4 counted on the fingers, one minute after the other.

It shares no calendar, no hours and no arithmetic with what it checks. Moments are ticks (minutes, unless said
otherwise) since the new year of 2026 on a clock in Shanghai, which knows no summer time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from itertools import pairwise

from domain.clocks import ClockKind, Interval

NEW_YEAR = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=8)))
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WORKED_HOURS = (8, 9, 10, 11, 14, 15, 16, 17)
CONTINUOUS = (ClockKind.URGENT_HOURS, ClockKind.CALENDAR_DAYS)
MINUTES_OF = {
    ClockKind.URGENT_HOURS: 60,
    ClockKind.WORK_HOURS: 60,
    ClockKind.WORK_DAYS: 8 * 60,
    ClockKind.CALENDAR_DAYS: 24 * 60,
}
Span = tuple[int, int]


@dataclass(frozen=True)
class Notice:
    """What the 国务院办公厅 announces for a year: the days off, first to last, and the weekend days worked."""

    year: int
    off: tuple[str, ...]
    worked: tuple[str, ...]

    @cached_property
    def free(self) -> frozenset[date]:
        """Every day off, weekends within included."""
        stretches = [tuple(map(self._day, stretch.split(".."))) for stretch in self.off]
        return frozenset(
            first + timedelta(days=nth) for first, last in stretches for nth in range((last - first).days + 1)
        )

    @cached_property
    def made_up(self) -> frozenset[date]:
        return frozenset(map(self._day, self.worked))

    @property
    def days(self) -> range:
        """Its days, counted from the new year of 2026."""
        first, last = (date(year, 1, 1).toordinal() - NEW_YEAR.toordinal() for year in (self.year, self.year + 1))
        return range(first, last)

    def works(self, day: date) -> bool:
        return day in self.made_up or not (day.isoweekday() in (6, 7) or day in self.free)

    def _day(self, month_and_day: str) -> date:
        return date.fromisoformat(f"{self.year}-{month_and_day}")


OF_2026 = Notice(
    2026,
    off=(
        "01-01..01-03",
        "02-15..02-23",
        "04-04..04-06",
        "05-01..05-05",
        "06-19..06-21",
        "09-25..09-27",
        "10-01..10-07",
    ),
    worked=("01-04", "02-14", "02-28", "05-09", "09-20", "10-10"),
)
"""国务院办公厅关于2026年部分节假日安排的通知, as 新华社 printed it on 4 November 2025; typed off by hand."""
INVENTED_2027 = Notice(2027, off=("01-01..01-03", "02-05..02-11"), worked=("01-09", "02-20"))
"""No notice for 2027 is published: these days are made up for the tests that import one."""


class Twin:
    """Counts on the notices of one or more years on end, from 2026 on; `tick` is how finely."""

    def __init__(self, *notices: Notice, tick: timedelta = MINUTE) -> None:
        self.tick, self.ticks_of_a_day = tick, DAY // tick
        days = [(notice, NEW_YEAR.date() + nth * DAY) for notice in notices for nth in notice.days]
        self.days = [notice.works(day) for notice, day in days]

    def at(self, moment: datetime) -> int:
        """The tick of a moment that falls on one."""
        ticks, rest = divmod(moment - NEW_YEAR, self.tick)
        assert not rest, f"{moment} lies between two ticks"
        return ticks

    def moment(self, tick: int) -> datetime:
        return NEW_YEAR + tick * self.tick

    def worked(self, tick: int) -> bool | None:
        """Whether working time goes on during this tick; None while nobody knows."""
        day, of_the_day = divmod(tick, self.ticks_of_a_day)
        if day >= len(self.days):
            return None
        return self.days[day] and of_the_day * 24 // self.ticks_of_a_day in WORKED_HOURS

    @cached_property
    def worked_ticks(self) -> list[int]:
        """Every tick of working time there is, found by looking at each."""
        return [tick for tick in range(len(self.days) * self.ticks_of_a_day) if self.worked(tick)]

    def due(self, kind: ClockKind, ticks: int, start: int) -> int | None:
        """The first tick by which so many have gone since `start`; None where the notices end before."""
        if kind in CONTINUOUS:
            return start + ticks
        last = bisect_left(self.worked_ticks, start) + ticks - 1
        return self.worked_ticks[last] + 1 if last < len(self.worked_ticks) else None

    def walk(self, kind: ClockKind, ticks: int, start: int, pauses: Sequence[Span] = ()) -> list[int] | None:
        """Every tick counted, one after the other; None where the notices end before they are enough."""
        counted: list[int] = []
        now = start
        while len(counted) < ticks:
            worked = True if kind in CONTINUOUS else self.worked(now)
            if worked is None:
                return None
            if worked and not any(begins <= now < ends for begins, ends in pauses):
                counted.append(now)
            now += 1
        return counted

    def spans(self, counted: Sequence[int]) -> list[Interval]:
        """Ticks counted, as the stretches they make."""
        gaps = [before for before, after in pairwise(counted) if after > before + 1]
        resumed = [after for before, after in pairwise(counted) if after > before + 1]
        begins, ends = [counted[0], *resumed], [*gaps, counted[-1]]
        return [(self.moment(first), self.moment(last + 1)) for first, last in zip(begins, ends, strict=True)]
