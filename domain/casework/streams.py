"""Lines in and out of the store: read on threads of their own, written by the one writer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast
from uuid import UUID

from eventsourcing.persistence import IntegrityError, StoredEvent

from domain.casework.appending import GroupCommit
from domain.casework.batches import Keys
from domain.casework.kept_keys import new_keys
from domain.casework.recorders import CaseRecorder
from domain.casework.recording import AnyLine
from domain.casework.sealed_lines import CaseMapper

L = TypeVar("L", bound=AnyLine)


class Streams:
    """One store, by stream. End it with `aclose`."""

    def __init__(self, mapper: CaseMapper, store: CaseRecorder) -> None:
        self.store, self.writer = store, GroupCommit(store)
        self._mapper = mapper
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="case-reader")

    async def aclose(self) -> None:
        """Commit what is queued, then let go of the threads."""
        await self.writer.aclose()
        self._readers.shutdown()

    async def read(self, stream: UUID, after: int, kind: type[L]) -> list[L]:
        """The lines of a stream after a version, all of that kind."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.select, stream, after, kind)

    def select(self, stream: UUID, after: int, kind: type[L]) -> list[L]:
        """The same at once, on this thread."""
        lines = self._mapper.to_lines(self.store.select_case(stream, gt=after))
        return [line for line in lines if isinstance(line, kind)]

    async def append(self, lines: Sequence[L], free: Keys) -> list[L] | None:
        """Write lines, all or none, and give them back with their positions; None on a version conflict.

        It is one as well when a version that has to be the next is not.
        """
        events = [self._mapper.to_stored_event(line) for line in lines]
        try:
            positions = await self.writer.append(events, free)
        except IntegrityError:
            await asyncio.get_running_loop().run_in_executor(self._readers, self._doubt, events)
            return None
        return self._placed(lines, events, positions)

    def insert(self, lines: Sequence[L], free: Keys) -> list[L] | None:
        """The same at once, on this thread, beside the writer."""
        events = [self._mapper.to_stored_event(line) for line in lines]
        [outcome] = self.store.insert_batch([events], [free])
        if isinstance(outcome, IntegrityError):
            self._doubt(events)
            return None
        return self._placed(lines, events, outcome)

    def forget_keys(self) -> None:
        """Look every key up again before it is used."""
        self._mapper.keyring.forget()

    def _doubt(self, events: Sequence[StoredEvent]) -> None:
        """Believe nothing any more of the keys that were to come with them."""
        if subjects := {id.subject for id in new_keys(events)}:
            self._mapper.keyring.doubt(subjects)

    def _placed(self, lines: Sequence[L], events: Sequence[StoredEvent], positions: Sequence[int]) -> list[L]:
        self._mapper.keyring.stored(new_keys(events).values())
        placed = (line.model_copy(update={"position": at}) for line, at in zip(lines, positions, strict=True))
        return cast(list[L], list(placed))
