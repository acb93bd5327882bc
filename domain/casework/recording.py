"""One line of a case, a register, a roll or of 查阅留痕 as it is stored, and the codec that reads it back for ever."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, cast, get_args
from uuid import UUID, uuid5

import orjson
from eventsourcing.persistence import StoredEvent
from pydantic import AwareDatetime, Field, ValidationError

from domain.access import AccessGranted
from domain.act import Attribution
from domain.books import BooksEvent
from domain.erasure import ErasureEvent
from domain.household import HouseholdEvent
from domain.incident import events as incident
from domain.incident.events import IncidentEvent
from domain.incident.keys import Keys
from domain.membership import MemberEvent
from domain.model import UNPRINTABLE, Code, Event, Model, Role
from domain.register import RegisterName
from domain.registry.events import TerritoryEvent
from domain.rolls import RollName, Standing
from domain.rostering import DutyEvent
from domain.territory import Level

Stored = dict[str, Any]
UPCASTS: dict[tuple[str, int], Callable[[Stored], Stored]] = {}
"""(stored name, schema version) → what turns that version's JSON into the next one's. Golden files stay as they are."""


RegisterEvent = TerritoryEvent | BooksEvent | DutyEvent | ErasureEvent
REGISTER_EVENTS: dict[str, type[Event]] = {cls.model_fields["type"].default: cls for cls in get_args(RegisterEvent)}
RollEvent = HouseholdEvent | MemberEvent
ROLL_EVENTS: dict[str, type[Event]] = {cls.model_fields["type"].default: cls for cls in get_args(RollEvent)}
ACCESS = "access.granted"
BY_TYPE: dict[str, type[Event]] = {**incident.BY_TYPE, **REGISTER_EVENTS, **ROLL_EVENTS, ACCESS: AccessGranted}
"""Stored name → model, of everything that is ever written."""

_NAMESPACE = UUID("376ab201-492e-5be8-95a1-0f37713906a6")
STREAMS: dict[str, UUID] = {name: uuid5(_NAMESPACE, name) for name in get_args(RegisterName)}
"""The library wants its streams numbered: a register has the same number in every store."""


def stream_of_entry(roll: RollName, id: str) -> UUID:
    """The stream of one entry of a roll, the same in every store."""
    return uuid5(_NAMESPACE, f"{roll}/{id}")


def stream_of_accesses(subject: str) -> UUID:
    """The stream of who read something sensitive of a subject: never that of the case, which did not change."""
    return uuid5(_NAMESPACE, f"access/{subject}")


class Line(Model):
    """What happened, who did it in which capacity, when, and through which door.

    Stored as JSON under the event's stored name. `version` and `position` are the row's own columns,
    as is what the line belongs to. `command_id` is the caller's idempotency key, `body_mac` an HMAC of
    the command's body; `schema_version` is that of the event. Times are aware; see `domain.act.Attribution`.
    """

    version: int = Field(default=0, exclude=True)
    position: int = Field(default=0, exclude=True)
    erased: tuple[str, ...] = Field(default=(), exclude=True)
    """Where something was said that is no more, by the path that leads there within the event."""
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

    @property
    def originator_version(self) -> int:
        """What the library calls the version."""
        return self.version

    @property
    def text_subject(self) -> str | None:
        """Whose the words are that stand outside a person; None: they are the text of what the line belongs to."""
        return None

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


class RecordedEvent(Line):
    """A line of a case file: `keys` say how the case stood after the event."""

    case_id: str = Field(default="", exclude=True)
    keys: Keys
    event: Annotated[IncidentEvent, Field(discriminator="type")]

    @property
    def originator_id(self) -> UUID:
        """What the library calls the case."""
        return UUID(self.case_id)


class RegisterLine(Line):
    """A line of a register, which is named by the first part of the stored name."""

    event: Annotated[RegisterEvent, Field(discriminator="type")]

    @property
    def originator_id(self) -> UUID:
        """What the library calls the register."""
        return STREAMS[self.event.type.partition(".")[0]]


class RollLine(Line):
    """A line of one entry of a roll, which is named by the first part of the stored name."""

    entry: Code
    standing: Standing
    event: Annotated[RollEvent, Field(discriminator="type")]

    @property
    def originator_id(self) -> UUID:
        """What the library calls the entry."""
        return stream_of_entry(cast(RollName, self.event.type.partition(".")[0]), self.entry)


class AccessLine(Line):
    """That somebody read something sensitive of a subject: a person, or the text of a case."""

    subject: Code
    event: AccessGranted

    @property
    def originator_id(self) -> UUID:
        """The stream of all who did."""
        return stream_of_accesses(self.subject)

    @property
    def text_subject(self) -> str:
        """Why they did is forgotten with the subject."""
        return self.subject


AnyLine = RecordedEvent | RegisterLine | RollLine | AccessLine


class UnreadableEvent(ValueError):
    """A stored event that no model of ours accepts: never skipped, never guessed."""


def encoded(line: AnyLine) -> bytes:
    """A line as JSON a person can read, before anything in it is sealed."""
    return line.model_dump_json(exclude_none=True).encode()


def decoded(stored: StoredEvent) -> AnyLine:
    """The event as written, brought to today's model; nothing in it is sealed any more. Raises `UnreadableEvent`."""
    place = f"{stored.originator_id} version {stored.originator_version} ({stored.topic})"
    try:
        line = _as_stored(stored.topic, stored.state)
    except (ValueError, LookupError, TypeError) as unreadable:  # an upcast meets whatever was stored
        raise UnreadableEvent(f"cannot read {place}") from unreadable
    if line.event.type != stored.topic:
        raise UnreadableEvent(f"row says {stored.topic}, state says {line.event.type}")
    if line.schema_version != line.event.schema_version:
        raise UnreadableEvent(f"cannot read schema version {line.schema_version} of {place}")
    return line


def _as_stored(name: str, state: bytes) -> AnyLine:
    """The line as it was written; what a terminal would obey, once taken for text, is read as � (U+FFFD)."""
    model: type[AnyLine] = AccessLine if name == ACCESS else RecordedEvent
    if name in REGISTER_EVENTS or name in ROLL_EVENTS:
        model = RegisterLine if name in REGISTER_EVENTS else RollLine
    if any(known == name for known, _ in UPCASTS):
        state = orjson.dumps(upcast(name, orjson.loads(state)))
    try:
        return model.model_validate_json(state)
    except ValidationError:
        legible = re.sub(f"[{UNPRINTABLE}]", "\N{REPLACEMENT CHARACTER}", state.decode())
        return model.model_validate_json(legible)


def upcast(name: str, state: Stored) -> Stored:
    """Old JSON, step by step, to the current schema version of its event."""
    while state["schema_version"] < BY_TYPE[name].schema_version:
        old = state["schema_version"]
        state = {**UPCASTS[name, old](state), "schema_version": old + 1}
    return state
