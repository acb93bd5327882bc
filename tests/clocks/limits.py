"""Limits and moments as the tests of the clocks write them."""

from __future__ import annotations

from datetime import datetime

from domain.casework.books import published_calendar
from domain.clocks import SHANGHAI, Calendar, ClockKind, Limit
from tests.clocks.twin import INVENTED_2027

CALENDAR = published_calendar()
WITH_2027 = Calendar(
    version="cn-2027",
    years=CALENDAR.years | {2027},
    holidays=CALENDAR.holidays | {day for day in INVENTED_2027.free if day.weekday() < 5},
    made_up=CALENDAR.made_up | INVENTED_2027.made_up,
)
"""What is published, and an invented year after it."""


def revised(**changes: object) -> Calendar:
    """The published calendar, something in it changed."""
    return Calendar.model_validate({**CALENDAR.model_dump(), **changes})


def at(text: str) -> datetime:
    """`02-13 14:00` of 2026 in Shanghai, or with another year written out."""
    return datetime.fromisoformat(text if text[4] == "-" else f"2026-{text}").replace(tzinfo=SHANGHAI)


def urgent(amount: float) -> Limit:
    return Limit(kind=ClockKind.URGENT_HOURS, amount=amount)


def work_hours(amount: float) -> Limit:
    return Limit(kind=ClockKind.WORK_HOURS, amount=amount)


def work_days(amount: float) -> Limit:
    return Limit(kind=ClockKind.WORK_DAYS, amount=amount)


def calendar_days(amount: float) -> Limit:
    return Limit(kind=ClockKind.CALENDAR_DAYS, amount=amount)
