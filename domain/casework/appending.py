"""Group commit: whoever waits at the same time shares one durable commit."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from math import inf
from threading import Event, Thread
from time import perf_counter
from typing import TypeVar

from eventsourcing.persistence import IntegrityError, PersistenceError

from domain.casework.batches import UNCONDITIONAL, Append, Keys, Outcome
from domain.casework.recorders import CaseRecorder, Stored, require_count, stored_of

log = logging.getLogger(__name__)
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
Told = TypeVar("Told")


class StoreClosed(PersistenceError):
    """Nothing more is stored: the service is shutting down."""


class GroupCommit:
    """Lets many coroutines append to one store through a single writer thread.

    While one commit is on its way to the disk, new appends gather; the next commit takes them all,
    `max_batch` at most. The thread starts with the first request; end it with `aclose`.

    `on_commit` holds listeners that are told the highest position after each durable commit, before
    any of its callers resumes. They run on the writer thread and must return at once; whatever they
    raise is logged and changes nothing. Commits of other processes are not announced.
    Those in `on_stored` are told the same, but of every event of the commit as it is stored, at
    positions without a gap; they may take as long as the whole commit can bear.
    """

    def __init__(self, recorder: CaseRecorder, max_batch: int = 1000) -> None:
        self.on_commit: list[Callable[[int], None]] = []
        self.on_stored: list[Callable[[Sequence[Stored]], None]] = []
        self._recorder = recorder
        self._max_batch = max_batch
        self._appends: _Queue[tuple[Append, Keys], Sequence[int]] = deque()
        self._reservations: _Queue[tuple[str, int], int] = deque()
        self._wake = Event()
        self._closed = False
        self._writer: Thread | None = None
        self._commit_seconds = inf

    async def append(self, events: Append, free: Keys = UNCONDITIONAL) -> Sequence[int]:
        """Store the events of one command, all or none, and return their positions once they are durable.

        `free` are versions that must be the next of their streams (see `CaseRecorder.insert_batch`).

        Raises `IntegrityError` on a version conflict, `StoreClosed` after `aclose`, and any other
        `PersistenceError` when the store fails; then none of the events is stored.

        A caller that is cancelled while it waits does not know the outcome: its append may still be
        committed. Nobody else is affected.
        """
        return await self._ask(self._appends, (events, free))

    async def reserve_case_numbers(self, day: str, count: int) -> int:
        """Reserve `count` consecutive case numbers of a day and return the first (see `CaseRecorder`)."""
        require_count(count)
        return await self._ask(self._reservations, (day, count))

    async def aclose(self) -> None:
        """Commit what is queued, then end the writer thread. The recorder stays open."""
        self._closed = True
        self._wake.set()
        if self._writer is not None:
            await asyncio.to_thread(self._writer.join)

    def _ask(self, queue: _Queue[Asked, Answer], asked: Asked) -> asyncio.Future[Answer]:
        if self._closed:
            raise StoreClosed("the store is closed")
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        queue.append((asked, answer))
        if self._writer is None:
            self._writer = Thread(target=self._write, name="store-writer", daemon=True)
            self._writer.start()
        if not self._wake.is_set():
            self._wake.set()
        return answer

    def _write(self) -> None:
        closing = False
        while not closing:
            idle = self._sleep()
            closing = self._closed  # read before the queues, so that they hold all there will be
            limit = self._limit(idle)
            while self._reservations or self._appends:
                self._serve(self._reservations, self._reserve, self._max_batch)
                self._serve(self._appends, self._commit, limit)
                limit = self._max_batch

    def _sleep(self) -> float:
        """Wait for work; return for how many seconds there was none."""
        began = perf_counter()
        self._wake.wait()
        self._wake.clear()
        return perf_counter() - began

    def _limit(self, idle: float) -> int:
        """How many appends the first commit after a pause may take.

        Callers that all wait for one commit all resume after it, and the disk waits for them in
        turn. When that pause is long beside a commit, half of them are left for the next one: from
        then on one half is written while the other works.
        """
        if 2 * idle < self._commit_seconds:
            return self._max_batch
        return min(self._max_batch, (len(self._appends) + 1) // 2)

    def _serve(
        self,
        queue: _Queue[Asked, Answer],
        work: Callable[[list[Asked]], Sequence[Answer | PersistenceError]],
        limit: int,
    ) -> None:
        """Take a batch off the queue, and see that each of its callers gets an answer, whatever happens.

        What its caller has given up is left out, or what they ask again would pile up while the store stands still.
        """
        taken = [queue.popleft() for _ in range(min(len(queue), limit))]
        batch = [(asked, answer) for asked, answer in taken if not answer.done()]
        if not batch:
            return
        try:
            results = work([asked for asked, _ in batch])
            answers = [(answer, result) for (_, answer), result in zip(batch, results, strict=True)]
        except BaseException as error:
            answers = [(answer, _failure(error)) for _, answer in batch]
        with suppress(RuntimeError):  # the loop was closed: nobody is waiting any more
            batch[0][1].get_loop().call_soon_threadsafe(_settle, answers)

    def _commit(self, asked: list[tuple[Append, Keys]]) -> Sequence[Outcome]:
        appends, free = zip(*asked, strict=True)
        began = perf_counter()
        outcomes = self._recorder.insert_batch(appends, free)
        self._commit_seconds = perf_counter() - began
        stored = (positions for positions in reversed(outcomes) if not isinstance(positions, IntegrityError))
        if last := next(filter(None, stored), None):
            if self.on_stored:
                self._announce(self.on_stored, stored_of(appends, outcomes), last[-1])
            self._announce(self.on_commit, last[-1], last[-1])
        return outcomes

    def _announce(self, listeners: Iterable[Callable[[Told], None]], told: Told, position: int) -> None:
        for listener in listeners:
            try:
                listener(told)
            except BaseException:  # what is committed stays committed, whatever a listener does
                log.exception("a listener failed after the commit up to position %d", position)

    def _reserve(self, wanted: list[tuple[str, int]]) -> list[int]:
        """Reserve for all callers of a day at once and share the numbers out."""
        totals: Counter[str] = Counter()
        for day, count in wanted:
            totals[day] += count
        free = {day: self._recorder.reserve_case_numbers(day, total) for day, total in totals.items()}
        firsts = []
        for day, count in wanted:
            firsts.append(free[day])
            free[day] += count
        return firsts


_Queue = deque[tuple[Asked, "asyncio.Future[Answer]"]]


def _failure(error: BaseException) -> PersistenceError:
    """The failure of a whole batch, as an exception of each caller's own."""
    kind = type(error) if isinstance(error, PersistenceError) else PersistenceError
    failure = kind(*error.args)
    failure.__cause__ = error
    return failure


def _settle(answers: list[tuple[asyncio.Future[Answer], Answer | PersistenceError]]) -> None:
    for future, result in answers:
        if future.done():  # its caller was cancelled
            continue
        if isinstance(result, PersistenceError):
            future.set_exception(result)
        else:
            future.set_result(result)
