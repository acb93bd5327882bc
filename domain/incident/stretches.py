"""响应与经手: the stretches of a case that people are measured by, each told by the event that ends it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from pydantic import AwareDatetime

from domain.act import Attribution
from domain.clocks import Interval
from domain.incident import events as e
from domain.incident.timing import CaseClock
from domain.incident.words import UNRESOLVED, ClockName, Stretch
from domain.model import Code, Model
from domain.territory import Level

if TYPE_CHECKING:
    from domain.incident.state import Incident


class Ended(NamedTuple):
    """A stretch that the last event ended: from when to when, what of it was suspended, and the clock it was due by."""

    stretch: Stretch
    since: datetime
    until: datetime
    pauses: tuple[Interval, ...] = ()
    clock: CaseClock | None = None


class Held(Model):
    """In whose hands a case was until the last event: the level that holds it, its lead unit, its officer."""

    since: AwareDatetime
    level: Level
    lead: Code | None = None
    officer: Code | None = None


def ended_by(before: Incident, after: Incident, event: e.IncidentEvent, by: Attribution) -> Ended | None:
    """What an event ended, if anything. Reports begin a case, results begin its closing (domain.md §5)."""
    at, pauses = by.effective_at, after.pauses
    match event:
        case e.Accepted():
            return Ended(Stretch.ACCEPT, before.reported_at, at, pauses, after.clock(ClockName.ACCEPT))
        case e.Arrived() if not before.arrived:
            return Ended(Stretch.ARRIVE, before.reported_at, at, pauses, after.attendance)
        case e.Resolved():
            return Ended(Stretch.RESOLVE, before.cycle_began_at, at, pauses, after.handle)
        case e.Closed() if before.resolved_at:
            return Ended(Stretch.CLOSE, before.resolved_at, at)
        case _:
            return None


def held_until(before: Incident, after: Incident) -> Held | None:
    """Whose hands it left: a hop, or its end; None where it stays with them."""
    if not is_held(before) or (is_held(after) and _hands(before) == _hands(after)):
        return None
    return Held(since=before.held_since, level=before.held_by, lead=before.lead, officer=before.officer)


def is_held(case: Incident) -> bool:
    """Whether somebody still has to do something about it."""
    return case.stage in UNRESOLVED


def held_since(before: Incident, after: Incident, at: datetime) -> datetime:
    """Since when whoever has it has it."""
    if is_held(before) and _hands(before) == _hands(after):
        return before.held_since
    return max(at, before.held_since)


def _hands(case: Incident) -> tuple[str | None, str | None, Level]:
    return case.lead, case.officer, case.held_by
