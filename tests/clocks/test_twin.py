"""Counted twice: by `deadline`, and by its slow twin minute by minute, over all of 2026 and where it is hardest."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clocks import UNIT, Calendar, ClockKind, Interval, Limit, deadline
from tests.clocks.limits import CALENDAR, WITH_2027, at, calendar_days, revised, urgent, work_days, work_hours
from tests.clocks.twin import INVENTED_2027, MINUTES_OF, OF_2026, Twin

TWIN = Twin(OF_2026)
YEAR = 365 * 24 * 60
EVERY_LIMIT = [
    *(urgent(amount) for amount in (0.25, 0.5, 1, 2, 24)),
    *(work_hours(amount) for amount in (0.25, 1, 4)),
    *(work_days(amount) for amount in (1, 7, 15)),
    calendar_days(3),
]


def minutes_of(limit: Limit) -> int:
    return round(limit.amount * MINUTES_OF[limit.kind])


def disagreements(limit: Limit, starts: range, calendar: Calendar = CALENDAR, twin: Twin = TWIN) -> list[str]:
    """The starts, in minutes of the year, from which the two find another due time."""
    minutes, found = minutes_of(limit), []
    for start in starts:
        due, expected = deadline(limit, twin.moment(start), calendar).due, twin.due(limit.kind, minutes, start)
        if due != (None if expected is None else twin.moment(expected)):
            found.append(f"{twin.moment(start)}: {due}, by the minute {expected and twin.moment(expected)}")
    return found


def test_every_day_of_2026_is_worked_or_free_as_announced() -> None:
    days = [date(2026, 1, 1) + timedelta(days=nth) for nth in range(365)]
    assert [day for day in days if CALENDAR.works(day) != OF_2026.works(day)] == []
    assert {day for day in CALENDAR.holidays if day.year == 2026} == {day for day in OF_2026.free if day.weekday() < 5}
    assert {day for day in CALENDAR.made_up if day.year == 2026} == OF_2026.made_up
    assert sum(map(CALENDAR.works, days)) == 248
    assert max(CALENDAR.years) == 2026


@pytest.mark.parametrize("limit", EVERY_LIMIT, ids=lambda limit: limit.label)
def test_from_every_quarter_of_an_hour_of_2026(limit: Limit) -> None:
    assert disagreements(limit, range(0, YEAR, 15)) == []


@pytest.mark.parametrize(
    ("first", "last"),
    [("02-12 00:00", "02-25 00:00"), ("02-27 12:00", "03-02 12:00"), ("09-19 00:00", "09-21 12:00")],
    ids=["春节", "a Saturday worked", "a Sunday worked"],
)
@pytest.mark.parametrize("limit", [work_hours(4), work_days(1)], ids=lambda limit: limit.label)
def test_from_every_minute_where_it_is_hardest(limit: Limit, first: str, last: str) -> None:
    assert disagreements(limit, range(TWIN.at(at(first)), TWIN.at(at(last)))) == []


def test_from_every_minute_of_the_last_day_published() -> None:
    """Some of it still fits, the rest is 未定: `disagreements` holds None against None."""
    last_day = range(YEAR - 24 * 60, YEAR)
    for limit in EVERY_LIMIT:
        assert disagreements(limit, last_day) == [], limit.label
    assert TWIN.due(ClockKind.WORK_HOURS, 60, TWIN.at(at("12-31 17:00"))) is not None
    assert TWIN.due(ClockKind.WORK_HOURS, 60, TWIN.at(at("12-31 17:01"))) is None


def test_into_a_year_published_later() -> None:
    longer = Twin(OF_2026, INVENTED_2027)
    december_and_january = range(YEAR - 31 * 24 * 60, YEAR + 31 * 24 * 60, 15)
    for limit in (work_hours(4), work_days(7), work_days(15)):
        assert disagreements(limit, december_and_january, WITH_2027, longer) == [], limit.label


def test_a_year_missing_between_is_not_jumped() -> None:
    leap = revised(years=CALENDAR.years | {2028})
    assert disagreements(work_hours(4), range(YEAR - 5 * 24 * 60, YEAR + 5 * 24 * 60, 15), leap) == []


kinds = st.sampled_from(ClockKind)
within_the_year = st.integers(0, YEAR - 1)
around_the_spring_festival = st.integers(TWIN.at(at("02-11 00:00")), TWIN.at(at("03-02 00:00")))
at_the_end_of_the_calendar = st.integers(TWIN.at(at("12-28 00:00")), YEAR + 3 * 24 * 60)
starts = st.one_of(within_the_year, around_the_spring_festival, at_the_end_of_the_calendar)


@st.composite
def paused(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    """A start, and stretches left out near it: minutes, hours, or a holiday and more."""
    start = draw(starts)
    begins = st.integers(start - 600, start + 6 * 24 * 60)
    lasts = st.one_of(st.integers(1, 600), st.integers(600, 15 * 24 * 60))
    return start, draw(st.lists(st.tuples(begins, lasts).map(lambda one: (one[0], sum(one))), max_size=3))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(kind=kinds, minutes=st.integers(1, 3000), when=paused())
def test_the_very_minutes_counted(kind: ClockKind, minutes: int, when: tuple[int, list[tuple[int, int]]]) -> None:
    start, pauses = when
    limit = Limit(kind=kind, amount=minutes / MINUTES_OF[kind])
    left_out: list[Interval] = [(TWIN.moment(begins), TWIN.moment(ends)) for begins, ends in pauses]
    found = deadline(limit, TWIN.moment(start), CALENDAR, left_out)
    counted = TWIN.walk(kind, minutes, start, pauses)
    if counted is None:
        assert found.due is None
    else:
        assert found.due == TWIN.moment(counted[-1] + 1)
        assert list(found.intervals) == TWIN.spans(counted)


SECONDS = Twin(OF_2026, tick=timedelta(seconds=1))
FORTNIGHT = (at("02-12 00:00"), at("02-26 00:00"))
seconds = st.integers(*(SECONDS.at(end) for end in FORTNIGHT))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(kind=kinds, amount=st.integers(1, 5000), start=seconds, pause=st.tuples(seconds, st.integers(1, 50_000)))
def test_to_the_second(kind: ClockKind, amount: int, start: int, pause: tuple[int, int]) -> None:
    left_out = (pause[0], sum(pause))
    limit = Limit(kind=kind, amount=amount / UNIT[kind])
    found = deadline(
        limit, SECONDS.moment(start), CALENDAR, [(SECONDS.moment(left_out[0]), SECONDS.moment(left_out[1]))]
    )
    counted = SECONDS.walk(kind, amount, start, [left_out])
    assert counted is not None
    assert list(found.intervals) == SECONDS.spans(counted)
    assert found.due == SECONDS.moment(counted[-1] + 1)


CROSSING = [
    ("春节", work_hours(4), "02-14 16:00", [], "02-24 10:00"),
    ("a Saturday made up", work_days(1), "02-27 14:00", [], "02-28 12:00"),
    ("a Sunday made up", work_days(1), "09-18 14:00", [], "09-20 12:00"),
    ("midnight", urgent(2), "03-02 23:00", [], "03-03 01:00"),
    ("a suspension with 国庆 inside", work_days(2), "09-29 14:00", [("09-30 08:00", "10-08 10:00")], "10-09 16:00"),
    (
        "a suspension that ends within a holiday",
        work_days(1),
        "09-30 14:00",
        [("09-30 16:00", "10-03 09:00")],
        "10-08 16:00",
    ),
    ("the end of the published calendar", work_hours(4), "12-31 15:00", [], None),
]


@pytest.mark.parametrize(("story", "limit", "start", "left_out", "due"), CROSSING, ids=[row[0] for row in CROSSING])
def test_what_it_crosses(
    story: str, limit: Limit, start: str, left_out: list[tuple[str, str]], due: str | None
) -> None:
    """Worked out by hand, by `deadline` and by the twin."""
    expected = at(due) if due else None
    pauses: list[Interval] = [(at(begins), at(ends)) for begins, ends in left_out]
    counted = TWIN.walk(
        limit.kind, minutes_of(limit), TWIN.at(at(start)), [(TWIN.at(begins), TWIN.at(ends)) for begins, ends in pauses]
    )
    assert deadline(limit, at(start), CALENDAR, pauses).due == expected, story
    assert (TWIN.moment(counted[-1] + 1) if counted else None) == expected, story


def test_the_comparison_tells_one_forgotten_holiday() -> None:
    forgotten = revised(holidays=CALENDAR.holidays - {date(2026, 2, 23)})
    found = disagreements(work_hours(4), range(0, YEAR, 15), forgotten)
    assert min(found).startswith("2026-02-14 14:15")
    assert max(found).startswith("2026-02-23 17:45")
