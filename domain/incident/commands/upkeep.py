"""时限与值守：时间到了、地图改了，由系统照规则写进案卷。"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import ClassVar

from domain.act import Act
from domain.incident import rules
from domain.incident.commands.step import Step
from domain.incident.due import Due
from domain.incident.events import DeadlineDetermined, DutyCalled, IncidentEvent, Redrawn
from domain.incident.state import Incident
from domain.incident.timing import CaseClock, due_of
from domain.incident.words import OPEN, Call, ClockOfCase
from domain.model import Role
from domain.territory import Level


class Upkeep(Step):
    """What follows from time and map alone; asked by the service itself."""

    stages: ClassVar = OPEN

    def admit(self, case: Incident, act: Act) -> None:
        super().admit(case, act)
        rules.UPKEEP.require(act.role in (Role.SYSTEM, Role.ADMIN), command=self.label)


class CallDuty(Upkeep):
    """呼叫值班：来件、变灯，各只通知一次。"""

    name: ClassVar[str] = "call-duty"
    label: ClassVar[str] = "呼叫值班"

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        due = Due.of(case, act.clocks)
        soon = determined(case, due.waiting, act)
        for whom, call in due.calls(act.recorded_at):
            if call.about is Call.UNDETERMINED and call.of_clock in soon:
                continue  # its calendar is published: what is due will be written at once
            if to := called(case, whom, call, act):
                yield call.model_copy(update={"to": to})


class Redraw(Upkeep):
    """辖区调整：按现在的地图归入所属网格，已写下的不改。"""

    name: ClassVar[str] = "redraw"
    label: ClassVar[str] = "辖区调整"

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        was, now = case.standing.place, act.territory.redrawn(case.standing.place)
        if now != was:
            yield Redrawn(was=was, place=now)


class DetermineDeadlines(Upkeep):
    """时限确定：等到工作日历公布，未定的时限按新日历确定。"""

    name: ClassVar[str] = "determine-deadlines"
    label: ClassVar[str] = "时限确定"

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        clocks = determined(case, Due.of(case, act.clocks).waiting, act)
        if clocks:
            calendar = act.clocks.calendar_at(act.recorded_at).version
            yield DeadlineDetermined(calendar=calendar, clocks=clocks)


def determined(case: Incident, waiting: Iterable[CaseClock], act: Act) -> tuple[ClockOfCase, ...]:
    """Of the clocks whose due time is 未定 those that the calendar now in force determines."""
    calendar = act.clocks.calendar_at(act.recorded_at).version
    anew = (replace(clock, calendar=calendar) for clock in waiting)
    return tuple(clock.key for clock in anew if due_of(case.turns(clock, act.clocks)))


def called(case: Incident, whom: str | None, call: DutyCalled, act: Act) -> tuple[str, ...]:
    """Whom to call: those it is meant for, else whoever is on duty; the unit in the lead hears of lights as well.

    Only people in office; nobody, where there is none: then it is asked again later.
    """
    serving = act.territory.serving
    if whom is not None and serving(whom):
        return serving(whom)
    lead = serving(case.lead) if case.lead is not None and call.about is not Call.LANDED else ()
    return tuple(dict.fromkeys((*on_duty(case, act), *lead)))


def on_duty(case: Incident, act: Act) -> tuple[str, ...]:
    """Whom to call: the nearest on the roster; else the officer, the grid's officers, the nearest post above."""
    path = [node.id for node in act.territory.path(case.standing.place.lowest)]
    held = [node for node in path if not case.held_by.above(act.territory.level(node) or Level.CITY)]
    for node in held:
        rostered = act.roster.on_duty([node], act.recorded_at)
        if present := tuple(staff for staff in rostered if act.territory.in_office(staff)):
            return present
    if case.officer is not None and case.held_by is Level.GRID and act.territory.in_office(case.officer):
        return (case.officer,)
    return next(filter(None, map(act.territory.posted, held)), ())
