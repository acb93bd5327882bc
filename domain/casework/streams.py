"""Lines in and out of the store: read on threads of their own, written by the one writer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Mapper

from domain.casework.appending import GroupCommit
from domain.casework.batches import Keys
from domain.casework.recorders import CaseRecorder
from domain.casework.recording import AnyLine

L = TypeVar("L", bound=AnyLine)


class Streams:
    """One store, by stream. End it with `aclose`."""

    def __init__(self, mapper: Mapper[UUID], store: CaseRecorder) -> None:
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
        lines: list[Any] = [self._mapper.to_domain_event(row) for row in self.store.select_case(stream, gt=after)]
        return [line for line in lines if isinstance(line, kind)]

    async def append(self, lines: Sequence[L], free: Keys) -> list[L] | None:
        """Write lines, all or none, and give them back with their positions; None on a version conflict.

        It is one as well when a version that has to be the next is not.
        """
        try:
            positions = await self.writer.append([self._mapper.to_stored_event(line) for line in lines], free)
        except IntegrityError:
            return None
        return _placed(lines, positions)

    def insert(self, lines: Sequence[L], free: Keys) -> list[L] | None:
        """The same at once, on this thread, beside the writer."""
        [outcome] = self.store.insert_batch([[self._mapper.to_stored_event(line) for line in lines]], [free])
        return None if isinstance(outcome, IntegrityError) else _placed(lines, outcome)


def _placed(lines: Sequence[L], positions: Sequence[int]) -> list[L]:
    placed = (line.model_copy(update={"position": at}) for line, at in zip(lines, positions, strict=True))
    return cast(list[L], list(placed))
