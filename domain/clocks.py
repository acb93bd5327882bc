"""Rule table + calendar → which time counts, deadlines, and the intervals counted. Pure.

Times are aware; working time is that of Asia/Shanghai. Durations are seconds unless said otherwise.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from pydantic import Field

from domain.model import Code, Instant, Labelled, Model, Urgency

SHANGHAI = ZoneInfo("Asia/Shanghai")
WORKING = ((time(8), time(12)), (time(14), time(18)))
Interval = tuple[datetime, datetime]


class ClockKind(Labelled):
    """How a limit is counted."""

    URGENT_HOURS = "urgent_hours", "紧急工作时"
    WORK_HOURS = "work_hours", "工作时"
    WORK_DAYS = "work_days", "工作日"
    CALENDAR_DAYS = "calendar_days", "自然日"


class Light(Labelled):
    """灯: how far a clock has run, as people see it from afar."""

    GREEN = "green", "绿灯"
    YELLOW = "yellow", "黄灯"
    RED = "red", "红灯"
    UNDETERMINED = "undetermined", "未定"


UNIT = {  # seconds in one unit of each kind; a work day is 8 work hours
    ClockKind.URGENT_HOURS: 3600,
    ClockKind.WORK_HOURS: 3600,
    ClockKind.WORK_DAYS: 8 * 3600,
    ClockKind.CALENDAR_DAYS: 24 * 3600,
}


IN_DAYS = frozenset({ClockKind.WORK_DAYS, ClockKind.CALENDAR_DAYS})


class Limit(Model):
    """So many units of a kind of time; `amount` may be a fraction of an hour."""

    kind: ClockKind
    amount: Annotated[float, Field(gt=0, le=10_000)]

    @property
    def seconds(self) -> float:
        return self.amount * UNIT[self.kind]

    @property
    def label(self) -> str:
        """As people say it: 7个工作日, 15分钟（紧急工作时）."""
        if self.kind in IN_DAYS:
            return f"{self.amount:g}个{self.kind.label}"
        hours = f"{self.amount:g}小时" if self.amount >= 1 else f"{self.amount * 60:g}分钟"
        return f"{hours}（{self.kind.label}）"

    def times(self, factor: float) -> Limit:
        """So many times this limit."""
        return self.model_copy(update={"amount": self.amount * factor})


ALWAYS = datetime(1949, 10, 1, tzinfo=SHANGHAI)
"""Valid from before any case there is."""


class RuleTable(Model):
    """One version of the numbers the rules use. Defaults from municipal practice, never constants in a rule."""

    version: Code
    valid_from: Instant = ALWAYS
    """Governs cases reported from then on."""
    claim_tolerance: int = Field(default=30 * 60, ge=0, le=31 * 24 * 3600)
    """A claimed time counts when recorded within this many seconds."""
    clock_skew: int = Field(default=60, ge=0, le=24 * 3600)
    """How many seconds ahead of the server a claimed time may be."""
    accept: Limit
    """reported → accepted or rejected."""
    dispatch: Limit
    """accepted → first dispatched or arrived."""
    arrive: Mapping[str, Limit]
    """reported → first arrived, by kind; a kind that is not here need not be attended."""
    handle: Mapping[Urgency, Limit]
    """accepted → resolved, by urgency."""
    help: Limit
    """Called → answered."""
    help_complex: Limit
    check: Limit
    """resolved → checked."""
    check_rural: Limit
    yellow: Annotated[float, Field(gt=0, lt=1)] = 0.8
    """The share of a limit after which its light turns yellow."""
    extensions: int = Field(default=2, ge=0, le=100)
    suspensions: int = Field(default=1, ge=0, le=100)
    suspension_days: int = Field(default=365, ge=1, le=3660)
    returns: int = Field(default=2, ge=0, le=100)
    """After this many returns only a binding dispatch by a higher level."""
    unreachable_tries: int = Field(default=3, ge=1, le=100)
    unreachable_days: int = Field(default=2, ge=1, le=366)
    alike_metres: int = Field(default=50, ge=1, le=500)
    """Open cases of one category this near to each other may be about one matter …"""
    alike_hours: int = Field(default=24, ge=1, le=24 * 31)
    """… when reported within so many hours."""


class Calendar(Model):
    """Published working days: the years covered, free weekdays and working weekend days (调休)."""

    version: Code
    valid_from: Instant = ALWAYS
    """Governs cases reported from then on, and older ones that wait for a year it publishes."""
    years: frozenset[int]
    holidays: frozenset[date] = frozenset()
    made_up: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        return day in self.made_up or (day.weekday() < 5 and day not in self.holidays)


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a limit has elapsed, and what was counted to get there.

    `due` is None while the calendar it needs is not published: 未定, never guessed.
    """

    due: datetime | None
    intervals: tuple[Interval, ...]

    def passed(self, at: datetime) -> bool:
        return self.due is not None and at > self.due


