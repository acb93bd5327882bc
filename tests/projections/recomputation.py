"""The views recomputed by hand: from whole case files, folded one by one, without frame, pages or SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from math import floor, log
from typing import Any

from domain.casework.recording import RecordedEvent
from domain.clocks import SHANGHAI
from domain.incident import events as e
from domain.incident.state import Incident
from domain.incident.words import OPEN, Stage
from domain.model import Event, Role
from projections.response_time import GROWTH

Lines = list[RecordedEvent]
Step = tuple[RecordedEvent, Incident]
PATH = ("district", "street", "community", "estate", "grid", "building")
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
        case = case.evolve(line.event, line.by)
        yield line, case


def day(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).date().isoformat()


def path(case: Incident, *levels: str) -> tuple[str, ...]:
    return tuple(getattr(case.standing.place, level) or "" for level in levels)


def workload(files: Iterable[Lines]) -> Counter[tuple[Any, ...]]:
    """(day, grid, officer, unit, estate, community, street, district, what) → how often."""
    found: Counter[tuple[Any, ...]] = Counter()
    for lines in files:
        whole = list(steps(lines))
        last = whole[-1][1]
        if last.stage is Stage.VOIDED:
            continue
        for line, case in whole:
            who = line.event.officer if isinstance(line.event, e.Assigned | e.HandedOver) else line.actor
            officer = "" if line.role is Role.RESIDENT and who == line.actor else who
            unit = line.event.lead if isinstance(line.event, e.Returned) else case.lead or ""
            where = (day(line.effective_at), *path(last, "grid"), officer, unit)
            wider = path(last, "estate", "community", "street", "district")
            for what, counts in COUNTED.items():
                found[*where, *wider, what] += counts(line.event, last.merged_into is None)
    return +found


@dataclass(slots=True)
class Took:
    """How long one stage of a case took: the stage, the day it ended, the seconds."""

    stage: str
    day: str
    seconds: float


def durations(lines: Lines) -> tuple[Incident, list[Took]]:
    """A case as it stands, and its response times that count."""
    took: list[Took] = []
    for line, case in steps(lines):
        ended, at = line.event, line.effective_at
        if isinstance(ended, e.Accepted):
            took.append(Took("accept", day(at), (at - case.reported_at).total_seconds()))
        if isinstance(ended, e.Arrived) and not any(one.stage == "arrive" for one in took):
            took.append(Took("arrive", day(at), (at - case.reported_at).total_seconds()))
        if isinstance(ended, e.Resolved):
            took.append(Took("resolve", day(at), (at - case.cycle_began_at).total_seconds()))
        if isinstance(ended, e.CheckFailed):
            took.remove(next(one for one in reversed(took) if one.stage == "resolve"))
        if isinstance(ended, e.Closed) and case.resolved_at:
            took.append(Took("close", day(at), (at - case.resolved_at).total_seconds()))
    left = case.stage is Stage.VOIDED or case.merged_into is not None
    return case, [] if left else took


def response_time(files: Iterable[Lines]) -> Counter[tuple[Any, ...]]:
    """(stage, day, grid, kind, bucket, estate, community, street, district) → n."""
    found: Counter[tuple[Any, ...]] = Counter()
    for lines in files:
        case, took = durations(lines)
        for one in took:
            bucket = 1 + floor(log(one.seconds) / log(GROWTH)) if one.seconds >= 1 else 0
            where = (*path(case, "grid"), case.standing.kind.value, bucket)
            found[one.stage, one.day, *where, *path(case, "estate", "community", "street", "district")] += 1
    return found


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
        **dict(zip(PATH, (found or None for found in path(case, *PATH)), strict=True)),
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
        "merged_into": case.merged_into,
        "reworks": case.reworks or None,
        "returns": case.returns or None,
    }
