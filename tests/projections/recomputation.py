"""The views recomputed by hand: from whole case files, folded one by one, without frame, pages or SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.casework.recording import RecordedEvent
from domain.clocks import SHANGHAI
from domain.incident import events as e
from domain.incident.evolve import evolve
from domain.incident.keys import Keys
from domain.incident.state import Incident
from domain.incident.words import OPEN, Stage
from domain.model import Event, Role
from domain.territory import Place

Lines = list[RecordedEvent]
Step = tuple[RecordedEvent, Incident]
PATH = ("district", "street", "community", "estate", "grid", "building")
WORKLOAD = ("day", "officer", "unit", "kind", *PATH)
OVERDUE = ("day", "officer", "unit", "kind", *PATH)
COUNTED: dict[str, Callable[[Event, bool], bool]] = {
    "reported": lambda event, counts: isinstance(event, e.Reported),
    "accepted": lambda event, counts: isinstance(event, e.Accepted),
    "assigned": lambda event, counts: isinstance(event, e.Assigned | e.HandedOver),
    "arrived": lambda event, counts: isinstance(event, e.Arrived) and event.first,
    "meetings": lambda event, counts: isinstance(event, e.MeetingHeld),
    "escalated": lambda event, counts: isinstance(event, e.Escalated),
    "returned": lambda event, counts: isinstance(event, e.Returned),
    "resolved": lambda event, counts: isinstance(event, e.Resolved) and counts,
    "reworked": lambda event, counts: isinstance(event, e.CheckFailed),
    "closed": lambda event, counts: isinstance(event, e.Closed) and counts,
}


def steps(lines: Lines) -> Iterator[Step]:
    """Every line with the case as it stood after it."""
    first = lines[0]
    assert isinstance(first.event, e.Reported)
    case = Incident.begin(first.case_id, first.event, first.by)
    for line in lines:
        case = evolve(case, line.event, line.by)
        yield line, case


def day(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).date().isoformat()


def drawn(whole: Iterable[Step]) -> list[Place]:
    """The place of each step as drawn then: a redraw moves what follows it, a correction all there is."""
    found: list[Place] = []
    for line, case in whole:
        place = case.standing.place
        if isinstance(line.event, e.CorrectionGranted) and place != found[-1]:
            found = [place] * len(found)
        found.append(place)
    return found


def path(place: Place) -> tuple[str, ...]:
    """The nodes of a place, in the order of `PATH`."""
    return tuple(getattr(place, level) or "" for level in PATH)


def workload(files: Iterable[Lines]) -> Counter[tuple[Any, ...]]:
    """(*WORKLOAD, what) → how often."""
    found: Counter[tuple[Any, ...]] = Counter()
    for lines in files:
        whole = list(steps(lines))
        last = whole[-1][1]
        if last.stage is Stage.VOIDED:
            continue
        for (line, case), place in zip(whole, drawn(whole), strict=True):
            who = line.event.officer if isinstance(line.event, e.Assigned | e.HandedOver) else line.actor
            officer = "" if line.role is Role.RESIDENT and who == line.actor else who
            unit = line.event.lead if isinstance(line.event, e.Returned) else case.lead or ""
            for what, counts in COUNTED.items():
                keys = (day(line.effective_at), officer, unit, last.standing.kind.value, *path(place), what)
                found[keys] += counts(line.event, last.merged_into is None)
    return +found


def overdue(files: Iterable[Lines], now: datetime) -> Counter[tuple[Any, ...]]:
    """OVERDUE → how many cycles ran out of time to be handled."""
    found: Counter[tuple[Any, ...]] = Counter()
    for lines in files:
        whole = list(steps(lines))
        last = whole[-1][1]
        if last.stage is Stage.VOIDED or last.merged_into is not None:
            continue
        for nth in range(1, last.cycle + 1):
            cycle = [(*step, place) for step, place in zip(whole, drawn(whole), strict=True) if step[1].cycle == nth]
            line, case, place = cycle[-1]
            due, done = line.keys.handle_due_at, _done_at(step for step, *_ in cycle)
            if due is not None and due < now and (done is None or done > due):
                kind = last.standing.kind.value
                found[day(due), case.officer or "", case.lead or "", kind, *path(place)] += 1
    return found


def _done_at(cycle: Iterable[RecordedEvent]) -> datetime | None:
    """When a cycle had its result, the last that did not fail its check, or came to need none."""
    done: datetime | None = None
    for line in cycle:
        match line.event:
            case e.Resolved() | e.Withdrawn() | e.Rejected():
                done = line.effective_at
            case e.CheckFailed():
                done = None
            case _:
                pass
    return done


@dataclass(slots=True)
class Marks:
    """The times of a case, as far as they still stand."""

    at: dict[str, datetime | None] = field(default_factory=dict)

    def note(self, line: RecordedEvent, anew: bool) -> None:
        event, at = line.event, line.effective_at
        if anew:
            self.at |= dict.fromkeys(("resolved_at", "checked_at", "closed_at", "suspended_until"))
        match event:
            case e.Accepted():
                self.at["accepted_at"] = at
            case e.Arrived():
                self.at.setdefault("arrived_at", at)
            case e.Resolved():
                self.at |= {"resolved_at": at, "suspended_until": None}
            case e.CheckFailed():
                self.at["resolved_at"] = None
            case e.CheckPassed():
                self.at["checked_at"] = at
            case e.Closed():
                self.at["closed_at"] = at
            case e.SuspensionGranted():
                self.at["suspended_until"] = event.until
            case e.Resumed():
                self.at["suspended_until"] = None
            case _:
                pass


def docket(files: Iterable[Lines]) -> dict[str, dict[str, Any]]:
    """Case id → its row; what is missing is None."""
    return {lines[0].case_id: _row(lines) for lines in files}


def _row(lines: Lines) -> dict[str, Any]:
    marks, number, cycle = Marks(), None, 1
    for line, case in steps(lines):
        marks.note(line, anew=case.cycle > cycle)
        cycle = case.cycle
        if isinstance(line.event, e.Accepted):
            number = line.event.number
    standing = case.standing
    return {
        "opened": lines[0].position,
        "number": number,
        "stage": case.stage.value,
        "open": case.stage in OPEN,
        "kind": standing.kind.value,
        "urgency": standing.urgency,
        "category": standing.category,
        **dict(zip(PATH, (found or None for found in path(standing.place)), strict=True)),
        "officer": case.officer,
        "lead": case.lead,
        "held_by": case.held_by.value,
        "cycle": case.cycle,
        "counts": case.merged_into is None,
        "version": lines[-1].version,
        "reported_at": case.reported_at,
        "updated_at": lines[-1].recorded_at,
        **dict.fromkeys(("accepted_at", "arrived_at", "resolved_at", "checked_at", "closed_at", "suspended_until")),
        **marks.at,
        **_due(lines[-1].keys),
        "cell": lines[0].event.cell if isinstance(lines[0].event, e.Reported) else None,
        "merged_into": case.merged_into,
        "reworks": case.reworks or None,
        "returns": case.returns or None,
    }


def _due(keys: Keys) -> dict[str, Any]:
    """What is due, as stored with the last event."""
    margin, seconds = 0, 0.0
    if keys.due_at and keys.yellow_at:
        seconds, margin = (keys.due_at - keys.yellow_at).total_seconds(), 1
    while margin and seconds >= 4**margin:
        margin += 1
    times = {name: getattr(keys, name) for name in ("due_at", "yellow_at", "handle_due_at", "call_at")}
    return {**times, "due_clock": keys.due_clock, "undetermined": keys.undetermined, "margin": margin}
