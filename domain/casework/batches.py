"""What becomes of a batch of appends: which are stored, which are refused, at which positions. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from eventsourcing.persistence import IntegrityError, StoredEvent

Append = Sequence[StoredEvent]
"""The events of one command: stored together or not at all; may span several streams."""
Outcome = Sequence[int] | IntegrityError
"""The positions of an append's events, or the version conflict that refused it."""
Key = tuple[str, int]
"""Stream and version: taken once, by one event."""


def stream_name(originator_id: UUID | str) -> str:
    """A stream's id as it is stored."""
    return originator_id.hex if isinstance(originator_id, UUID) else originator_id


def key_of(event: StoredEvent) -> Key:
    """The version an event takes."""
    return stream_name(event.originator_id), event.originator_version


def conflicts_in(appends: Sequence[Append], stored: set[Key]) -> list[IntegrityError | None]:
    """For each append the conflict that refuses it, with what is stored or with an earlier append."""
    taken = set(stored)
    conflicts: list[IntegrityError | None] = []
    for append in appends:
        keys = {key_of(event) for event in append}
        if len(keys) < len(append) or not taken.isdisjoint(keys):
            conflicts.append(IntegrityError("version conflict: another event has this version"))
        else:
            conflicts.append(None)
            taken |= keys
    return conflicts


def accepted_of(appends: Sequence[Append], conflicts: Sequence[IntegrityError | None]) -> list[StoredEvent]:
    """The events to be stored, in order."""
    pairs = zip(appends, conflicts, strict=True)
    return [event for append, conflict in pairs if conflict is None for event in append]


def outcomes_of(appends: Sequence[Append], conflicts: Sequence[IntegrityError | None], position: int) -> list[Outcome]:
    """The outcome of each append when the first event stored got `position` and the others followed."""
    outcomes: list[Outcome] = []
    for append, conflict in zip(appends, conflicts, strict=True):
        if conflict is not None:
            outcomes.append(conflict)
            continue
        outcomes.append(list(range(position, position + len(append))))
        position += len(append)
    return outcomes
