"""Keys of subjects as a store keeps them: wrapped, beside the events, and the only rows that are ever taken away."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from eventsourcing.persistence import StoredEvent

from domain.casework.sealing import KeyId

DESTROYED = b""
"""In place of a wrapped key: there was one, and there will be none again."""


PAGE = 5_000
"""Keys read at once where all are."""


BEFORE_ALL = KeyId("", "", 0)
"""Comes before every key."""


class KeptKey(NamedTuple):
    """A key as it is kept: `wrapped` by the key-encryption key; `fingerprint` tells it from others, and no more."""

    id: KeyId
    wrapped: bytes
    fingerprint: bytes


@dataclass(frozen=True)
class SealedEvent(StoredEvent):
    """An event with the keys it is among the first to need: stored with it in one transaction, or neither is."""

    keys: tuple[KeptKey, ...] = ()


class KeyTable(Protocol):
    """Where a store keeps keys. Raises the library's `PersistenceError`s."""

    def select_keys(self, subjects: Collection[str]) -> list[KeptKey]:
        """All keys of these subjects, those destroyed included."""

    def keys_after(self, last: KeyId) -> list[KeptKey]:
        """A page of all there are, those destroyed included, in order of their ids; empty after the last."""

    def put_key(self, key: KeptKey) -> bool:
        """Keep one that comes with no event, durably; false where there is or was another in its place."""

    def replace_keys(self, wrapped: Mapping[KeptKey, bytes]) -> int:
        """Put other bytes in place of those kept, durably; how many were still as given. The old bytes are gone."""

    def scrub(self) -> None:
        """Leave nothing behind of what was replaced, in any file that is the store's own."""


def new_keys(events: Sequence[StoredEvent]) -> dict[KeyId, KeptKey]:
    """The keys that come with these events."""
    return {key.id: key for event in events if isinstance(event, SealedEvent) for key in event.keys}


def taken(kept: Collection[KeptKey]) -> Callable[[Sequence[StoredEvent]], bool]:
    """Tells of an append whether it brings a key in whose place another is kept: it was sealed with the wrong one."""
    known = {key.id: key for key in kept}
    return lambda append: any(known.get(id, key) != key for id, key in new_keys(append).items())
