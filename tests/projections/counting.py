"""The KPIs recomputed by hand: case by case and cycle by cycle in plain Python, from the files alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from domain.clocks import SHANGHAI, Clocks
from domain.incident import events as e
from domain.incident.state import Incident
from domain.incident.words import Answer, ClockName, Stage
from domain.territory import Place
from tests.projections.recomputation import Lines, drawn, steps

Told = dict[tuple[Any, str], Counter[str]]
"""Key and community of a row → how much of each figure stands above (`code`) and below (`/code`) the line."""


@dataclass(slots=True)
class Cycle:
    """What was due in one cycle, and what came of it."""

    case: str
    nth: int
    place: Place = field(default_factory=Place)
    kind: str = ""
    unit: str = ""
    handle_due: datetime | None = None
    arrive_due: datetime | None = None
    check_due: datetime | None = None
    arrived: datetime | None = None
    handled: datetime | None = None
    checked: datetime | None = None
    closed: datetime | None = None
    ended: datetime | None = None
    returns: int = 0
    happened: set[str] = field(default_factory=set)
    answers: list[tuple[Answer, bool | None, bool | None]] = field(default_factory=list)
    asked: int = 0


def cycles(files: Iterable[Lines], clocks: Clocks) -> list[Cycle]:
    """Every cycle that may count."""
    return [cycle for lines in files for cycle in _cycles(lines, clocks)]


def _cycles(lines: Lines, clocks: Clocks) -> list[Cycle]:
    found: dict[int, Cycle] = {}
    whole = list(steps(lines))
    last = whole[-1][1]
    if last.stage is Stage.VOIDED or last.merged_into is not None:
        return []
    for (line, case), place in zip(whole, drawn(whole), strict=True):
        cycle = found.setdefault(case.cycle, Cycle(line.case_id, case.cycle))
        cycle.place, cycle.kind, cycle.unit = place, last.standing.kind.value, case.lead or ""
        cycle.handle_due = _due(case, ClockName.HANDLE, clocks)
        cycle.arrive_due = _due(case, ClockName.ARRIVE, clocks)
        _happen(cycle, line.event, line.effective_at, _due(case, ClockName.CHECK, clocks))
        spoken = [voice for voice in case.voices.values() if voice.answer in (Answer.SATISFIED, Answer.UNSATISFIED)]
        cycle.answers = [(voice.answer, voice.responded, voice.solved) for voice in spoken if voice.answer]
        cycle.asked = sum(voice.answers != "nobody.known" for voice in case.voices.values())
    return list(found.values())


def _happen(cycle: Cycle, event: e.IncidentEvent, at: datetime, check_due: datetime | None) -> None:
    cycle.happened.add(type(event).__name__)
    match event:
        case e.Arrived() if event.first:
            cycle.arrived = at
        case e.Returned():
            cycle.returns += 1
        case e.Resolved():
            cycle.handled, cycle.checked, cycle.check_due = at, None, check_due
        case e.CheckFailed():
            cycle.handled = None
        case e.CheckPassed():
            cycle.checked = at
        case e.Closed():
            cycle.closed = at
        case e.Withdrawn() | e.Rejected():
            cycle.ended = at
        case _:
            pass


def _due(case: Incident, name: ClockName, clocks: Clocks) -> datetime | None:
    """When the last clock of a name in this cycle is due, by the domain's own account."""
    own = [clock for clock in case.clocks if clock.name is name and clock.cycle == case.cycle]
    found = case.deadline(own[-1], clocks) if own else None
    return found.due if found else None


def _before(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one <= other


def _was_due(cycle: Cycle) -> datetime | None:
    """Unless it was withdrawn in time."""
    return None if _before(cycle.ended, cycle.handle_due) else cycle.handle_due


def _to_be_attended(cycle: Cycle) -> datetime | None:
    return None if _before(cycle.ended, cycle.arrive_due) and not cycle.arrived else cycle.arrive_due


def _result(cycle: Cycle) -> datetime | None:
    return cycle.handled


def _on_time(cycle: Cycle) -> bool:
    return _before(cycle.handled, cycle.handle_due)


def _checked_on_time(cycle: Cycle) -> bool:
    return cycle.check_due is None or _before(cycle.checked, cycle.check_due)


def _said(cycle: Cycle, nth: int, *wanted: object) -> int:
    return sum(answer[nth] in wanted for answer in cycle.answers)


Weigh = Callable[[Cycle], int]
When = Callable[[Cycle], datetime | None]
BY_HAND: dict[str, tuple[When, Weigh, Weigh]] = {
    "handled_on_time": (_was_due, lambda one: "TimeoutExempted" not in one.happened, _on_time),
    "closed": (_was_due, lambda one: 1, lambda one: one.closed is not None),
    "closed_on_time": (
        _was_due,
        lambda one: "TimeoutExempted" not in one.happened,
        lambda one: one.closed is not None and _on_time(one) and _checked_on_time(one),
    ),
    "reworked": (_was_due, lambda one: 1, lambda one: "CheckFailed" in one.happened),
    "extended": (_was_due, lambda one: 1, lambda one: "ExtensionGranted" in one.happened),
    "returned": (_was_due, lambda one: "Dispatched" in one.happened, lambda one: one.returns > 0),
    "hops": (_was_due, lambda one: "Dispatched" in one.happened, lambda one: one.returns),
    "attended": (_to_be_attended, lambda one: 1, lambda one: one.arrived is not None),
    "attended_on_time": (_to_be_attended, lambda one: 1, lambda one: _before(one.arrived, one.arrive_due)),
    "followed_up": (_result, lambda one: one.asked, lambda one: len(one.answers)),
    "responded": (_result, lambda one: _said(one, 1, True, False), lambda one: _said(one, 1, True)),
    "solved": (_result, lambda one: _said(one, 2, True, False), lambda one: _said(one, 2, True)),
    "satisfied": (_result, lambda one: len(one.answers), lambda one: _said(one, 0, Answer.SATISFIED)),
}
"""Of each figure: the time that says when it counts, how much below the line, and how much of that above it."""


def key_of(cycle: Cycle, by: str, day: date) -> tuple[Any, str]:
    """What a row is about, and the community where that is not known."""
    if by in ("kind", "unit"):
        return getattr(cycle, by), ""
    periods = {
        "all": None,
        "day": day.isoformat(),
        "week": (day - timedelta(days=day.weekday())).isoformat(),
        "month": f"{day:%Y-%m}",
    }
    if by in periods:
        return periods[by], ""
    if by == "city":
        return "city", ""
    node = getattr(cycle.place, by) or ""
    below = by in ("building", "grid", "estate")
    return node, (cycle.place.community or "") if below and not node else ""


def counted(found: Iterable[Cycle], by: str, now: datetime, wanted: Callable[[Cycle, date], bool]) -> Told:
    """The figures of the cycles wanted, on the days wanted, that are past by now."""
    told: Told = defaultdict(Counter)
    for cycle in found:
        for code, (when, below, above) in BY_HAND.items():
            at = when(cycle)
            past = at is not None and (at <= now if when is _result else at < now)
            if at is None or not past or not wanted(cycle, at.astimezone(SHANGHAI).date()):
                continue
            row = told[key_of(cycle, by, at.astimezone(SHANGHAI).date())]
            if weight := int(below(cycle)):
                row[f"/{code}"] += weight
                row[code] += int(above(cycle))
    return told
