"""Rule table + calendar → which time counts, deadlines, and the intervals counted. Pure.

Times are aware; working time is that of Asia/Shanghai. Durations are seconds unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.model import Labelled, Model, Urgency

SHANGHAI = ZoneInfo("Asia/Shanghai")
WORKING = ((time(8), time(12)), (time(14), time(18)))
Interval = tuple[datetime, datetime]


class ClockKind(Labelled):
    """How a limit is counted."""

    URGENT_HOURS = "urgent_hours", "紧急工作时"
    WORK_HOURS = "work_hours", "工作时"
    WORK_DAYS = "work_days", "工作日"
    CALENDAR_DAYS = "calendar_days", "自然日"


UNIT = {  # seconds in one unit of each kind; a work day is 8 work hours
    ClockKind.URGENT_HOURS: 3600,
    ClockKind.WORK_HOURS: 3600,
    ClockKind.WORK_DAYS: 8 * 3600,
    ClockKind.CALENDAR_DAYS: 24 * 3600,
}


class Limit(Model):
    """So many units of a kind of time; `amount` may be a fraction of an hour."""

    kind: ClockKind
    amount: float

    @property
    def seconds(self) -> float:
        return self.amount * UNIT[self.kind]


class RuleTable(Model):
    """One version of the numbers the rules use. Defaults from municipal practice, never constants in a rule."""

    version: str
    claim_tolerance: int = 30 * 60
    """A claimed time counts when recorded within this many seconds."""
    clock_skew: int = 60
    """How many seconds ahead of the server a claimed time may be."""
    handle: Mapping[Urgency, Limit]
    """accepted → resolved, by urgency."""
    extensions: int = 2
    suspensions: int = 1
    suspension_days: int = 365
    returns: int = 2
    """After this many returns only a binding dispatch by a higher level."""
    unreachable_tries: int = 3
    unreachable_days: int = 2


class Calendar(Model):
    """Published working days: the years covered, free weekdays and working weekend days (调休)."""

    version: str
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


@dataclass(frozen=True, slots=True)
class Clocks:
    """Every version of rule table and calendar in force or once in force; the last of each is current."""

    tables: dict[str, RuleTable]
    calendars: dict[str, Calendar]

    @property
    def table(self) -> RuleTable:
        return next(reversed(self.tables.values()))

    @property
    def calendar(self) -> Calendar:
        return next(reversed(self.calendars.values()))


def effective(occurred: datetime, recorded: datetime, started: datetime | None, table: RuleTable) -> datetime:
    """The time clocks and views use: the claimed one if prompt and not before the case, else the recorded one.

    Source: domain.md §4. Nobody types their own punctuality.
    """
    prompt = occurred <= recorded <= occurred + timedelta(seconds=table.claim_tolerance)
    return occurred if prompt and (started is None or occurred >= started) else recorded


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


Window = tuple[datetime, datetime | None]


def _windows(kind: ClockKind, start: datetime, calendar: Calendar) -> Iterator[Window]:
    """Stretches of time that count, from `start`; they end where the calendar is not published."""
    if kind in (ClockKind.URGENT_HOURS, ClockKind.CALENDAR_DAYS):
        yield start, None
        return
    day = start.astimezone(SHANGHAI).date()
    while day.year in calendar.years:
        if calendar.works(day):
            for opens, closes in WORKING:
                begins = max(start, datetime.combine(day, opens, SHANGHAI).astimezone(UTC))
                ends = datetime.combine(day, closes, SHANGHAI).astimezone(UTC)
                if begins < ends:
                    yield begins, ends
        day += timedelta(days=1)


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