@dataclass(frozen=True)
class Clocks:
    """Every version of rule table and calendar ever adopted, by version, in order of adoption."""

    tables: Mapping[str, RuleTable]
    calendars: Mapping[str, Calendar]

    def table_at(self, moment: datetime) -> RuleTable:
        """What governs a case reported at that moment: the last adopted of those valid by then."""
        return _in_force(self.tables.values(), moment)

    def calendar_at(self, moment: datetime) -> Calendar:
        return _in_force(self.calendars.values(), moment)


Book = TypeVar("Book", RuleTable, Calendar)


def _in_force(versions: Iterable[Book], moment: datetime) -> Book:
    adopted = list(versions)
    return next((book for book in reversed(adopted) if book.valid_from <= moment), adopted[0])


def effective(occurred: datetime, recorded: datetime, follows: datetime | None, table: RuleTable) -> datetime:
    """The time clocks and views use: the claimed one if prompt and not before what it follows, else the recorded one.

    Source: domain.md §4. Nobody types their own punctuality.
    """
    prompt = occurred <= recorded <= occurred + timedelta(seconds=table.claim_tolerance)
    return occurred if prompt and (follows is None or occurred >= follows) else recorded


def deadline(limit: Limit, start: datetime, calendar: Calendar, pauses: Iterable[Interval] = ()) -> Deadline:
    """The earliest instant by which `limit` has elapsed after `start`, pauses not counted."""
    left, counted = timedelta(seconds=limit.seconds), []
    for opens, ends in _outside(pauses, _windows(limit.kind, start, calendar)):
        if ends is not None and ends - opens < left:
            counted.append((opens, ends))
            left -= ends - opens
        else:
            counted.append((opens, opens + left))
            return Deadline(opens + left, tuple(counted))
    return Deadline(None, tuple(counted))


def spent(start: datetime, end: datetime, pauses: Iterable[Interval] = ()) -> float:
    """Seconds from `start` to `end`, pauses not counted."""
    return _total(start, end, pauses, iter([(start, None)]))


def worked(start: datetime, end: datetime, calendar: Calendar, pauses: Iterable[Interval] = ()) -> float | None:
    """Working seconds from `start` to `end`, pauses not counted; None where a year of it is not published."""
    years = range(start.astimezone(SHANGHAI).year, end.astimezone(SHANGHAI).year + 1)
    if not calendar.years.issuperset(years):
        return None
    return _total(start, end, pauses, _windows(ClockKind.WORK_HOURS, start, calendar))


def _total(start: datetime, end: datetime, pauses: Iterable[Interval], windows: Iterator[Window]) -> float:
    total = timedelta()
    for opens, ends in _outside(pauses, windows):
        if opens >= end:
            break
        total += (end if ends is None else min(ends, end)) - opens
    return total.total_seconds()


Window = tuple[datetime, datetime | None]


def _windows(kind: ClockKind, start: datetime, calendar: Calendar) -> Iterator[Window]:
    """Stretches of time that count, from `start`; they end where the calendar is not published."""
    if kind in (ClockKind.URGENT_HOURS, ClockKind.CALENDAR_DAYS):
        yield start, None
        return
    year = start.astimezone(SHANGHAI).year
    shifts = _shifts(calendar)
    for nth in range(bisect_right(shifts, start, key=_closing), len(shifts)):
        opens, ends = shifts[nth]
        next_year = ends.astimezone(SHANGHAI).year
        if next_year > year + 1 or year not in calendar.years:
            return  # a year between is not published
        year = next_year
        yield max(start, opens), ends


@lru_cache
def _shifts(calendar: Calendar) -> tuple[Interval, ...]:
    """Every stretch of working time of the years covered, in order."""
    days = (date(year, 1, 1) + timedelta(days=nth) for year in sorted(calendar.years) for nth in range(366))
    return tuple(
        (
            datetime.combine(day, opens, SHANGHAI).astimezone(UTC),
            datetime.combine(day, closes, SHANGHAI).astimezone(UTC),
        )
        for day in dict.fromkeys(days)
        if day.year in calendar.years and calendar.works(day)
        for opens, closes in WORKING
    )


def _closing(shift: Interval) -> datetime:
    return shift[1]


def _outside(pauses: Iterable[Interval], windows: Iterator[Window]) -> Iterator[Window]:
    """The windows with the pauses cut out."""
    breaks = sorted(pauses)
    for opens, ends in windows:
        at = opens
        for pause_from, pause_to in breaks:
            if pause_to <= at or (ends is not None and pause_from >= ends):
                continue
            if pause_from > at:
                yield at, pause_from
            at = pause_to
        if ends is None or at < ends:
            yield at, ends
