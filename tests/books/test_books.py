"""时限表与日历: what may be adopted and published, and what then holds from when."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from domain.books import (
    ATTENDED,
    KINDS,
    AdoptRuleTable,
    CalendarPublished,
    PublishCalendar,
    RuleTableAdopted,
    bound,
)
from domain.books import RULES as OWN_RULES
from domain.casework.books import RULES
from domain.clocks import Clocks, Limit, RuleTable
from domain.incident.words import MUST_ATTEND, Kind
from tests.registering import TOMORROW, given, refusal, told
from tests.rules.scene import CLOCKS, MORNING

NEXT = RULES.model_copy(update={"version": "rules-next", "valid_from": TOMORROW})
EMPTY = Clocks(tables={}, calendars={})


def table(**changes: object) -> AdoptRuleTable:
    return AdoptRuleTable(table=NEXT.model_copy(update=changes))


def calendar(**changes: object) -> PublishCalendar:
    return PublishCalendar.model_validate({"version": "cn-2027", "years": (2027,), **changes})


ROWS = {
    "the same version with other numbers": (table(version="rules-2026.1", returns=1), "version-new"),
    "from yesterday on": (table(valid_from=MORNING - timedelta(days=1)), "valid-from-ahead"),
    "urgency 4 left out": (table(handle={n: limit for n, limit in RULES.handle.items() if n < 4}), "limits-complete"),
    "disputes left out": (table(arrive={"emergency": RULES.accept, "hardship": RULES.accept}), "limits-complete"),
    "a kind that is none": (table(arrive={**RULES.arrive, "emergancy": RULES.accept}), "arrive-known"),
    "the same version with other days": (calendar(version="cn-2026", years=(2026,)), "version-new"),
    "a calendar from yesterday on": (calendar(valid_from=MORNING - timedelta(days=1)), "valid-from-ahead"),
    "a holiday on a Sunday": (calendar(holidays=(date(2027, 1, 3),)), "calendar-days"),
    "a made-up Monday": (calendar(made_up=(date(2027, 1, 4),)), "calendar-days"),
    "a holiday of another year": (calendar(holidays=(date(2028, 1, 3),)), "calendar-days"),
}


@pytest.mark.parametrize(("command", "rule"), ROWS.values(), ids=ROWS)
def test_what_is_refused(command: AdoptRuleTable | PublishCalendar, rule: str) -> None:
    assert refusal(command) == rule


def test_a_version_does_not_begin_before_the_one_before_it() -> None:
    later = bound(CLOCKS, [RuleTableAdopted(table=NEXT)])
    assert refusal(table(version="rules-third", valid_from=MORNING), given(clocks=later)) == "valid-from-order"


def test_every_rule_has_its_row() -> None:
    assert {rule for _, rule in ROWS.values()} | {"valid-from-order"} == OWN_RULES.keys()


def test_every_kind_of_case_may_have_a_limit_to_arrive() -> None:
    assert set(KINDS) == {kind.value for kind in Kind}
    assert set(ATTENDED) == {kind.value for kind in MUST_ATTEND}
    assert len(told(table(arrive=dict.fromkeys(KINDS, RULES.accept)))) == 1


@pytest.mark.parametrize("amount", [0, -1])
def test_a_limit_is_positive(amount: float) -> None:
    with pytest.raises(ValidationError):
        Limit.model_validate({"kind": "work_hours", "amount": amount})


@pytest.mark.parametrize("share", [0, 1, 1.5])
def test_yellow_lies_between_nothing_and_all(share: float) -> None:
    with pytest.raises(ValidationError):
        RuleTable.model_validate({**dict(RULES), "yellow": share})


def test_a_table_governs_from_its_date_on_and_the_old_one_stays() -> None:
    [event] = told(table())
    assert event == RuleTableAdopted(table=NEXT)
    clocks = bound(CLOCKS, [RuleTableAdopted(table=NEXT)])
    assert clocks.table_at(TOMORROW - timedelta(microseconds=1)) == RULES
    assert clocks.table_at(TOMORROW) == NEXT
    assert clocks.tables[RULES.version] == RULES


def test_without_a_date_it_holds_from_now_and_the_first_of_all_from_whenever_it_says() -> None:
    undated = RuleTable.model_validate({**RULES.model_dump(exclude={"valid_from"}), "version": "rules-now"})
    [event] = told(AdoptRuleTable(table=undated))
    assert isinstance(event, RuleTableAdopted)
    assert event.table.valid_from == MORNING
    past = MORNING - timedelta(days=9999)
    [first] = told(table(valid_from=past), given(clocks=EMPTY))
    assert isinstance(first, RuleTableAdopted)
    assert first.table.valid_from == past


def test_what_is_adopted_already_is_nothing_new() -> None:
    known = given(clocks=bound(CLOCKS, [RuleTableAdopted(table=NEXT)]))
    assert told(table(), known) == []
    undated = RuleTable.model_validate({**NEXT.model_dump(exclude={"valid_from"})})
    assert told(AdoptRuleTable(table=undated), known) == []
    [event] = told(calendar())
    assert isinstance(event, CalendarPublished)
    assert told(calendar(), given(clocks=bound(CLOCKS, [event]))) == []


def test_a_published_year_is_said_anew_and_the_others_stay() -> None:
    before = CLOCKS.calendar_at(MORNING)
    new_year = date(2026, 1, 1)
    command = calendar(version="cn-x", years=(2026, 2027), holidays=(new_year, date(2027, 1, 1)))
    [event] = told(command)
    assert isinstance(event, CalendarPublished)
    after = bound(CLOCKS, [event]).calendars["cn-x"]
    assert after.years == before.years | {2027}
    assert {day for day in after.holidays if day.year in (2026, 2027)} == {new_year, date(2027, 1, 1)}
    assert not {day for day in after.made_up if day.year in (2026, 2027)}
    assert {day for day in after.holidays if day.year < 2026} == {day for day in before.holidays if day.year < 2026}
    assert bound(CLOCKS, [event]).calendars[before.version] == before


def test_days_are_told_in_order_whatever_the_order_they_came_in() -> None:
    days = (date(2027, 5, 3), date(2027, 1, 1), date(2027, 5, 3))
    [event] = told(calendar(holidays=days, years=(2027, 2027)))
    assert isinstance(event, CalendarPublished)
    assert (event.years, event.holidays) == ((2027,), (date(2027, 1, 1), date(2027, 5, 3)))


def test_time_goes_on_and_a_version_to_come_may_be_followed_by_another() -> None:
    [first] = told(calendar(valid_from=TOMORROW))
    assert isinstance(first, CalendarPublished)
    [second] = told(calendar(version="cn-2028", years=(2028,)), given(clocks=bound(CLOCKS, [first])))
    assert isinstance(second, CalendarPublished)
    assert second.valid_from == TOMORROW
