"""值班表: who may be put on duty where and when, and who is on duty then."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.act import Act
from domain.duty import Roster, Shift
from domain.model import Event, Role
from domain.register import RowsRefused
from domain.rostering import RULES, AssignShifts, CancelShift, DutyEvent, ShiftAssigned, ShiftCancelled, rostered
from domain.territory import Staff
from tests.registering import given, refusal, told
from tests.rules.scene import MORNING, TERRITORY

STAFFED = TERRITORY.model_copy(
    update={
        "staff": (
            Staff(id="duty-a", name="甲值班", role=Role.COMMUNITY, scope="community"),
            Staff(id="duty-b", name="乙值班", role=Role.GRID_OFFICER, scope="grid"),
            Staff(id="gone", name="丙离岗", role=Role.COMMUNITY, scope="community", released=True),
        )
    }
)
EVENING = MORNING + timedelta(hours=9)
DAWN = EVENING + timedelta(hours=14)
SHIFT = Shift(node="community", staff="duty-a", starts=EVENING, ends=DAWN)
ACT = given(territory=STAFFED)


def shift(**changes: object) -> Shift:
    return SHIFT.model_copy(update=changes)


def assign(*shifts: Shift) -> AssignShifts:
    return AssignShifts(shifts=shifts)


def roster(*shifts: Shift) -> Roster:
    return rostered(Roster(), [ShiftAssigned(shift=one) for one in shifts])


CANCEL = CancelShift(staff="duty-a", starts=EVENING)
SECRETARY = replace(ACT, role=Role.COMMUNITY, scope="community")
ROWS = {
    "a place nobody knows": (assign(shift(node="moon")), ACT, "shift-node"),
    "a person nobody knows": (assign(shift(staff="stranger")), ACT, "shift-staff"),
    "somebody who left": (assign(shift(staff="gone")), ACT, "shift-staff"),
    "another's place": (assign(shift(node="street")), SECRETARY, "shift-own-node"),
    "no end": (assign(shift(ends=EVENING)), ACT, "shift-lasts"),
    "the end before the start": (assign(shift(ends=MORNING)), ACT, "shift-lasts"),
    "more than a week": (assign(shift(ends=EVENING + timedelta(days=7, seconds=1))), ACT, "shift-lasts"),
    "past": (assign(shift(starts=MORNING - timedelta(hours=2), ends=MORNING)), ACT, "shift-ahead"),
    "twice at once": (
        assign(SHIFT, shift(node="grid", starts=DAWN - timedelta(seconds=1), ends=DAWN)),
        ACT,
        "shift-once",
    ),
    "again while on duty": (
        assign(shift(node="grid")),
        given(territory=STAFFED, roster=roster(SHIFT)),
        "shift-once",
    ),
    "no such shift": (CANCEL, ACT, "shift-known"),
    "an officer asks": (assign(SHIFT), replace(ACT, role=Role.GRID_OFFICER, scope="grid"), "keeper-only"),
}


@pytest.mark.parametrize(("command", "act", "rule"), ROWS.values(), ids=ROWS)
def test_what_is_refused(command: AssignShifts | CancelShift, act: Act, rule: str) -> None:
    assert refusal(command, act) == rule


def test_every_shift_that_will_not_do_is_told_by_its_place() -> None:
    """None hides another, and one that is refused is in nobody's way."""
    long = shift(ends=EVENING + timedelta(days=8))
    with pytest.raises(RowsRefused) as no:
        told(assign(shift(node="moon"), SHIFT, long, SHIFT, shift(staff="gone")), ACT)
    assert [(fault.row, fault.rule) for fault in no.value.faults] == [
        (0, "shift-node"),
        (2, "shift-lasts"),
        (4, "shift-staff"),
    ]
    assert no.value.rule.id == "shift-node"


def test_every_rule_has_its_row() -> None:
    assert {rule for *_, rule in ROWS.values()} - {"keeper-only"} == RULES.keys()


def test_a_whole_week_of_a_community_is_assigned_at_once() -> None:
    days = [timedelta(days=day) for day in range(7)]
    week = [shift(starts=EVENING + day, ends=DAWN + day) for day in days]
    assert told(assign(*week), SECRETARY) == [ShiftAssigned(shift=one) for one in week]


def test_shifts_may_follow_one_another_to_the_second() -> None:
    assert len(told(assign(SHIFT, shift(starts=DAWN, ends=DAWN + timedelta(hours=8))), ACT)) == 2


def test_what_is_assigned_already_is_nothing_new() -> None:
    known = given(territory=STAFFED, roster=roster(SHIFT))
    assert told(assign(SHIFT, SHIFT), known) == []
    more = shift(staff="duty-b", node="grid")
    assert told(assign(SHIFT, more), known) == [ShiftAssigned(shift=more)]


def on_duty(events: list[Event], at: datetime, *nodes: str) -> tuple[str, ...]:
    duties = [event for event in events if isinstance(event, DutyEvent)]
    return rostered(Roster(), duties).on_duty(nodes or ("community",), at)


def test_on_duty_from_the_first_instant_to_before_the_last() -> None:
    events = told(assign(SHIFT), ACT)
    assert on_duty(events, EVENING - timedelta(microseconds=1)) == ()
    assert on_duty(events, EVENING, "grid", "community") == ("duty-a",)
    assert on_duty(events, DAWN) == ()


@pytest.mark.parametrize(("asked", "until"), [(MORNING, EVENING), (EVENING + timedelta(hours=1), None)])
def test_a_cancelled_shift_ends_when_it_is_cancelled_or_never_begins(asked: datetime, until: datetime | None) -> None:
    events: list[Event] = [ShiftAssigned(shift=SHIFT)]
    act = replace(ACT, occurred_at=asked, recorded_at=asked, roster=roster(SHIFT))
    [cancelled] = told(CANCEL, act)
    assert isinstance(cancelled, ShiftCancelled)
    assert cancelled.ends == (until or asked)
    events.append(cancelled)
    assert on_duty(events, EVENING) == (() if until else ("duty-a",))
    assert on_duty(events, asked + timedelta(seconds=1)) == ()
    after = rostered(Roster(), [event for event in events if isinstance(event, DutyEvent)])
    relief = shift(staff="duty-b", starts=max(asked, EVENING))
    assert len(told(assign(relief), replace(act, roster=after))) == 1


def test_what_is_over_is_not_cancelled() -> None:
    act = replace(ACT, occurred_at=DAWN, recorded_at=DAWN, roster=roster(SHIFT))
    assert refusal(CANCEL, act) == "shift-ahead"
