"""What every event store promises, and the one in memory.

`MemoryCaseFactory` is named as the library's PERSISTENCE_MODULE: the library's own in-memory factory
does not read APPLICATION_RECORDER_TOPIC.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Notification
from eventsourcing.popo import POPOApplicationRecorder, POPOFactory

from domain.casework.batches import (
    UNCONDITIONAL,
    Append,
    Keys,
    Outcome,
    accepted_of,
    conditions,
    judge,
    outcomes_of,
    stream_name,
    streams_of,
)
from domain.casework.kept_keys import PAGE, KeptKey, KeyTable, new_keys, taken
from domain.casework.sealing import KeyId

Stored = Notification
"""A stored event, with its position as `id`."""

LogLine = tuple[int, str, int, str, bytes]
"""Position, stream (hex), version, stored name and bytes of an event: as they are stored, nothing made of them."""


class CaseRecorder(KeyTable, Protocol):
    """What the casework and the projections ask of a store.

    A position is an event's place in the whole store: dense from 1 and growing in order of commit.
    """

    @property
    def place(self) -> str:
        """Where it is, for operators to read: the same however it is reached, and no other store's; empty in memory."""

    @property
    def era(self) -> Keys:
        """To be named among what has to be free: the append is refused once the store is another or an earlier one.

        Whoever sees it change believes nothing any more that was read or reserved before.
        """

    def insert_batch(self, appends: Sequence[Append], free: Sequence[Keys] = ()) -> list[Outcome]:
        """Store many appends in one durable transaction; one outcome each, in the same order.

        An append continues its streams in order and without a gap; it may follow an earlier one of the
        same batch (version 2 after version 1). Whatever else it wants is a version conflict: a value at
        its place, which disturbs no other append. So one decided on what the store no longer holds, as
        after the loss of its last moments, is refused.

        `free` says for each append which versions must be the next ones of their streams, though it does
        not take them itself: those of whatever else it was decided on. If one is not, that is a version
        conflict too. Left out, or for an append without events, nothing is looked for.

        The keys that come with the events (`kept_keys.SealedEvent`) are stored in the same transaction. Where another
        key is kept in the place of one, that is a version conflict as well.

        Raises `PersistenceError` (never `IntegrityError`) on any other failure: nothing is stored.
        The one exception no database can avoid is an I/O error in the commit itself, whose outcome
        is known only after a restart; the command id in the events tells.
        """

    def insert_events(self, stored_events: Append, **kwargs: Any) -> Sequence[int]:
        """Store one append and return its positions; raises `IntegrityError` on a version conflict."""

    def select_case(self, originator_id: UUID, *, gt: int = 0) -> list[Notification]:
        """One stream with its positions, in order of version, from the version after `gt`."""

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events of all streams in order of position, at most `limit`, from `start` to `stop` inclusive."""

    def select_log(self, after: int, stop: int, limit: int) -> list[LogLine]:
        """The same after one position, up to another and in order, for whoever hashes very many."""

    def max_notification_id(self) -> int:
        """The highest position, 0 in an empty store."""

    def reserve_case_numbers(self, day: str, count: int) -> int:
        """Reserve `count` consecutive numbers of the day and return the first; a day starts with 1.

        A number is never given twice, by whatever process. One that is not used remains a gap.
        Raises `ValueError` for a count below 1.
        """


def require_count(count: int) -> None:
    """Raise `ValueError` unless at least one case number is asked for."""
    if count < 1:
        raise ValueError(f"at least one case number must be reserved, not {count}")


def stored_of(appends: Sequence[Append], outcomes: Sequence[Outcome]) -> list[Stored]:
    """The events of a batch that were stored, as a reader would find them, in order."""
    return [
        Notification(event.originator_id, event.originator_version, event.topic, event.state, position)
        for append, outcome in zip(appends, outcomes, strict=True)
        if not isinstance(outcome, IntegrityError)
        for event, position in zip(append, outcome, strict=True)
    ]


def append_alone(recorder: CaseRecorder, append: Append, options: dict[str, Any]) -> Sequence[int]:
    """A batch of one; raises its `IntegrityError`."""
    if options:
        raise TypeError(f"this store takes no options, got {sorted(options)}")
    [outcome] = recorder.insert_batch([append])
    if isinstance(outcome, IntegrityError):
        raise outcome
    return outcome


class MemoryCaseRecorder(POPOApplicationRecorder):
    """The store for tests and trials; forgets everything with the process."""

    def __init__(self) -> None:
        super().__init__()
        self._case_numbers: dict[str, int] = {}
        self._keys: dict[KeyId, KeptKey] = {}

    @property
    def place(self) -> str:
        return ""

    @property
    def era(self) -> Keys:
        return UNCONDITIONAL

    def insert_batch(self, appends: Sequence[Append], free: Sequence[Keys] = ()) -> list[Outcome]:
        free = conditions(appends, free)
        with self._database_lock:
            heads = {stream: self._head(stream) for stream in streams_of(appends, free)}
            coming = new_keys([event for append in appends for event in append])
            kept = [self._keys[id] for id in coming if id in self._keys]
            conflicts = judge(appends, free, heads, taken(kept)).conflicts
            first = len(self._stored_events) + 1
            accepted = accepted_of(appends, conflicts)
            self._update_table(accepted)
            self._keys |= new_keys(accepted)
        self._notify_listeners()
        return outcomes_of(appends, conflicts, first)

    def _head(self, stream: str) -> int:
        return next(reversed(self._stored_events_index.get(str(UUID(stream)), {})), 0)

    def insert_events(self, stored_events: Append, **kwargs: Any) -> Sequence[int]:
        return append_alone(self, stored_events, kwargs)

    def select_case(self, originator_id: UUID, *, gt: int = 0) -> list[Notification]:
        with self._database_lock:
            places = self._stored_events_index.get(str(originator_id), {})
            found = [(places[version] + 1, self._stored_events[places[version]]) for version in sorted(places)]
        return [
            Notification(originator_id, event.originator_version, event.topic, event.state, position)
            for position, event in found
            if event.originator_version > gt
        ]

    def select_keys(self, subjects: Collection[str]) -> list[KeptKey]:
        with self._database_lock:
            return [key for key in self._keys.values() if key.id.subject in subjects]

    def keys_after(self, last: KeyId) -> list[KeptKey]:
        with self._database_lock:
            kept = sorted(self._keys.values())
        return [key for key in kept if key.id > last][:PAGE]

    def put_key(self, key: KeptKey) -> bool:
        with self._database_lock:
            there = key.id in self._keys
            self._keys.setdefault(key.id, key)
        return not there

    def replace_keys(self, wrapped: Mapping[KeptKey, bytes]) -> int:
        with self._database_lock:
            still = {key: new for key, new in wrapped.items() if self._keys.get(key.id) == key}
            self._keys |= {key.id: key._replace(wrapped=new) for key, new in still.items()}
        return len(still)

    def scrub(self) -> None:
        """Nothing is left of it that could be looked for."""

    def select_log(self, after: int, stop: int, limit: int) -> list[LogLine]:
        rows = self.select_notifications(after, limit, stop, inclusive_of_start=False)
        return [(row.id, stream_name(row.originator_id), row.originator_version, row.topic, row.state) for row in rows]

    def max_notification_id(self) -> int:
        return super().max_notification_id() or 0

    def reserve_case_numbers(self, day: str, count: int) -> int:
        require_count(count)
        with self._database_lock:
            last = self._case_numbers.get(day, 0)
            self._case_numbers[day] = last + count
        return last + 1


class MemoryCaseFactory(POPOFactory):
    """The library's in-memory factory, with our recorder."""

    def application_recorder(self) -> MemoryCaseRecorder:
        return MemoryCaseRecorder()
