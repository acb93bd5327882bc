"""时限与值守: what is written when time passes or the map is redrawn, and nobody acted."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from domain.incident.words import Call, ClockName, ClockOfCase
from domain.model import Code, Event
from domain.territory import Place


class DutyCalled(Event):
    """Whoever is on duty is told, once: of a case that landed, or of a light that turned at `turned_at`."""

    type: Literal["incident.duty_called"] = "incident.duty_called"
    label: ClassVar[str] = "呼叫值班"
    sentence: ClassVar[str] = "{about}{clock:：}{due_at:，限至}{to:　通知：}"

    about: Call
    clock: ClockName | None = None
    clock_cycle: int = 1
    clock_nth: int = 1
    turned_at: AwareDatetime
    due_at: AwareDatetime | None = None
    to: tuple[Code, ...] = ()

    @property
    def of_clock(self) -> ClockOfCase | None:
        """Which clock of the case has turned; None for a case that landed."""
        if self.clock is None:
            return None
        return ClockOfCase(clock=self.clock, cycle=self.clock_cycle, nth=self.clock_nth)


class Redrawn(Event):
    """The map changed, the case did not move. What was written before stays as it was drawn then."""

    type: Literal["incident.redrawn"] = "incident.redrawn"
    label: ClassVar[str] = "辖区调整"
    sentence: ClassVar[str] = "辖区调整：原属{was.grid}{place.grid:，现属}{place.community:，社区：}"

    was: Place
    place: Place


class DeadlineDetermined(Event):
    """The working days that due times waited for are published: these clocks go by that calendar from now on.

    Those determined before keep theirs, whatever the new one says of days already published.
    """

    type: Literal["incident.deadline_determined"] = "incident.deadline_determined"
    label: ClassVar[str] = "时限确定"
    sentence: ClassVar[str] = "工作日历已公布，{clocks.clock}时限按{calendar}确定"

    calendar: Code
    clocks: tuple[ClockOfCase, ...]
