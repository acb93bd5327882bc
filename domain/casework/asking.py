"""How a door asks, and what it is answered: caller, receipt, and the answers that are not a receipt."""

from __future__ import annotations

from dataclasses import dataclass

from eventsourcing.persistence import PersistenceError
from pydantic import Field

from domain.casework.recording import RecordedEvent
from domain.model import Event, Model, Role


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks, as the door has authenticated them, and the idempotency key of this one request.

    `scope` is the territory node they are responsible for; `channel` is the door they came through.
    """

    client: str
    key: str
    actor: str
    role: Role
    scope: str | None = None
    unit: str | None = None
    channel: str = "api"
    causation: str | None = None
    correlation: str | None = None


class Receipt(Model):
    """What a caller holds in hand: the case, its version, and the position to wait for in the views.

    `changed` is False when the case already said what was asked; the key is then unused.
    """

    incident_id: str
    version: int
    position: int
    changed: bool


class RegisterReceipt(Model):
    """The same for a register: its version, and the position of its last line.

    `events` is what a dry run would have written; it is no part of the answer over the wire.
    """

    version: int
    position: int
    changed: bool
    events: tuple[Event, ...] = Field(default=(), exclude=True)


class RollReceipt(Model):
    """The same for an entry of a roll: its id there, its version, and the position to wait for in the views."""

    entry: str
    version: int
    position: int
    changed: bool


StoreUnavailable = PersistenceError
"""The store failed, or is closed: nothing was written, or (after a cut in the commit) a retry with the key tells."""


class NotFound(LookupError):
    """No such case, or no such entry of a roll."""


class KeyReused(ValueError):
    """The same idempotency key came with another body."""


class KeyStale(ValueError):
    """A time-ordered key made more than a day from now cannot open a case."""


class VersionStale(ValueError):
    """The case has moved on since the caller read it; `since` is what happened meanwhile."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the case is at version {version}")
        self.version = version
        self.since: list[RecordedEvent] = []
