"""What a change of the books would do to open cases, told before it is made, by the very rules that would do it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pydantic import AwareDatetime

from domain.act import Act
from domain.books import BooksEvent, CalendarPublished, bound
from domain.casework.application import Casework
from domain.casework.asking import Caller
from domain.casework.open_cases import OpenCase
from domain.clocks import Clocks
from domain.incident.commands import DetermineDeadlines, decide
from domain.incident.evolve import evolve
from domain.incident.state import Incident
from domain.incident.words import ClockName
from domain.model import Model, Role

WATCH = Caller(client="bidao", key="foreseen", actor="bidao", role=Role.SYSTEM, channel="dry-run")


class DueTime(Model):
    """一个案件将得到的一个时限。"""

    incident_id: str
    clock: ClockName
    clock_label: str
    due_at: AwareDatetime


class Foresight:
    """The books as they would be, and the moment from which they would hold."""

    def __init__(self, casework: Casework, events: Iterable[BooksEvent]) -> None:
        events = tuple(events)
        now = casework.registers.act(WATCH, None)
        published = [event.valid_from for event in events if isinstance(event, CalendarPublished)]
        at = max([now.recorded_at, *published])
        self._casework = casework
        self._act = replace(now, recorded_at=at, occurred_at=at, clocks=bound(now.clocks, events))

    async def due_times(self, case_id: str) -> tuple[DueTime, ...]:
        """What a case would get that waits for a calendar; nothing while it would still wait for all.

        Raises `NotFound`.
        """
        before = OpenCase.load(await self._casework.history(case_id)).state
        after = determined(before, self._act)
        known = _dues(before, self._act.clocks)
        return tuple(
            DueTime(incident_id=case_id, clock=name, clock_label=name.label, due_at=due)
            for (name, nth), due in _dues(after, self._act.clocks).items()
            if known.get((name, nth)) != due
        )


def determined(case: Incident, act: Act) -> Incident:
    """The case after its due times were determined."""
    for event in decide(DetermineDeadlines(), case, act):
        case = evolve(case, event, act)
    return case


def _dues(case: Incident, clocks: Clocks) -> dict[tuple[ClockName, int], AwareDatetime]:
    """When the clocks that run are due, as far as that is determined."""
    deadlines = ((clock, case.deadline(clock, clocks)) for clock in case.running)
    return {(clock.name, clock.nth): found.due for clock, found in deadlines if found is not None and found.due}
