"""What becomes of a batch of appends: which are stored, which are refused, at which positions. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from uuid import UUID

from eventsourcing.persistence import IntegrityError, StoredEvent

Append = Sequence[StoredEvent]
"""The events of one command: stored together or not at all; may span several streams."""
Outcome = Sequence[int] | IntegrityError
"""The positions of an append's events, or the version conflict that refused it."""
Key = tuple[str, int]
"""Stream and version: taken once, by one event."""
Keys = frozenset[Key]
UNCONDITIONAL: Keys = frozenset()


def stream_name(originator_id: UUID | str) -> str:
    """A stream's id as it is stored."""
    return originator_id.hex if isinstance(originator_id, UUID) else originator_id


def key_of(event: StoredEvent) -> Key:
    """The version an event takes."""
    return stream_name(event.originator_id), event.originator_version


def conditions(appends: Sequence[Append], free: Sequence[Keys]) -> list[Keys]:
    """What has to be free for each append; nothing for one without events. Raises `ValueError` if one has no answer."""
    pairs = zip(appends, free or [UNCONDITIONAL] * len(appends), strict=True)
    return [keys if append else UNCONDITIONAL for append, keys in pairs]


def conflicts_in(
    appends: Sequence[Append], free: Sequence[Keys], stored: AbstractSet[Key]
) -> list[IntegrityError | None]:
    """For each append the conflict that refuses it, with what is stored or with an earlier append."""
    taken = set(stored)
    conflicts: list[IntegrityError | None] = []
    for append, required in zip(appends, free, strict=True):
        keys = {key_of(event) for event in append}
        if len(keys) < len(append) or not taken.isdisjoint(keys) or not taken.isdisjoint(required):
            conflicts.append(IntegrityError("version conflict: another event has this version"))
        else:
            conflicts.append(None)
            taken |= keys
    return conflicts


def accepted_of(appends: Sequence[Append], conflicts: Sequence[IntegrityError | None]) -> list[StoredEvent]:
    """The events to be stored, in order."""
    pairs = zip(appends, conflicts, strict=True)
    return [event for append, conflict in pairs if conflict is None for event in append]


def required_of(free: Sequence[Keys], conflicts: Sequence[IntegrityError | None]) -> set[Key]:
    """What has to be free for the appends that are not refused."""
    pairs = zip(free, conflicts, strict=True)
    return set().union(*{keys for keys, conflict in pairs if conflict is None})


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
