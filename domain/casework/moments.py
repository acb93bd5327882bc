"""What was known of a case after each of its lines, and how that is read once later corrections are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from domain.casework.recording import RecordedEvent
from domain.incident.events import CorrectionGranted, Reported
from domain.incident.evolve import evolve
from domain.incident.state import Incident
from domain.incident.timing import CaseClock
from domain.incident.traits import Traits, before, changed, traits, written
from domain.incident.words import Stage

PLACE = "standing/place/"


class Corrected(NamedTuple):
    """What a trait should have been from the start (None: nothing), and the version that corrected it."""

    value: Any
    by: int


@dataclass(frozen=True, slots=True)
class Moment:
    """A case after its line of that `version`; 0 is before its report, when there is no case."""

    version: int
    recorded: Traits
    """What was written of it then."""
    case: Incident | None = None
    stage_before: Stage | None = None
    """In which stage the command found it that wrote the line."""
    corrected: Mapping[str, Corrected] = field(default_factory=dict)

    @property
    def traits(self) -> Traits:
        """What it says as it is read: the corrected values in place of those recorded."""
        read = {**self.recorded, **{path: one.value for path, one in self.corrected.items()}}
        return {path: value for path, value in read.items() if value is not None}


def moments(lines: Sequence[RecordedEvent], told: Sequence[RecordedEvent]) -> list[Moment]:
    """As it was known, from before its first line to after its last; words as `told` has them."""
    now = Moment(0, before())
    words: Traits = {}
    found = [now]
    for nth, (line, as_read) in enumerate(zip(lines, told, strict=True)):
        words = {**words, **written(as_read.event)}
        now = Moment(line.version, {}, _after(now.case, line), _stage_before(lines, nth, found))
        now = replace(now, recorded={**traits(_there(now)), **words})
        found.append(now)
    return found


def as_corrected(known: Sequence[Moment], lines: Sequence[RecordedEvent]) -> list[Moment]:
    """The same, each with what was corrected after it, and its clocks by all that is known at the end."""
    overlay: dict[str, Corrected] = {}
    found: list[Moment] = []
    for nth in range(len(known) - 1, 0, -1):
        moment = replace(known[nth], corrected=dict(overlay))
        found.append(replace(moment, case=_recounted(moment, _there(known[-1]), lines[nth - 1].effective_at)))
        if isinstance(lines[nth - 1].event, CorrectionGranted):
            overlay = {**dict(_corrections(known[nth - 1], known[nth])), **overlay}
    return [known[0], *reversed(found)]


def _after(case: Incident | None, line: RecordedEvent) -> Incident:
    if case is not None:
        return evolve(case, line.event, line.by)
    if not isinstance(line.event, Reported):
        raise ValueError("a case file begins with incident.reported")
    return Incident.begin(line.case_id, line.event, line.by)


def _stage_before(lines: Sequence[RecordedEvent], nth: int, found: Sequence[Moment]) -> Stage | None:
    """What one command writes, it was allowed to in the stage before the first of it."""
    one, last = lines[nth], lines[nth - 1] if nth else None
    if last and (one.client, one.command_id) == (last.client, last.command_id):
        return found[-1].stage_before
    case = found[-1].case
    return case.stage if case else None


def _there(moment: Moment) -> Incident:
    if moment.case is None:
        raise ValueError("before its report there is no case")
    return moment.case


def _corrections(was: Moment, now: Moment) -> Iterator[tuple[str, Corrected]]:
    """What a granted correction says of all that was before it; a place is corrected as a whole."""
    paths = {path for path in changed(was.recorded, now.recorded) if path.startswith("standing/")}
    paths |= {path for path in ("description", "began_at") if was.recorded.get(path) != now.recorded.get(path)}
    if any(path.startswith(PLACE) for path in paths):
        paths |= {path for path in {**was.recorded, **now.recorded} if path.startswith(PLACE)}
    return ((path, Corrected(now.recorded.get(path), now.version)) for path in paths)


def _recounted(moment: Moment, last: Incident, at: datetime) -> Incident:
    """The case with its clocks as of a time by all that is known at the end.

    Entered later, a start or a stop counts from when it happened; a limit is that of the corrected case, unless the
    clock goes by what it was filed under (`CaseClock.judged`); a due time that waited for a calendar is determined.
    What was granted later, an extension or a suspension, is not known before.
    """
    case = _there(moment)
    now = {clock.key: clock for clock in case.clocks}
    clocks = [_counted(now.get(clock.key), clock, at) for clock in last.clocks if clock.started_at <= at]
    filed = {name: moment.corrected.get(f"standing/{name}") for name in ("kind", "urgency", "category")}
    standing = case.standing.model_copy(update={name: one.value for name, one in filed.items() if one})
    return replace(case, clocks=tuple(clocks), standing=standing)


def _counted(then: CaseClock | None, last: CaseClock, at: datetime) -> CaseClock:
    stopped = last.stopped_at if last.stopped_at is not None and last.stopped_at <= at else None
    known = then or replace(last, extensions=0, pauses=(), stopped_at=None)
    return replace(
        known,
        started_at=last.started_at,
        stopped_at=known.stopped_at or stopped,
        judged=last.judged,
        calendar=last.calendar,
    )
