"""A deadline in words a person can add up: day by day what was counted, and what was not and why. Pure.

The lines are whole sentences in Chinese, the same at every door; times are those of Asia/Shanghai.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import groupby

from domain.clocks import IN_DAYS, SHANGHAI, WORKING, Calendar, ClockKind, Deadline, Interval, Limit, deadline

DAY, SECOND, NOTHING = timedelta(days=1), timedelta(seconds=1), timedelta()
WEEKDAYS = "一二三四五六日"
CONTINUOUS = (ClockKind.URGENT_HOURS, ClockKind.CALENDAR_DAYS)


@dataclass(frozen=True)
class Count:
    """A limit counted from `start` on, pauses left out."""

    limit: Limit
    start: datetime
    calendar: Calendar
    pauses: tuple[Interval, ...] = ()

    @cached_property
    def found(self) -> Deadline:
        """When it has elapsed, and the intervals counted."""
        return deadline(self.limit, self.start, self.calendar, self.pauses)

    @cached_property
    def days(self) -> list[CountedDay]:
        """What was counted, cut at midnight; the amounts of all days add up to what was counted in all."""
        intervals = self._as_read()
        pieces = [piece for interval in intervals for piece in _by_day(interval)]
        days, so_far = [], NOTHING
        for day, found in groupby(pieces, key=lambda piece: piece[0].date()):
            spans = tuple(found)
            amount = _total(spans)
            so_far += amount
            days.append(CountedDay(day, spans, amount, so_far))
        return days

    def _as_read(self) -> list[Interval]:
        """The intervals to the second as far as they still add up so, else as exact as they are."""
        exact = [(_local(begins), _local(ends)) for begins, ends in self.found.intervals]
        read = [(begins.replace(microsecond=0), ends.replace(microsecond=0)) for begins, ends in exact]
        return read if self.found.due is None or _total(read) == _total(exact) else exact


@dataclass(frozen=True, slots=True)
class CountedDay:
    """A day on which time was counted: when, how much, and how much with all days before it."""

    day: date
    spans: tuple[Interval, ...]
    amount: timedelta
    so_far: timedelta


def tell_count(count: Count) -> list[str]:
    """The whole account, line by line: the limit, the days, the sum, the due time or why there is none."""
    return [*_heading(count), *_body(count), *_closing(count)]


def _heading(count: Count) -> Iterator[str]:
    start = _local(count.start)
    hours = f"（{amount(_whole(count.limit))}）" if count.limit.kind in IN_DAYS else ""
    yield f"时限{count.limit.label}{hours}，自{_day(start.date())}{_clock(start)}起算"
    if count.limit.kind in CONTINUOUS:
        yield "连续计时，昼夜、周末、节假日都算"
    else:
        hours = "、".join(f"{opens:%H:%M}–{closes:%H:%M}" for opens, closes in WORKING)
        yield f"只计工作日的工作时间{hours}，按工作日历{count.calendar.version}"
    for begins, ends in sorted(count.pauses):
        yield f"挂账不计：{_moment(begins)}至{_moment(ends)}"


def _body(count: Count) -> Iterator[str]:
    next_day = _local(count.start).date()
    for counted in count.days:
        yield from _skipped(count, next_day, counted.day)
        yield _said(count, counted)
        next_day = counted.day + DAY
    if count.found.due is None:
        yield from _skipped(count, next_day, _first_unpublished(count))


def _closing(count: Count) -> Iterator[str]:
    whole = _whole(count.limit)
    counted = count.days[-1].so_far if count.days else NOTHING
    if count.found.due is not None:
        yield f"合计{amount(counted)}，正是时限"
        yield f"到期：{_moment(count.found.due)}"
        return
    yield f"合计{amount(counted)}，还差{amount(whole - counted)}"
    missing = _first_unpublished(count).year
    yield f"到期：未定。{missing}年的工作日历尚未公布，公布并导入后才能确定，现在不作推测"


def _said(count: Count, counted: CountedDay) -> str:
    worked = count.limit.kind not in CONTINUOUS and counted.day.weekday() >= 5
    name = f"{counted.day} {_weekday(counted.day)}{'（调休上班）' if worked else ''}"
    spans = "、".join(f"{_clock(begins)}–{_end(begins, ends)}" for begins, ends in counted.spans)
    return f"{name}　{spans}　计{amount(counted.amount)}，累计{amount(counted.so_far)}"


def _skipped(count: Count, first: date, until: date) -> Iterator[str]:
    """One line for the days from `first` to before `until`, none of which counted."""
    days = [(first + nth * DAY, _reason(count, first + nth * DAY)) for nth in range((until - first).days)]
    runs = [(reason, [day for day, _ in found]) for reason, found in groupby(days, key=lambda one: one[1])]
    if runs:
        yield f"不计：{'；'.join(f'{_stretch(run)}{reason}' for reason, run in runs)}"


def _reason(count: Count, day: date) -> str:
    midnight = datetime.combine(day, time(), SHANGHAI)
    if any(begins <= midnight and midnight + DAY <= ends for begins, ends in count.pauses):
        return "挂账"
    if count.limit.kind not in CONTINUOUS and not count.calendar.works(day):
        return "节假日" if day.weekday() < 5 or day in count.calendar.holidays else "周末"
    if count.start >= datetime.combine(day, WORKING[-1][1], SHANGHAI):
        return "起算时已下班"
    return "挂账"


def _first_unpublished(count: Count) -> date:
    day = _local(count.start).date()
    while day.year in count.calendar.years:
        day = date(day.year + 1, 1, 1)
    return day


def _by_day(interval: Interval) -> Iterator[Interval]:
    begins, ends = interval
    while begins < ends:
        midnight = datetime.combine(begins.date() + DAY, time(), SHANGHAI)
        yield begins, min(ends, midnight)
        begins = midnight


def _total(spans: Iterable[Interval]) -> timedelta:
    return sum((ends - begins for begins, ends in spans), NOTHING)


def _whole(limit: Limit) -> timedelta:
    return timedelta(seconds=limit.seconds)


def _local(moment: datetime) -> datetime:
    return moment.astimezone(SHANGHAI)


def _weekday(day: date) -> str:
    return f"周{WEEKDAYS[day.weekday()]}"


def _day(day: date) -> str:
    return f"{day}（{_weekday(day)}）"


def _moment(moment: datetime) -> str:
    there = _local(moment)
    return f"{_day(there.date())}{_clock(there)}"


def _stretch(run: Sequence[date]) -> str:
    first, last = (f"{day:%m-%d}（{_weekday(day)}）" for day in (run[0], run[-1]))
    return first if len(run) == 1 else f"{first}至{last}"


def _clock(moment: datetime) -> str:
    """A time of day, no more exact than it has to be."""
    whole = f"{moment:%H:%M:%S}" if moment.second or moment.microsecond else f"{moment:%H:%M}"
    return f"{whole}.{moment.microsecond:06d}".rstrip("0") if moment.microsecond else whole


def _end(begins: datetime, ends: datetime) -> str:
    return "24:00" if ends.date() > begins.date() else _clock(ends)


def amount(length: timedelta) -> str:
    """So many hours, minutes and seconds."""
    minutes, rest = divmod(length, timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest / SECOND:.6f}".rstrip("0").rstrip(".")
    parts = ((hours, f"{hours}小时"), (minutes, f"{minutes}分{'' if rest else '钟'}"), (rest, f"{seconds}秒"))
    return "".join(words for number, words in parts if number) or "0分钟"
