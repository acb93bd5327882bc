"""What holds of every deadline, whatever the limit, the start and the suspensions (domain.md §4).

Limits are whole seconds; starts fall anywhere in 2026, to the microsecond.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from math import inf

import time_machine
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from domain.clocks import SHANGHAI, UNIT, ClockKind, Deadline, Interval, Limit, deadline
from domain.counting import Count, tell_count
from tests.clocks.limits import CALENDAR, WITH_2027, at, revised, work_days, work_hours
from tests.clocks.twin import NEW_YEAR, OF_2026, WORKED_HOURS

MICROSECOND, SECOND, DAY = timedelta(microseconds=1), timedelta(seconds=1), timedelta(days=1)
END = NEW_YEAR + 365 * DAY
WORK = (ClockKind.WORK_HOURS, ClockKind.WORK_DAYS)
quickly = settings(max_examples=300, deadline=None, derandomize=True)

kinds = st.sampled_from(ClockKind)
seconds = st.one_of(st.integers(1, 5 * 3600), st.integers(1, 30 * 8 * 3600))
hard = [at(text) for text in ("02-13 18:00", "02-14 18:00", "02-28 08:00", "09-20 12:00", "12-31 17:59")]
starts = st.one_of(
    st.timedeltas(timedelta(), 365 * DAY - MICROSECOND).map(lambda since: NEW_YEAR + since),
    st.builds(lambda moment, off: moment + off, st.sampled_from(hard), st.timedeltas(-2 * DAY, timedelta(minutes=1))),
)


def limit_of(kind: ClockKind, amount: float) -> Limit:
    """So many seconds of that kind of time."""
    return Limit(kind=kind, amount=amount / UNIT[kind])


@st.composite
def around(draw: st.DrawFn, start: datetime) -> tuple[Interval, ...]:
    """Suspensions near a start: in any order, one within the other, or none."""
    begins = draw(st.lists(st.timedeltas(-2 * DAY, 20 * DAY), max_size=3))
    lasts = st.timedeltas(MICROSECOND, 20 * DAY)
    return tuple((start + after, start + after + draw(lasts)) for after in begins)


def elapsed(kind: ClockKind, amount: float, start: datetime, pauses: tuple[Interval, ...] = ()) -> Deadline:
    return deadline(limit_of(kind, amount), start, CALENDAR, pauses)


def order(due: datetime | None) -> float:
    """未定 lies after every due time that can be told: it needs a year that comes after all published."""
    return inf if due is None else due.timestamp()


@quickly
@given(kind=kinds, one=seconds, more=seconds, start=starts, data=st.data())
def test_two_limits_one_after_the_other_are_their_sum(
    kind: ClockKind, one: int, more: int, start: datetime, data: st.DataObject
) -> None:
    """Additivity, to the microsecond, with suspensions too as long as both parts know the same ones; 未定 included."""
    pauses = data.draw(st.one_of(st.just(()), around(start)))
    whole, first = elapsed(kind, one + more, start, pauses), elapsed(kind, one, start, pauses)
    assert whole.due == (first.due and elapsed(kind, more, first.due, pauses).due)


@quickly
@given(kind=kinds, amount=seconds, start=starts, later=st.timedeltas(timedelta(), 20 * DAY), data=st.data())
def test_who_starts_later_is_not_due_earlier(
    kind: ClockKind, amount: int, start: datetime, later: timedelta, data: st.DataObject
) -> None:
    """Monotonicity in the start, for starts in published years."""
    assume(start + later < END)
    pauses = data.draw(around(start))
    first, second = elapsed(kind, amount, start, pauses).due, elapsed(kind, amount, start + later, pauses).due
    assert order(first) <= order(second)


@quickly
@given(kind=kinds, amount=seconds, more=seconds, start=starts, data=st.data())
def test_a_longer_limit_is_due_later(
    kind: ClockKind, amount: int, more: int, start: datetime, data: st.DataObject
) -> None:
    """Monotonicity in the limit, strictly: due is the earliest instant, never one in a break."""
    pauses = data.draw(around(start))
    short, long = elapsed(kind, amount, start, pauses).due, elapsed(kind, amount + more, start, pauses).due
    assert long is None or order(short) < order(long)


@quickly
@given(kind=kinds, amount=seconds, start=starts, data=st.data())
def test_a_suspension_never_shortens(kind: ClockKind, amount: int, start: datetime, data: st.DataObject) -> None:
    pauses = data.draw(around(start))
    dues = [order(elapsed(kind, amount, start, pauses[:count]).due) for count in range(len(pauses) + 1)]
    assert dues == sorted(dues)


@quickly
@given(kind=kinds, amount=seconds, start=starts, data=st.data())
def test_the_intervals_are_the_limit(kind: ClockKind, amount: int, start: datetime, data: st.DataObject) -> None:
    """They add up exactly, follow each other, lie in working time outside every suspension, and end when due."""
    pauses = data.draw(around(start))
    found = elapsed(kind, amount, start, pauses)
    counted = sum((ends - begins for begins, ends in found.intervals), timedelta())
    if found.due is None:
        assert counted < amount * SECOND
    else:
        assert counted == amount * SECOND
        assert found.intervals[-1][1] == found.due
    assert all(start <= begins < ends for begins, ends in found.intervals)
    assert all(ends < begins for (_, ends), (begins, _) in pairwise(found.intervals))
    assert not any(begins < to and since < ends for begins, ends in found.intervals for since, to in pauses)
    assert kind not in WORK or all(map(worked_through, found.intervals))


def worked_through(interval: Interval) -> bool:
    """Whether it lies in one morning or one afternoon of a working day."""
    begins, ends = (end.astimezone(SHANGHAI) for end in (interval[0], interval[1] - MICROSECOND))
    half = [hour for hour in WORKED_HOURS if (hour < 13) == (begins.hour < 13)]
    return OF_2026.works(begins.date()) and begins.date() == ends.date() and {begins.hour, ends.hour} <= set(half)


@quickly
@given(kind=kinds, amount=seconds, start=starts, nth=st.integers(1, 2), data=st.data())
def test_an_extension_adds_one_original_limit(
    kind: ClockKind, amount: int, start: datetime, nth: int, data: st.DataObject
) -> None:
    pauses = data.draw(around(start))
    due: datetime | None = start
    for _ in range(1 + nth):
        due = due and elapsed(kind, amount, due, pauses).due
    assert deadline(limit_of(kind, amount).times(1 + nth), start, CALENDAR, pauses).due == due


@quickly
@given(
    kind=kinds, amount=seconds, more=seconds, start=starts, later=st.timedeltas(timedelta(), 9 * DAY), data=st.data()
)
def test_a_light_is_yellow_before_it_is_red_and_never_earlier_for_more(
    kind: ClockKind, amount: int, more: int, start: datetime, later: timedelta, data: st.DataObject
) -> None:
    assume(start + later < END)
    pauses, share = data.draw(around(start)), 0.8
    limit, longer = limit_of(kind, amount), limit_of(kind, amount + more)

    def yellow(limit: Limit, start: datetime) -> float:
        return order(deadline(limit.times(share), start, CALENDAR, pauses).due)

    red = deadline(limit, start, CALENDAR, pauses).due
    assert yellow(limit, start) < order(red) or red is None
    assert yellow(limit, start) <= yellow(longer, start)
    assert yellow(limit, start) <= yellow(limit, start + later)


@quickly
@given(
    kind=kinds,
    amount=seconds,
    start=starts,
    server=st.sampled_from(["1999-12-31 23:59", "2026-02-14 10:00", "2027-03-01 09:00", "2100-01-01 00:00"]),
    data=st.data(),
)
def test_no_clock_is_read(kind: ClockKind, amount: int, start: datetime, server: str, data: st.DataObject) -> None:
    """Independence of evaluation time: whenever it is asked, the same is answered, in words too."""
    pauses = data.draw(around(start))
    now = elapsed(kind, amount, start, pauses)
    told = tell_count(Count(limit_of(kind, amount), start, CALENDAR, pauses))
    with time_machine.travel(datetime.fromisoformat(server).replace(tzinfo=SHANGHAI), tick=False):
        assert elapsed(kind, amount, start, pauses) == now
        assert tell_count(Count(limit_of(kind, amount), start, CALENDAR, pauses)) == told


@quickly
@given(kind=kinds, amount=seconds, start=starts, data=st.data())
@example(kind=ClockKind.WORK_HOURS, amount=3600, start=at("12-31 17:00"), data=None)
@example(kind=ClockKind.WORK_HOURS, amount=3601, start=at("12-31 17:00"), data=None)
def test_a_later_year_never_moves_what_was_determined(
    kind: ClockKind, amount: int, start: datetime, data: st.DataObject | None
) -> None:
    """A newer calendar that leaves the published years as they are only answers what was 未定."""
    pauses = data.draw(around(start)) if data else ()
    before, after = (deadline(limit_of(kind, amount), start, known, pauses) for known in (CALENDAR, WITH_2027))
    assert after == before or before.due is None
    assert after.intervals[: len(before.intervals)] == before.intervals
    assert after.due is not None


def test_a_revised_year_moves_only_who_is_counted_on_the_revision() -> None:
    """2020: 春节 was made longer when it had begun. Whoever keeps the older version keeps the due time."""
    longer = revised(version="cn-2026b", holidays=CALENDAR.holidays | {date(2026, 2, 24)})
    start, limit = at("02-14 16:00"), work_hours(4)
    assert deadline(limit, start, CALENDAR).due == at("02-24 10:00")
    assert deadline(limit, start, longer).due == at("02-25 10:00")
    assert deadline(limit, at("03-02 09:00"), longer) == deadline(limit, at("03-02 09:00"), CALENDAR)


def test_every_sum_of_two_parts_of_a_limit() -> None:
    """Across 春节 and a Saturday made up, split at each quarter of an hour of two work days."""
    whole = deadline(work_days(2), at("02-14 10:00"), CALENDAR).due
    for quarters in range(1, 64):
        middle = deadline(work_hours(quarters / 4), at("02-14 10:00"), CALENDAR).due
        assert middle is not None
        assert deadline(work_hours(16 - quarters / 4), middle, CALENDAR).due == whole
