"""The rule table and calendars in force. Numbers from municipal practice (domain.md §4), each version kept."""

from __future__ import annotations

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
    free, made_up = chinese_calendar.holidays, chinese_calendar.workdays
    last = max(free).year
    return Calendar(
        version=f"cn-{last}",
        years=frozenset(range(min(free).year, last + 1)),
        holidays=frozenset(day for day in free if day.weekday() < 5),
        made_up=frozenset(day for day in made_up if day.weekday() >= 5),
    )


def books() -> Clocks:
    """Every version of rules and calendar that a case may have been opened under."""
    calendar = published_calendar()
    return Clocks(tables={RULES.version: RULES}, calendars={calendar.version: calendar})
