"""What is due in a case as it stands, and what whoever is on duty has to be told of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Self

from domain.clocks import Clocks
from domain.incident.events import DutyCalled
from domain.incident.state import Incident, Landing
from domain.incident.timing import CALLS, CaseClock, Turn, due_of
from domain.incident.words import OPEN, Call, ClockName


class Running(NamedTuple):
    """A clock that runs, and how its light turns."""

    clock: CaseClock
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """The clocks that run in a case, by its own version of rule table and calendar."""

    running: tuple[Running, ...]
    landings: tuple[Landing, ...]
    """Where it came to somebody who was not told yet."""
    handle_due_at: datetime | None
    arrive_due_at: datetime | None

    @classmethod
    def of(cls, case: Incident, clocks: Clocks) -> Self:
        return cls(
            running=tuple(Running(clock, turns) for clock in case.running if (turns := case.turns(clock, clocks))),
            landings=case.landings if case.stage in OPEN else (),
            handle_due_at=_due_at(case, case.handle, clocks),
            arrive_due_at=_due_at(case, case.attendance, clocks),
        )

    @property
    def first(self) -> tuple[datetime, ClockName] | tuple[None, None]:
        """The first due time, and whose it is."""
        dues = [(due, clock.name) for clock, turns in self.running if (due := due_of(turns))]
        return min(dues, default=(None, None))

    @property
    def yellow_at(self) -> datetime | None:
        """When the first of them turns yellow."""
        return min((turns[0].at for _, turns in self.running if due_of(turns)), default=None)

    @property
    def waiting(self) -> tuple[CaseClock, ...]:
        """Those whose due time is 未定 until a calendar is published."""
        return tuple(clock for clock, turns in self.running if due_of(turns) is None)

    @property
    def call_at(self) -> datetime | None:
        """When the next call is due."""
        turns = [turn.at for clock, turns in self.running for turn in clock.untold(turns)]
        return min([*turns, *(landing.at for landing in self.landings)], default=None)

    def calls(self, at: datetime) -> Iterator[tuple[str | None, DutyCalled]]:
        """What was not told by then, and whom it is for: every landing, and of each clock the last light that turned.

        Whom: a unit or a person, or None for whoever is responsible for the place.
        """
        for landing in self.landings:
            yield landing.whom, DutyCalled(about=Call.LANDED, turned_at=landing.at)
        for clock, turns in self.running:
            turned = [turn for turn in clock.untold(turns) if turn.at <= at]
            if turned:
                yield clock.whom, _call(clock, turned[-1], due_of(turns))


def _due_at(case: Incident, clock: CaseClock | None, clocks: Clocks) -> datetime | None:
    return due_of(case.turns(clock, clocks)) if clock else None


def _call(clock: CaseClock, turn: Turn, due_at: datetime | None) -> DutyCalled:
    return DutyCalled(
        about=CALLS[turn.light],
        clock=clock.name,
        clock_cycle=clock.cycle,
        clock_nth=clock.nth,
        turned_at=turn.at,
        due_at=due_at,
    )
