"""Stretches and stints recomputed by hand: from whole case files, folded one by one, without frame, pages or SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import floor, log
from typing import Any

from domain.casework.recording import RecordedEvent
from domain.clocks import Interval
from domain.incident import events as e
from domain.incident.keys import Took
from domain.incident.state import Incident
from domain.incident.words import UNRESOLVED, Stage
from domain.model import Role
from domain.territory import Level, Place
from projections.percentiles import GROWTH
from tests.projections.recomputation import Lines, day, drawn, path, steps

MEASURES = ("gross", "net", "worked", "worked_net")
Hands = tuple[Level, str | None, str | None]
"""Whose a case is: the level that holds it, its unit, its officer."""


@dataclass(slots=True)
class Stretch:
    """One stretch of a case: how it ended and as what, since when it ran, and what of it was suspended."""

    stage: str
    line: RecordedEvent
    case: Incident
    since: datetime
    place: Place
    pauses: Sequence[Interval] = ()
    exempted: bool = False

    @property
    def took(self) -> Took:
        """What was stored of it."""
        assert self.line.keys.took is not None
        assert self.line.keys.took.stretch == self.stage
        return self.line.keys.took

    @property
    def seconds(self) -> dict[str, float | None]:
        """Each measure; the calendar's share of it as stored with the event."""
        end = self.line.effective_at
        gross = (end - self.since).total_seconds()
        net = gross - _covered(self.since, end, self.pauses).total_seconds()
        return {"gross": gross, "net": net, "worked": self.took.worked, "worked_net": self.took.worked_net}

    @property
    def marks(self) -> dict[str, bool]:
        at, due_at = self.line.effective_at, self.took.due_at
        due = due_at is not None and not self.exempted
        began = self.case.cycle_began_at
        return {
            "due": due,
            "on_time": due and due_at is not None and at <= due_at,
            "exempted": self.exempted,
            "claimed_not_counted": self.line.occurred_at < at,
            "quick": self.stage == "close" and at - began <= timedelta(minutes=10),
        }

    @property
    def officer(self) -> str:
        acted = "" if self.line.role is Role.RESIDENT else self.line.actor
        return self.case.officer or acted

    @property
    def unit(self) -> str:
        return self.case.lead or ""


def stretches(lines: Lines) -> tuple[Incident, list[Stretch]]:
    """A case as it stands, and its stretches that count."""
    found: list[Stretch] = []
    whole = list(steps(lines))
    for (line, case), place in zip(whole, drawn(whole), strict=True):
        match line.event:
            case e.Accepted():
                found.append(Stretch("accept", line, case, case.reported_at, place, case.pauses))
            case e.Arrived() if not any(one.stage == "arrive" for one in found):
                found.append(Stretch("arrive", line, case, case.reported_at, place, case.pauses))
            case e.Resolved():
                found.append(Stretch("resolve", line, case, case.cycle_began_at, place, case.pauses))
            case e.CheckFailed():
                found.remove(next(one for one in reversed(found) if one.stage == "resolve"))
            case e.Closed() if case.resolved_at:
                found.append(Stretch("close", line, case, case.resolved_at, place))
            case e.TimeoutExempted():
                for one in found:
                    one.exempted |= one.stage == "resolve" and one.case.cycle == case.cycle
            case _:
                pass
    left = case.stage is Stage.VOIDED or case.merged_into is not None
    return case, [] if left else found


def bucket(seconds: float | None) -> int:
    if seconds is None:
        return -1
    return 1 + floor(log(seconds) / log(GROWTH)) if seconds >= 1 else 0


def response_time(files: Iterable[Lines]) -> dict[tuple[Any, ...], Counter[str]]:
    """stretch, day, kind, officer, unit, the four buckets, the path → what counts there."""
    found: dict[tuple[Any, ...], Counter[str]] = {}
    for case, one in _all(files):
        buckets = (bucket(seconds) for seconds in one.seconds.values())
        kind, ended = case.standing.kind.value, day(one.line.effective_at)
        keys = (one.stage, ended, kind, one.officer, one.unit, *buckets, *path(one.place))
        found.setdefault(keys, Counter()).update({"counted": 1, **one.marks})
    return {keys: +counts for keys, counts in found.items()}


def rows(files: Iterable[Lines]) -> dict[tuple[str, int, str], dict[str, Any]]:
    """Case, cycle and stretch → what there is to say of it; durations in microseconds, None where nobody knows."""
    return {
        (case.id, one.case.cycle, one.stage): {
            "position": one.line.position,
            "day": day(one.line.effective_at),
            "kind": case.standing.kind.value,
            "path": path(one.place),
            "officer": one.officer,
            "unit": one.unit,
            "ended_at": one.line.effective_at,
            "claimed_at": one.line.occurred_at,
            "recorded_at": one.line.recorded_at,
            "due_at": one.took.due_at,
            **{measure: took if took is None else round(took * 1e6) for measure, took in one.seconds.items()},
            **one.marks,
        }
        for case, one in _all(files)
    }


def _all(files: Iterable[Lines]) -> Iterator[tuple[Incident, Stretch]]:
    for case, found in map(stretches, files):
        for one in found:
            yield case, one


def _covered(begins: datetime, ends: datetime, pauses: Iterable[Interval]) -> timedelta:
    """How much of a stretch lies within pauses, wherever two of them overlap only once."""
    moments = sorted({begins, ends, *(at for pause in pauses for at in pause if begins < at < ends)})
    inside = ((a, b) for a, b in pairwise(moments) if any(opens <= a and b <= shuts for opens, shuts in pauses))
    return sum((b - a for a, b in inside), timedelta())


@dataclass(slots=True)
class Stint:
    """How long somebody had a case, and the event that took it from them."""

    hands: Hands
    seconds: float
    line: RecordedEvent
    case: Incident
    place: Place
    undone: bool = False


def stints(lines: Lines) -> list[Stint]:
    """The stints of a case that ended and count."""
    found: list[Stint] = []
    hands: Hands | None = None
    since = lines[0].effective_at
    whole = list(steps(lines))
    for (line, case), place in zip(whole, drawn(whole), strict=True):
        now = (case.held_by, case.lead, case.officer) if case.stage in UNRESOLVED else None
        if isinstance(line.event, e.CheckFailed):
            next(one for one in reversed(found) if isinstance(one.line.event, e.Resolved)).undone = True
        if hands and now != hands:
            found.append(Stint(hands, max(0.0, (line.effective_at - since).total_seconds()), line, case, place))
        if hands is None or now != hands:
            since = max(since, line.effective_at)
        hands = now
    last = whole[-1][1]
    return [] if last.stage is Stage.VOIDED or last.merged_into is not None else found


def holding(files: Iterable[Lines]) -> dict[tuple[Any, ...], Counter[str]]:
    """day, kind, level, unit, officer, bucket, the path → stints, their microseconds, and how they ended."""
    found: dict[tuple[Any, ...], Counter[str]] = {}
    for lines in files:
        kind = list(steps(lines))[-1][1].standing.kind.value
        for one in stints(lines):
            level, unit, officer = one.hands
            ended, whose = day(one.line.effective_at), (level.value, unit or "", officer or "")
            keys = (ended, kind, *whose, bucket(one.seconds), *path(one.place))
            stands = isinstance(one.line.event, e.Resolved) and not one.undone
            returned = isinstance(one.line.event, e.Returned)
            counts = {"counted": 1, "total": round(one.seconds * 1e6), "returned": returned, "resolved": stands}
            found.setdefault(keys, Counter()).update({**counts, "hops": stands * one.case.hops})
    return {keys: +counts for keys, counts in found.items()}
