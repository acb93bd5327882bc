"""What becomes of a batch of appends: which are stored, which are refused, at which positions. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from eventsourcing.persistence import IntegrityError, StoredEvent

Append = Sequence[StoredEvent]
"""The events of one command: stored together or not at all; may span several streams."""
Outcome = Sequence[int] | IntegrityError
"""The positions of an append's events, or the version conflict that refused it."""
Key = tuple[str, int]
"""Stream and version: taken once, by one event, after the version before it."""
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


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of a batch if the heads are as they were taken to be.

    `conflicts` are those that refuse an append, one place each; `heads` the heads of all streams that
    the appends without a conflict rest on.
    """

    conflicts: list[IntegrityError | None]
    heads: dict[str, int]


def judge(
    appends: Sequence[Append],
    free: Sequence[Keys],
    heads: Mapping[str, int],
    taken: Callable[[Append], bool] = lambda append: False,
) -> Judged:
    """Which appends continue their streams without a gap, after what is stored and after each other.

    A stream without a head among `heads` is taken to be where the first append accepted wants it. `taken` tells of
    an append that something else it brings has its place taken already.
    """
    now, before = dict(heads), dict[str, int]()
    conflicts: list[IntegrityError | None] = []
    for append, required in zip(appends, free, strict=True):
        begun, ended = _wanted(append, required)
        if begun is None or taken(append) or any(now.get(stream, head) != head for stream, head in begun.items()):
            conflicts.append(IntegrityError("version conflict: this version is not the next of its stream"))
            continue
        conflicts.append(None)
        for stream, head in begun.items():
            before.setdefault(stream, head)
        now |= begun | ended
    return Judged(conflicts, before)


def _wanted(append: Append, required: Keys) -> tuple[dict[str, int] | None, dict[str, int]]:
    """The heads an append wants to find (None where it contradicts itself), and those it leaves."""
    begun, ended = dict[str, int](), dict[str, int]()
    fits = True
    for stream, version in required:
        fits &= begun.setdefault(stream, version - 1) == version - 1
    for stream, version in map(key_of, append):
        before = ended[stream] if stream in ended else begun.setdefault(stream, version - 1)
        fits &= before == version - 1
        ended[stream] = version
    return begun if fits else None, ended


def accepted_of(appends: Sequence[Append], conflicts: Sequence[IntegrityError | None]) -> list[StoredEvent]:
    """The events to be stored, in order."""
    pairs = zip(appends, conflicts, strict=True)
    return [event for append, conflict in pairs if conflict is None for event in append]


def streams_of(appends: Sequence[Append], free: Sequence[Keys]) -> set[str]:
    """Every stream an append continues or rests on."""
    named = {stream for keys in set(free) for stream, _ in keys}
    return named | {stream_name(event.originator_id) for append in appends for event in append}


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
