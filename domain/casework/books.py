"""The rule table and calendars in force. Numbers from municipal practice (domain.md §4), each version kept."""

from __future__ import annotations

from datetime import timedelta

import chinese_calendar

from domain.clocks import Calendar, ClockKind, Clocks, Limit, RuleTable

RULES = RuleTable(
    version="rules-2026.1",
    handle={
        1: Limit(kind=ClockKind.URGENT_HOURS, amount=2),
        2: Limit(kind=ClockKind.URGENT_HOURS, amount=24),
        3: Limit(kind=ClockKind.WORK_DAYS, amount=7),
        4: Limit(kind=ClockKind.WORK_DAYS, amount=15),
    },
)


def published_calendar() -> Calendar:
    """Workdays as published (国务院办公厅), from a maintained library; it knows no year not yet published."""
    first, last = min(chinese_calendar.holidays), max(chinese_calendar.holidays)
    years = range(first.year, last.year + 1)
    free, made_up = set(), set()
    day = first.replace(month=1, day=1)
    while day.year <= last.year:
        works = chinese_calendar.is_workday(day)
        if works and day.weekday() >= 5:
            made_up.add(day)
        if not works and day.weekday() < 5:
            free.add(day)
        day += timedelta(days=1)
    return Calendar(
        version=f"cn-{last.year}", years=frozenset(years), holidays=frozenset(free), made_up=frozenset(made_up)
    )


def books() -> Clocks:
    """Every version of rules and calendar that a case may have been opened under."""
    calendar = published_calendar()
    return Clocks(tables={RULES.version: RULES}, calendars={calendar.version: calendar})
