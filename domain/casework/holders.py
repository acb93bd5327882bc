"""Through whose hands one case went, and how long it stayed with each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from pydantic import AwareDatetime, Field

from domain.casework.recording import RecordedEvent
from domain.incident import events as e
from domain.incident.evolve import evolve
from domain.incident.state import Incident
from domain.incident.stretches import Held, is_held
from domain.model import Model
from domain.territory import Level


class Holder(Model):
    """案件在谁手上、从何时到何时。哪一级、哪个单位、哪名经办人，任一项变了即换手；办结即离手，返工、重办重新计。"""

    level: Level
    level_label: str
    lead: str | None
    lead_name: str | None
    officer: str | None
    officer_name: str | None
    since: AwareDatetime
    until: AwareDatetime | None = Field(description="离手的时间；还在手上的没有")
    seconds: float = Field(description="多少秒；还在手上的算到查询那一刻")


def holders(lines: Sequence[RecordedEvent], now: datetime, names: Mapping[str, str]) -> tuple[Holder, ...]:
    """The stints of a case with these lines (at least its first), in order; the last one goes on where it is open.

    `names` maps ids of staff and units to names.
    """
    return tuple(_holder(held, until, now, names) for held, until in _stints(lines))


def _stints(lines: Sequence[RecordedEvent]) -> Iterator[tuple[Held, datetime | None]]:
    first = lines[0].event
    if not isinstance(first, e.Reported):
        raise ValueError("a case file begins with incident.reported")
    case = Incident.begin(lines[0].case_id, first, lines[0].by)
    for line in lines[1:]:
        case = evolve(case, line.event, line.by)
        if case.held:
            yield case.held, line.effective_at
    if is_held(case):
        yield Held(since=case.held_since, level=case.held_by, lead=case.lead, officer=case.officer), None


def _holder(held: Held, until: datetime | None, now: datetime, names: Mapping[str, str]) -> Holder:
    ended = None if until is None else max(until, held.since)  # times may cross
    lasted = max(ended or now, held.since) - held.since
    return Holder(
        **dict(held),
        level_label=held.level.label,
        lead_name=names.get(held.lead or ""),
        officer_name=names.get(held.officer or ""),
        until=ended,
        seconds=lasted.total_seconds(),
    )
