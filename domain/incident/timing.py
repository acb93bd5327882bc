"""The clocks of a case: which run, since when, and when each turns yellow and red (domain.md §4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from domain.clocks import Calendar, Deadline, Interval, Light, Limit, RuleTable, deadline
from domain.incident.words import Call, ClockName, ClockOfCase, Standing

if TYPE_CHECKING:
    from dataclasses import replace  # whose changes a type checker knows
else:
    from domain.incident.copying import replace

CALLS = {Light.YELLOW: Call.YELLOW, Light.RED: Call.RED, Light.UNDETERMINED: Call.UNDETERMINED}
LIGHTS = {call: light for light, call in CALLS.items()}


class Turn(NamedTuple):
    """A light that turns, and when."""

    light: Light
    at: datetime


@dataclass(frozen=True)
class CaseClock:
    """One clock of one case: the `nth` of its name in a cycle. Running while `stopped_at` is None.

    `pauses` are the stretches a suspension took out, `extensions` how often the limit was added once more,
    `told` the turns somebody on duty was already called for, `calendar` the version that determined it, where it
    is not the one its case began with. `whom` was called for help; `judged` is the standing it goes by where the case
    was corrected after it had stopped or was overdue.
    """

    name: ClockName
    cycle: int
    started_at: datetime
    nth: int = 1
    stopped_at: datetime | None = None
    pauses: tuple[Interval, ...] = ()
    extensions: int = 0
    complex: bool = False
    whom: str | None = None
    judged: Standing | None = None
    told: frozenset[Turn] = frozenset()
    calendar: str | None = None

    @property
    def key(self) -> ClockOfCase:
        """What tells it from the other clocks of its case."""
        return ClockOfCase(clock=self.name, cycle=self.cycle, nth=self.nth)

    def limit(self, standing: Standing, table: RuleTable) -> Limit | None:
        """What it is allowed in all; None where this kind of case has no such clock."""
        standing = self.judged or standing
        if self.name is ClockName.ARRIVE:
            return table.arrive.get(standing.kind.value)
        if self.name is ClockName.HANDLE:
            return table.handle[standing.urgency].times(1 + self.extensions)
        if self.name is ClockName.HELP:
            return table.help_complex if self.complex else table.help
        if self.name is ClockName.CHECK:
            return table.check_rural if standing.rural else table.check
        return table.accept if self.name is ClockName.ACCEPT else table.dispatch

    def deadline(self, limit: Limit, calendar: Calendar) -> Deadline:
        """When the limit has elapsed, and the intervals counted."""
        return deadline(limit, self.started_at, calendar, self.pauses)

    def turns(self, limit: Limit, table: RuleTable, calendar: Calendar) -> tuple[Turn, ...]:
        """How its light turns while it runs, in order: yellow, then red; or, at once, 未定."""
        yellow, red = _turning(limit, table.yellow, self.started_at, self.pauses, calendar)
        if yellow is None or red is None:
            return (Turn(Light.UNDETERMINED, self.started_at),)
        return Turn(Light.YELLOW, yellow), Turn(Light.RED, red)

    def light(self, turns: Iterable[Turn], now: datetime) -> Light:
        """What it shows at `now`, or showed when it was stopped."""
        seen = min(now, self.stopped_at or now)
        turned = [turn.light for turn in turns if turn.at < seen or turn.light is Light.UNDETERMINED]
        return turned[-1] if turned else Light.GREEN

    def untold(self, turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
        """The turns nobody was called for yet: those after the last that was told."""
        last = max((nth for nth, turn in enumerate(turns, start=1) if turn in self.told), default=0)
        return turns[last:]

    def having_told(self, about: Call, turned_at: datetime) -> CaseClock:
        """Once somebody on duty was called for this turn."""
        return replace(self, told=self.told | {Turn(LIGHTS[about], turned_at)})


def due_of(turns: Iterable[Turn]) -> datetime | None:
    """The due time among the turns of one clock; None while it is 未定."""
    return next((turn.at for turn in turns if turn.light is Light.RED), None)


@lru_cache(maxsize=16_384)
def _turning(
    limit: Limit, yellow: float, start: datetime, pauses: tuple[Interval, ...], calendar: Calendar
) -> tuple[datetime | None, datetime | None]:
    """When a share of the limit has elapsed, and all of it. Remembered: a case asks the same with every event."""
    return (
        deadline(limit.times(yellow), start, calendar, pauses).due,
        deadline(limit, start, calendar, pauses).due,
    )
