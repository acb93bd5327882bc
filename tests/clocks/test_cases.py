"""Clocks of whole cases: what starts, stops and moves them, and what never does (domain.md §3, §4)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

import pytest

from domain.clocks import Calendar, Clocks, Deadline, Light
from domain.incident import commands as c
from domain.incident import events as e
from domain.incident.evolve import evolve, replay
from domain.incident.keys import keys_of
from domain.incident.state import Incident
from domain.incident.timing import CaseClock
from domain.incident.words import ClockName, ClockOfCase, HelpFrom, Kind, Stage
from domain.model import Role
from tests.clocks.limits import CALENDAR, WITH_2027, at, revised
from tests.rules.scene import (
    ANOTHER_UNIT,
    CHECKER,
    CLOCKS,
    DISPATCH,
    DISTRICT,
    LEAD,
    MORNING,
    OFFICER,
    SECRETARY,
    SOLVED,
    Actor,
    Scene,
    days,
    hours,
    minutes,
    until,
)
from tests.rules.test_histories import walked

SYSTEM = Actor("system", Role.SYSTEM)
WALKS = 60
Named = tuple[ClockName, int, int]


class Step(NamedTuple):
    """One event of a random history: the case before it and after it."""

    before: Incident
    event: e.IncidentEvent
    after: Incident
    at: datetime
    clocks: Clocks


def steps() -> Iterator[Step]:
    for seed in range(WALKS):
        for name in walked(seed).cases:
            history = walked(seed).of(name)
            before = replay(name, history[:1])
            for event, by in history[1:]:
                after = evolve(before, event, by)
                yield Step(before, event, after, by.effective_at, walked(seed).clocks)
                before = after


def named(case: Incident) -> dict[Named, CaseClock]:
    return {(clock.name, clock.cycle, clock.nth): clock for clock in case.clocks}


def dues(case: Incident, clocks: Clocks = CLOCKS) -> dict[Named, Deadline | None]:
    return {name: case.deadline(clock, clocks) for name, clock in named(case).items()}


def due(case: Incident, name: ClockName, clocks: Clocks = CLOCKS) -> datetime | None:
    """Of the newest clock of that name."""
    [*_, clock] = [clock for clock in case.clocks if clock.name is name]
    found = case.deadline(clock, clocks)
    assert found is not None
    return found.due


MOVES_THE_TIME_TO_HANDLE = (e.ExtensionGranted, e.SuspensionGranted, e.Resumed, e.Resolved)
"""Work done ends a suspension."""


def test_a_due_time_is_moved_only_by_what_is_granted() -> None:
    """So it is the same whenever it is asked for: no other event of a case moves any of its due times.

    Another kind or urgency is another limit; and what stood still while a case was a duplicate is not counted.
    """
    moved: set[type] = set()
    for step in steps():
        before, after = dues(step.before, step.clocks), dues(step.after, step.clocks)
        assert before.keys() <= after.keys(), f"{step.event.type} lost a clock"
        changed = {name for name in before if before[name] != after[name]}
        if isinstance(step.event, e.DeadlineDetermined):
            assert all(known is None or known.due is None for known in map(before.__getitem__, changed))
        elif changed and not isinstance(step.event, e.CorrectionGranted | e.Unmerged):
            assert isinstance(step.event, MOVES_THE_TIME_TO_HANDLE), step.event.type
            assert {name for name, _, _ in changed} == {ClockName.HANDLE}, step.event.type
        moved |= {type(step.event) for _ in changed}
    granted: set[type] = {e.ExtensionGranted, e.SuspensionGranted, e.DeadlineDetermined}
    assert moved >= granted


def test_what_is_granted_never_brings_a_due_time_forward() -> None:
    for step in steps():
        if isinstance(step.event, e.ExtensionGranted | e.SuspensionGranted):
            earlier, later = (keys_of(case, step.clocks).handle_due_at for case in (step.before, step.after))
            assert later is None or (earlier is not None and earlier <= later)


def test_no_clock_is_started_anew_or_stopped_twice() -> None:
    """Only the clock to handle runs on after it was stopped, when the check fails, and what stood still in a duplicate.

    到场 begins with the correction that makes a case one that has to be attended.
    """
    for step in steps():
        after = named(step.after)
        assert len(after) == len(step.after.clocks), "two clocks of one name"
        for name, clock in named(step.before).items():
            begins = isinstance(step.event, e.CorrectionGranted) and clock.name is ClockName.ARRIVE
            assert after[name].started_at == clock.started_at or begins
            if clock.stopped_at is not None and not isinstance(step.event, e.CheckFailed | e.Unmerged):
                assert after[name].stopped_at == clock.stopped_at
            assert after[name].stopped_at in (clock.stopped_at, max(step.at, clock.started_at), None)


def test_a_case_that_ended_has_no_clock_running() -> None:
    for step in steps():
        running = {clock.name for clock in step.after.running}
        if step.after.stage in (Stage.REJECTED, Stage.WITHDRAWN, Stage.VOIDED, Stage.MERGED, Stage.ARCHIVED):
            assert running == set()
        assert ClockName.HANDLE not in running or step.after.resolved_at is None or step.after.check_failed
        keys = keys_of(step.after, step.clocks)
        assert keys.due_at or keys.undetermined or not running - {ClockName.ARRIVE}


URGENT = until(Stage.HANDLING, urgency=1)
SUSPEND = OFFICER(c.RequestSuspension(until=MORNING + days(30), reason="等雨季过去"))
GRANT = SECRETARY(c.GrantSuspension())


def test_rework_lets_the_clock_run_on() -> None:
    scene = Scene().play(*until(Stage.RESOLVED, urgency=1))
    before = due(scene.case, ClockName.HANDLE)
    assert scene.case.handle is not None
    assert scene.case.handle.stopped_at == scene.now
    scene.play(CHECKER(c.FailCheck(reason="仍有渗漏"), after=minutes(40)))
    assert scene.case.handle.stopped_at is None, "it runs"
    assert due(scene.case, ClockName.HANDLE) == before, "the time it was being checked is not given back"
    assert ClockName.HANDLE in {clock.name for clock in scene.case.running}


def test_reopening_starts_a_full_new_limit_and_leaves_the_old_one() -> None:
    extended = (OFFICER(c.RequestExtension(reason="等配件")), SECRETARY(c.GrantExtension()))
    closed = Scene().play(*until(Stage.CLOSED, urgency=1, meanwhile={Stage.HANDLING: (*extended, SUSPEND, GRANT)}))
    before = dues(closed.case)
    closed.play(SECRETARY(c.Reopen(reason="又外溢"), after=days(3)))
    assert due(closed.case, ClockName.HANDLE) == closed.now + hours(2)
    assert {name: dues(closed.case)[name] for name in before} == before


@pytest.mark.parametrize("returned", [1, 2])
def test_returns_never_stop_it(returned: int) -> None:
    scene = Scene().play(*until(Stage.DISPATCHED, urgency=1))
    before = named(scene.case)[ClockName.HANDLE, 1, 1]
    back = LEAD(c.Return(reason="不归我"))
    scene.play(*(back, DISTRICT(DISPATCH), back)[: 2 * returned - 1])
    assert scene.case.returns == returned
    assert named(scene.case)[ClockName.HANDLE, 1, 1] == before


def test_a_suspension_ends_by_itself_and_is_never_seen_to_have_been_shorter() -> None:
    """The due time is fixed when it is granted, and the same a second before it ends, then, and long after."""
    scene = Scene().play(*URGENT)
    ran = scene.now + minutes(2) - scene.case.clocks[-1].started_at
    scene.play(SUSPEND, GRANT)
    expected = MORNING + days(30) + hours(2) - ran
    assert due(scene.case, ClockName.HANDLE) == expected
    assert keys_of(scene.case, CLOCKS).handle_due_at == expected
    for after in (days(29), days(2), days(200)):
        scene.play(OFFICER(c.AddEvidence(digest="0" * 64, media_type="image/jpeg", size=1), after=after))
        assert due(scene.case, ClockName.HANDLE) == expected


def test_a_suspension_with_a_holiday_inside_gives_back_the_working_time_only() -> None:
    """Seven work days from 28 September; suspended over 国庆: the holidays would not have counted anyway."""
    scene = Scene(now=at("09-28 07:58")).play(*until(Stage.ACCEPTED, urgency=3))
    assert due(scene.case, ClockName.HANDLE) == at("10-12 18:00")
    ends = c.RequestSuspension(until=at("10-09 08:00"), reason="等配件")
    scene.play(OFFICER(ends, after=at("09-30 07:59") - scene.now), GRANT)
    assert scene.now == at("09-30 08:00")
    assert due(scene.case, ClockName.HANDLE) == at("10-14 18:00"), "30 September and 8 October are given back"


def test_each_clock_of_a_dispute() -> None:
    """受理、派遣、到场、处置、吹哨、核查, each from its own start."""
    scene = Scene(now=at("02-14 17:29")).play(*until(Stage.REPORTED, Kind.DISPUTE, urgency=3))
    assert due(scene.case, ClockName.ACCEPT) == at("02-14 17:45")
    assert due(scene.case, ClockName.ARRIVE) == at("02-24 11:30"), "4 work hours, half an hour of them before 春节"
    scene.play(DISTRICT(c.Accept(), after=minutes(10)))
    assert due(scene.case, ClockName.DISPATCH) == at("02-14 17:55")
    assert due(scene.case, ClockName.HANDLE) == at("03-03 17:40")
    scene.play(DISTRICT(DISPATCH), SECRETARY(HELP), SECRETARY(HELP.model_copy(update={"complex": True})))
    first, second = (clock for clock in scene.case.clocks if clock.name is ClockName.HELP)
    first_due, second_due = (scene.case.deadline(clock, CLOCKS) for clock in (first, second))
    assert first_due is not None
    assert second_due is not None
    assert (first_due.due, second_due.due) == (first.started_at + minutes(30), at("03-06 17:43"))
    scene.play(ANOTHER_UNIT(c.AnswerHelp(help=2, came=("易杰",), finding="没有隐患")))
    assert (named(scene.case)[ClockName.HELP, 1, 1].stopped_at, second.nth) == (None, 2)
    assert named(scene.case)[ClockName.HELP, 1, 2].stopped_at == scene.now


HELP = c.RequestHelp(source=HelpFrom.CHECKED_IN, whom="expert-yi", request="请检测积水")


def with_calendar(calendar: Calendar) -> Clocks:
    """The books after somebody published this calendar too."""
    return Clocks(CLOCKS.tables, {**CLOCKS.calendars, calendar.version: calendar})


def in_december() -> Scene:
    """A case whose time to handle needs 2027, with a call for help that does not."""
    return Scene(now=at("12-24 08:58")).play(*until(Stage.HANDLING, urgency=3), SECRETARY(HELP))


def test_what_is_undetermined_is_fixed_by_an_event_and_not_before() -> None:
    scene = in_december()
    keys = keys_of(scene.case, scene.clocks)
    assert (keys.undetermined, keys.handle_due_at) == (True, None)
    scene.clocks = with_calendar(WITH_2027)
    assert due(scene.case, ClockName.HANDLE, scene.clocks) is None, "published, not yet written into the case"
    [determined] = scene.take(SYSTEM(c.DetermineDeadlines()))
    handle = ClockOfCase(clock=ClockName.HANDLE, cycle=1, nth=1)
    assert determined == e.DeadlineDetermined(calendar="cn-2027", clocks=(handle,))
    keys = keys_of(scene.case, scene.clocks)
    assert (keys.undetermined, keys.handle_due_at) == (False, at("2027-01-05 09:00"))
    assert scene.ask(SYSTEM(c.DetermineDeadlines())) == []


def test_a_calendar_that_knows_no_more_determines_nothing() -> None:
    scene = in_december()
    scene.clocks = with_calendar(revised(version="cn-2026b"))
    assert scene.ask(SYSTEM(c.DetermineDeadlines())) == []


def test_a_later_version_never_moves_a_case_fixed_on_the_old_one() -> None:
    """Neither a revised calendar nor a stricter table, nor asking the case to determine what is determined."""
    scene = Scene(now=at("02-12 08:58")).play(*until(Stage.HANDLING, Kind.DISPUTE, urgency=3))
    before = dues(scene.case)
    free = revised(version="cn-2026b", holidays=CALENDAR.holidays | {date(2026, 2, 13), date(2026, 2, 24)})
    table = next(iter(CLOCKS.tables.values()))
    strict = table.model_copy(update={"version": "rules-2026.2", "handle": {3: table.accept}, "yellow": 0.1})
    scene.clocks = Clocks({**CLOCKS.tables, strict.version: strict}, {**CLOCKS.calendars, free.version: free})
    assert scene.ask(SYSTEM(c.DetermineDeadlines())) == []
    scene.play(OFFICER(c.TakeAction(note="配件到了")))
    assert dues(scene.case, scene.clocks) == before


def test_determining_one_due_time_leaves_the_determined_ones() -> None:
    """The calendar that brings 2027 also revises a day of 2026: what was counted on the old one stays."""
    scene = Scene(now=at("12-24 08:58")).play(*until(Stage.REPORTED, Kind.DISPUTE, urgency=3), DISTRICT(c.Accept()))
    before = {name: found for name, found in dues(scene.case).items() if found and found.due}
    assert (ClockName.ARRIVE, 1, 1) in before
    free = WITH_2027.model_dump() | {"holidays": WITH_2027.holidays | {date(2026, 12, 24)}}
    scene.clocks = with_calendar(Calendar.model_validate(free))
    scene.play(SYSTEM(c.DetermineDeadlines()))
    assert {name: dues(scene.case, scene.clocks)[name] for name in before} == before


def test_lights_turn_at_four_fifths_and_when_due() -> None:
    scene = Scene().play(*URGENT)
    clock = scene.case.handle
    assert clock is not None
    turns = scene.case.turns(clock, CLOCKS)
    yellow, red = clock.started_at + minutes(96), clock.started_at + hours(2)
    just = timedelta(microseconds=1)
    shown = [clock.light(turns, moment) for moment in (yellow, yellow + just, red, red + just)]
    assert shown == [Light.GREEN, Light.YELLOW, Light.YELLOW, Light.RED]
    keys = keys_of(scene.play(OFFICER(SOLVED)).case, CLOCKS)
    assert (keys.due_clock, keys.handle_due_at) == (ClockName.CHECK, red)
