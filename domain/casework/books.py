"""The rule table and calendars in force. Numbers from municipal practice (domain.md §4), each version kept."""

from __future__ import annotations

import chinese_calendar

from domain.clocks import Calendar, ClockKind, Clocks, Limit, RuleTable


def _minutes(amount: float) -> Limit:
    return Limit(kind=ClockKind.URGENT_HOURS, amount=amount / 60)


def _limit(kind: ClockKind, amount: float) -> Limit:
    return Limit(kind=kind, amount=amount)


RULES = RuleTable(
    version="rules-2026.1",
    accept=_minutes(15),
    dispatch=_minutes(15),
    arrive={
        "emergency": _minutes(30),
        "hardship": _limit(ClockKind.URGENT_HOURS, 2),
        "dispute": _limit(ClockKind.WORK_HOURS, 4),
    },
    handle={
        1: _limit(ClockKind.URGENT_HOURS, 2),
        2: _limit(ClockKind.URGENT_HOURS, 24),
        3: _limit(ClockKind.WORK_DAYS, 7),
        4: _limit(ClockKind.WORK_DAYS, 15),
    },
    help=_minutes(30),
    help_complex=_limit(ClockKind.WORK_DAYS, 10),
    check=_limit(ClockKind.URGENT_HOURS, 1),
    check_rural=_limit(ClockKind.URGENT_HOURS, 2),
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
