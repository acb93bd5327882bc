"""RecordedEvent: one line of a case file as it is stored, and the codec that reads it back for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, cast
from uuid import UUID

import orjson
from eventsourcing.persistence import Mapper, StoredEvent
from pydantic import AwareDatetime, Field

from domain.act import Attribution
from domain.incident.events import BY_TYPE, IncidentEvent
from domain.incident.state import Keys
from domain.model import Model, Role
from domain.territory import Level

Stored = dict[str, Any]
UPCASTS: dict[tuple[str, int], Callable[[Stored], Stored]] = {}
"""(stored name, schema version) → what turns that version's JSON into the next one's. Golden files stay as they are."""


class RecordedEvent(Model):
    """What happened, who did it in which capacity, when, through which door, and how the case stood after.

    Stored as JSON under the event's stored name. `case_id`, `version` and `position` are the row's own
    columns. `command_id` is the caller's idempotency key, `body_mac` an HMAC of the command's body;
    `schema_version` is that of the event. Times are aware; see `domain.act.Attribution`.
    """

    case_id: str = Field(default="", exclude=True)
    version: int = Field(default=0, exclude=True)
    position: int = Field(default=0, exclude=True)
    schema_version: int
    command: str
    command_id: str
    client: str
    body_mac: str
    actor: str
    role: Role
    level: Level | None = None
    scope: str | None = None
    unit: str | None = None
    channel: str
    causation: str | None = None
    correlation: str | None = None
    occurred_at: AwareDatetime
    recorded_at: AwareDatetime
    effective_at: AwareDatetime
    keys: Keys
    event: Annotated[IncidentEvent, Field(discriminator="type")]

    @property
    def originator_id(self) -> UUID:
        """What the library calls the case."""
        return UUID(self.case_id)

    @property
    def originator_version(self) -> int:
        """What the library calls the version."""
        return self.version

    @property
    def by(self) -> Attribution:
        """Who and when, as the rules want it."""
        return Attribution(
            actor=self.actor,
            role=self.role,
            level=self.level,
            unit=self.unit,
            occurred_at=self.occurred_at,
            recorded_at=self.recorded_at,
            effective_at=self.effective_at,
        )


class UnreadableEvent(ValueError):
    """A stored event that no model of ours accepts: never skipped, never guessed."""


class CaseMapper(Mapper[UUID]):
    """Plugs our codec into the library: stored names are our literals, the state is JSON a person can read."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        recorded = cast(RecordedEvent, domain_event)
        return StoredEvent(
            originator_id=UUID(recorded.case_id),
            originator_version=recorded.version,
            topic=recorded.event.type,
            state=recorded.model_dump_json(exclude_none=True).encode(),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        position = getattr(stored_event, "id", 0)
        return decoded(stored_event).model_copy(
            update={
                "case_id": str(stored_event.originator_id),
                "version": stored_event.originator_version,
                "position": position,
            }
        )


def decoded(stored: StoredEvent) -> RecordedEvent:
    """The event as written, brought to today's model. Raises `UnreadableEvent`."""
    place = f"{stored.originator_id} version {stored.originator_version} ({stored.topic})"
    try:
        if not any(name == stored.topic for name, _ in UPCASTS):
            recorded = RecordedEvent.model_validate_json(stored.state)
        else:
            recorded = RecordedEvent.model_validate(upcast(stored.topic, orjson.loads(stored.state)))
    except (ValueError, LookupError, TypeError) as unreadable:  # an upcast meets whatever was stored
        raise UnreadableEvent(f"cannot read {place}") from unreadable
    if recorded.event.type != stored.topic:
        raise UnreadableEvent(f"row says {stored.topic}, state says {recorded.event.type}")
    if recorded.schema_version != recorded.event.schema_version:
        raise UnreadableEvent(f"cannot read schema version {recorded.schema_version} of {place}")
    return recorded


def upcast(name: str, state: Stored) -> Stored:
    """Old JSON, step by step, to the current schema version of its event."""
    while state["schema_version"] < BY_TYPE[name].schema_version:
        old = state["schema_version"]
        state = {**UPCASTS[name, old](state), "schema_version": old + 1}
    return state
