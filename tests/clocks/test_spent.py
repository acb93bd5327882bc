"""How long something took, in seconds and in working seconds: by `domain.clocks`, and counted on the fingers."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clocks import Interval, spent, worked
from tests.clocks.limits import CALENDAR, WITH_2027, at, revised
from tests.clocks.test_laws import around, starts
from tests.clocks.twin import INVENTED_2027, OF_2026, Span, Twin

TWIN = Twin(OF_2026, INVENTED_2027)
YEAR, MONTH = 365 * 24 * 60, 31 * 24 * 60
quickly = settings(max_examples=200, deadline=None, derandomize=True)
lengths = st.timedeltas(timedelta(), timedelta(days=40))
suspensions = st.lists(st.tuples(st.integers(-MONTH, MONTH), st.integers(1, MONTH)), max_size=3)


def fingers(start: int, end: int, breaks: list[Span], *, working: bool) -> int:
    """The minutes from start to end that no break takes out, one after the other."""
    ticks = TWIN.worked_ticks
    counted = ticks[bisect_left(ticks, start) : bisect_left(ticks, end)] if working else range(start, end)
    return sum(not any(begins <= minute < ends for begins, ends in breaks) for minute in counted)


@quickly
@given(start=st.integers(0, 2 * YEAR - MONTH), lasts=st.integers(0, MONTH), suspended=suspensions)
def test_as_counted_on_the_fingers(start: int, lasts: int, suspended: list[tuple[int, int]]) -> None:
    """Suspensions lie anywhere: before, after, one within the other, across either end."""
    end = start + lasts
    breaks = [(start + after, start + after + length) for after, length in suspended]
    pauses: list[Interval] = [(TWIN.moment(begins), TWIN.moment(ends)) for begins, ends in breaks]
    span = TWIN.moment(start), TWIN.moment(end)
    assert spent(*span, pauses) == 60 * fingers(start, end, breaks, working=False)
    assert worked(*span, WITH_2027, pauses) == 60 * fingers(start, end, breaks, working=True)


@quickly
@given(start=starts, one=lengths, more=lengths, data=st.data())
def test_two_stretches_on_end_are_their_sum(
    start: datetime, one: timedelta, more: timedelta, data: st.DataObject
) -> None:
    """To the microsecond, with the same suspensions."""
    between, end = start + one, start + one + more
    pauses = data.draw(around(start))
    parts = [(start, between), (between, end)]
    assert spent(start, end, pauses) == pytest.approx(sum(spent(*part, pauses) for part in parts))
    working = [worked(*part, WITH_2027, pauses) for part in parts]
    assert worked(start, end, WITH_2027, pauses) == pytest.approx(sum(one or 0 for one in working))


@quickly
@given(start=starts, lasts=lengths, data=st.data())
def test_suspensions_only_shorten_and_working_time_is_part_of_it(
    start: datetime, lasts: timedelta, data: st.DataObject
) -> None:
    end, pauses = start + lasts, data.draw(around(start))
    net = spent(start, end, pauses)
    working, working_net = worked(start, end, WITH_2027), worked(start, end, WITH_2027, pauses)
    assert working is not None
    assert working_net is not None
    assert 0 <= working_net <= min(net, working) <= max(net, working) <= spent(start, end) == lasts.total_seconds()


BY_HAND = [
    ("within a morning", "03-02 09:00", "03-02 10:30", 1.5),
    ("over the noon break", "03-02 11:00", "03-02 15:00", 2),
    ("over a weekend", "03-06 17:00", "03-09 09:00", 2),
    ("a weekend", "03-07 00:00", "03-08 23:59", 0),
    ("a Saturday that is worked", "02-28 08:00", "02-28 18:00", 8),
    ("over the new year of the moon", "02-13 17:00", "02-24 09:00", 1 + 8 + 1),
    ("no time at all", "03-02 09:00", "03-02 09:00", 0),
]


@pytest.mark.parametrize(("story", "start", "end", "hours"), BY_HAND, ids=[row[0] for row in BY_HAND])
def test_worked_by_hand(story: str, start: str, end: str, hours: float) -> None:
    assert worked(at(start), at(end), CALENDAR) == hours * 3600, story


def test_a_year_not_published_is_not_guessed() -> None:
    inside, beyond = at("12-31 17:00"), at("2027-01-04 09:00")
    assert worked(inside, beyond, CALENDAR) is None
    assert worked(beyond, beyond + timedelta(hours=1), CALENDAR) is None
    assert worked(inside, inside + timedelta(hours=1), CALENDAR) == 3600
    assert worked(at("2025-12-31 17:00"), inside, revised(years=frozenset({2025, 2027}))) is None, "nor one in between"
    assert spent(inside, beyond) == (beyond - inside).total_seconds(), "natural time needs no calendar"
