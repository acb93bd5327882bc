"""From decided events to the lines of the case files they go to: version, times and view keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from domain.access import AccessGranted
from domain.act import Act, Attribution
from domain.casework.asking import Caller
from domain.casework.open_cases import OpenCase
from domain.casework.recording import AccessLine, RecordedEvent, RegisterLine, RollLine
from domain.clocks import effective
from domain.incident.events import IncidentEvent, Reported
from domain.incident.events.duplicates import OnPrimary
from domain.incident.evolve import evolve
from domain.incident.keys import keys_of
from domain.incident.state import Incident
from domain.model import Event
from domain.rolls import Entry, Evolve


@dataclass(frozen=True, slots=True)
class Draft:
    """One command's lines before they are stored: who asked, what, and when."""

    caller: Caller
    command: str
    body_mac: str
    act: Act
    after: dict[str, Incident] = field(default_factory=dict)
    """Each case as it stands once its lines are stored."""

    def opening(self, case_id: str, events: Iterable[IncidentEvent]) -> list[RecordedEvent]:
        """The first lines of a new case file."""
        first, *rest = events
        if not isinstance(first, Reported):
            raise ValueError("a case file begins with incident.reported")
        by = self._by(None, first)
        state = self.after[case_id] = Incident.begin(case_id, first, by)
        return [self._line(state, 1, first, by), *self._lines(state, 1, rest)]

    def following(
        self, case: OpenCase, primary: OpenCase | None, events: Iterable[IncidentEvent]
    ) -> list[RecordedEvent]:
        """The next lines of a case, after those of its primary where events are meant for that.

        The case's own come last, so that its last position is also the one to wait for.
        """
        own: list[IncidentEvent] = []
        others: list[IncidentEvent] = []
        for event in events:
            (others if isinstance(event, OnPrimary) else own).append(event)
        lines = self._lines(primary.state, primary.version, others) if primary else []
        return lines + self._lines(case.state, case.version, own)

    def entries(self, version: int, events: Iterable[Event]) -> list[RegisterLine]:
        """The next lines of a register that stands at `version`."""
        numbered = enumerate(events, start=version + 1)
        return [
            RegisterLine.model_validate({**self._envelope(event, self.act), "version": number, "event": event})
            for number, event in numbered
        ]

    def of_entry(
        self, id: str, evolve: Evolve, entry: Entry | None, events: Iterable[Event], version: int
    ) -> list[RollLine]:
        """The next lines of an entry of a roll that stands at `version`."""
        lines = []
        for number, event in enumerate(events, start=version + 1):
            entry = evolve(entry, id, event, self.act.effective_at)
            told = {"version": number, "entry": id, "standing": entry.standing, "event": event}
            lines.append(RollLine.model_validate({**self._envelope(event, self.act), **told}))
        return lines

    def of_access(self, subject: str, event: AccessGranted, version: int) -> AccessLine:
        """The next line of who read something sensitive of a subject, after `version`."""
        told = {"version": version + 1, "subject": subject, "event": event}
        return AccessLine.model_validate({**self._envelope(event, self.act), **told})

    def _lines(self, state: Incident, version: int, events: Iterable[IncidentEvent]) -> list[RecordedEvent]:
        lines = []
        for event in events:
            by = self._by(state, event)
            state, version = evolve(state, event, by), version + 1
            lines.append(self._line(state, version, event, by))
        self.after[state.id] = state
        return lines

    def _by(self, state: Incident | None, event: IncidentEvent) -> Attribution:
        act = self.act
        follows = state.not_before(event) if state else None
        return Attribution(
            actor=act.actor,
            role=act.role,
            level=act.level,
            unit=act.unit,
            occurred_at=act.occurred_at,
            recorded_at=act.recorded_at,
            effective_at=effective(act.occurred_at, act.recorded_at, follows, act.table),
        )

    def _line(self, state: Incident, version: int, event: IncidentEvent, by: Attribution) -> RecordedEvent:
        return RecordedEvent(
            case_id=state.id,
            version=version,
            keys=keys_of(state, self.act.clocks),
            event=event,
            **self._envelope(event, by),
        )

    def _envelope(self, event: Event, by: Attribution) -> dict[str, Any]:
        """What every line says of the asking."""
        return {
            "schema_version": event.schema_version,
            "command": self.command,
            "command_id": self.caller.key,
            "client": self.caller.client,
            "body_mac": self.body_mac,
            "actor": by.actor,
            "role": by.role,
            "level": by.level,
            "scope": self.caller.scope,
            "unit": by.unit,
            "channel": self.caller.channel,
            "causation": self.caller.causation,
            "correlation": self.caller.correlation,
            "occurred_at": by.occurred_at,
            "recorded_at": by.recorded_at,
            "effective_at": by.effective_at,
        }
