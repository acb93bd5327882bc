"""Limits worked out by hand on the published calendar of 2026."""

from __future__ import annotations

from datetime import UTC, timedelta
from itertools import pairwise

import pytest

from domain.clocks import Deadline, Limit, deadline
from tests.clocks.limits import CALENDAR, at, calendar_days, urgent, work_days, work_hours
from tests.rules.scene import MORNING, SECOND, hours


def adds_up(found: Deadline, limit: Limit) -> bool:
    """Whether the intervals counted are the limit, one after the other, none of them empty."""
    counted = sum((ends - begins for begins, ends in found.intervals), timedelta())
    apart = all(ends <= begins for (_, ends), (begins, _) in pairwise(found.intervals))
    whole = abs(counted - timedelta(seconds=limit.seconds)) < SECOND
    return whole and apart and all(begins < ends for begins, ends in found.intervals)


HAND_WORKED = [
    ("across lunch", work_hours(4), "03-02 10:00", "03-02 16:00"),
    ("done when the morning is done", work_hours(4), "03-02 08:00", "03-02 12:00"),
    ("before the doors open", work_hours(4), "03-02 06:30", "03-02 12:00"),
    ("at lunch", work_hours(4), "03-02 12:30", "03-02 18:00"),
    ("across the evening", work_hours(4), "03-02 16:30", "03-03 10:30"),
    ("at night", work_hours(4), "03-02 23:59", "03-03 12:00"),
    ("across the weekend", work_hours(4), "03-06 17:00", "03-09 11:00"),
    ("on Sunday", work_hours(4), "03-08 10:00", "03-09 12:00"),
    ("the first minute after lunch", work_hours(0.25), "03-02 12:00", "03-02 14:15"),
    ("one work day is eight hours", work_days(1), "03-02 09:00", "03-03 09:00"),
    ("a Saturday worked before 春节", work_days(1), "02-13 14:00", "02-14 12:00"),
    ("across 春节", work_days(2), "02-14 08:00", "02-24 18:00"),
    ("reported at New Year's Eve", work_hours(4), "02-16 19:30", "02-24 12:00"),
    ("seven work days across 春节", work_days(7), "02-12 08:00", "02-27 18:00"),
    ("fifteen, and the Saturday worked after it", work_days(15), "02-12 08:00", "03-10 18:00"),
    ("国庆, with a Sunday before and a Saturday after", work_days(15), "09-18 08:00", "10-14 18:00"),
    ("urgent, New Year's Eve", urgent(2), "02-16 19:30", "02-16 21:30"),
    ("urgent, a quarter of an hour over midnight", urgent(0.25), "03-07 23:50", "03-08 00:05"),
    ("urgent, into a year without a calendar", urgent(24), "12-31 20:00", "2027-01-01 20:00"),
    ("calendar days", calendar_days(3), "02-15 07:00", "02-18 07:00"),
    ("the last working hour of the published years", work_hours(1), "12-31 17:00", "12-31 18:00"),
]


@pytest.mark.parametrize(("story", "limit", "start", "due"), HAND_WORKED, ids=[row[0] for row in HAND_WORKED])
def test_a_limit_elapses(story: str, limit: Limit, start: str, due: str) -> None:
    found = deadline(limit, at(start), CALENDAR)
    assert found.due == at(due), story
    assert adds_up(found, limit)


PAUSED = [
    ("a night and a morning", work_days(1), "03-02 09:00", [("03-02 10:00", "03-03 10:00")], "03-04 09:00"),
    ("only hours that did not count", work_days(1), "03-02 09:00", [("03-02 12:00", "03-02 14:00")], "03-03 09:00"),
    ("over before the start", urgent(2), "03-02 09:00", [("03-01 09:00", "03-02 08:00")], "03-02 11:00"),
    ("begun before the start", urgent(2), "03-02 09:00", [("03-01 09:00", "03-02 10:00")], "03-02 12:00"),
    ("begun when the limit was up", urgent(2), "03-02 09:00", [("03-02 11:00", "03-09 11:00")], "03-02 11:00"),
    (
        "two, one within the other",
        urgent(2),
        "03-02 09:00",
        [("03-02 10:00", "03-02 20:00"), ("03-02 11:00", "03-02 12:00")],
        "03-02 21:00",
    ),
    (
        "two, overlapping, told in any order",
        urgent(2),
        "03-02 09:00",
        [("03-02 12:00", "03-02 15:00"), ("03-02 10:00", "03-02 13:00")],
        "03-02 16:00",
    ),
    ("to the end of the morning", work_hours(2), "03-02 11:00", [("03-02 11:30", "03-02 12:00")], "03-02 15:30"),
    ("in the middle of an afternoon", work_hours(4), "03-02 14:00", [("03-02 15:00", "03-02 15:30")], "03-03 08:30"),
]


@pytest.mark.parametrize(("story", "limit", "start", "pauses", "due"), PAUSED, ids=[row[0] for row in PAUSED])
def test_a_pause_does_not_count(story: str, limit: Limit, start: str, pauses: list[tuple[str, str]], due: str) -> None:
    asked = [(at(begins), at(ends)) for begins, ends in pauses]
    found = deadline(limit, at(start), CALENDAR, asked)
    assert found.due == at(due), story
    assert adds_up(found, limit)


@pytest.mark.parametrize(
    ("limit", "start"),
    [(work_hours(4), "12-31 15:00"), (work_days(15), "12-25 08:00"), (work_hours(1), "2027-03-01 09:00")],
)
def test_a_year_not_yet_published_is_never_guessed(limit: Limit, start: str) -> None:
    found = deadline(limit, at(start), CALENDAR)
    assert found.due is None
    assert not found.passed(at("2030-01-01 00:00"))
    assert sum((ends - begins for begins, ends in found.intervals), timedelta()) < timedelta(seconds=limit.seconds)


def test_a_deadline_lists_what_it_counted() -> None:
    found = deadline(work_hours(7), at("02-13 16:00"), CALENDAR, [(at("02-14 09:00"), at("02-14 10:00"))])
    counted = [("02-13 16:00", "02-13 18:00"), ("02-14 08:00", "02-14 09:00"), ("02-14 10:00", "02-14 12:00")]
    assert list(found.intervals) == [(at(a), at(b)) for a, b in [*counted, ("02-14 14:00", "02-14 16:00")]]


def test_a_deadline_has_passed_only_after_it() -> None:
    found = deadline(urgent(2), MORNING, CALENDAR)
    assert not found.passed(MORNING + hours(2))
    assert found.passed(MORNING + hours(2) + timedelta(microseconds=1))


def test_a_moment_is_the_same_in_every_zone() -> None:
    assert deadline(work_hours(4), at("03-02 16:30").astimezone(UTC), CALENDAR).due == at("03-03 10:30")
