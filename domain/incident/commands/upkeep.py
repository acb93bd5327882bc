"""时限与值守：时间到了、地图改了，由系统照规则写进案卷。"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from domain.act import Act
from domain.incident import rules
from domain.incident.commands.step import Step
from domain.incident.due import Due
from domain.incident.events import DeadlineDetermined, IncidentEvent, Redrawn
from domain.incident.events.upkeep import ClockOfCase
from domain.incident.state import Incident
from domain.incident.timing import due_of
from domain.incident.words import OPEN
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
        to = on_duty(case, act)
        for call in Due.of(case, act.clocks).calls(act.recorded_at):
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
        calendar = act.clocks.calendar_at(act.recorded_at)
        waiting = Due.of(case, act.clocks).waiting
        anew = [replace(clock, calendar=calendar.version) for clock in waiting]
        determined = [clock.key for clock in anew if due_of(case.turns(clock, act.clocks))]
        if determined:
            clocks = (ClockOfCase(clock=name, cycle=cycle, nth=nth) for name, cycle, nth in sorted(determined))
            yield DeadlineDetermined(calendar=calendar.version, clocks=tuple(clocks))


def on_duty(case: Incident, act: Act) -> tuple[str, ...]:
    """Whom to call: the nearest on the roster; else the officer, the grid's officers, the nearest post above."""
    path = [node.id for node in act.territory.path(case.standing.place.lowest)]
    held = [node for node in path if not case.held_by.above(act.territory.level(node) or Level.CITY)]
    rostered = act.roster.on_duty(held, act.recorded_at)
    if rostered:
        return rostered
    if case.officer is not None and case.held_by is Level.GRID:
        return (case.officer,)
    for node in held:
        if posted := act.territory.posted(node):
            return posted
    return ()
