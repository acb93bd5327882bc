"""Durable append: encoded events, one stream each, handed over one by one and answered once on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from domain.casework.appending import GroupCommit
from domain.casework.case_files import MEMORY_ENV, CaseFiles
from tests.bench.floors import BATCH
from tests.bench.generator import generated, time_ordered
from tests.bench.measuring import IN_FLIGHT, THREADS, alternate, event_loop, in_flight, in_threads
from tests.bench.report import Budget, Contender, Row
from tests.bench.stores import Bench, Place, Store
from tests.bench.turns import Prepare, Work, turns

TO_LIBRARY = {"SQLite": 12, "PostgreSQL": 25}


class Written(NamedTuple):
    """One realistic event as it is stored."""

    topic: str
    state: bytes


def measure(bench: Bench) -> list[Row]:
    line = next(line for line in generated(bench.seed, 1000) if line.version == 3)
    event = CaseFiles(env=MEMORY_ENV).mapper.to_stored_event(line)
    return [_row(bench, store, processes, Written(event.topic, event.state)) for store, processes in bench.variants]


def _row(bench: Bench, store: Store, processes: int, event: Written) -> Row:
    size = bench.size
    with ExitStack() as stack:
        ours, floor, library = (
            stack.enter_context(turns(processes, opening, stack.enter_context(store.place()), event, seed=bench.seed))
            for opening in (_ours, _floor, _library)
        )
        by_us, bare, default = alternate(
            size.rounds,
            lambda: size.appends / ours(size.appends),
            lambda: size.appends / floor(size.appends),
            lambda: size.sample / library(size.sample),
        )
    row = Row.of(
        f"durable append, {IN_FLIGHT} in flight",
        "events/s",
        Contender.of(f"GroupCommit, {IN_FLIGHT} in flight", by_us),
        Contender.of(f"the driver, {BATCH} rows a transaction", bare),
        Contender.of(f"the library's recorder, {THREADS} threads", default),
    )
    row.budgets = [
        Budget.at_least(0.6, row.to_floor, "× floor"),
        Budget.at_least(TO_LIBRARY[store.kind], row.to_library, "× library"),
    ]
    return row.on(store.kind, processes)


@contextmanager
def _ours(place: Place, event: Written, seed: int) -> Iterator[Prepare]:
    rnd = Random(seed)
    with closing(place.case_files()) as files, event_loop() as loop:
        writer = GroupCommit(files.store)

        def prepare(many: int) -> Work:
            appends = [[StoredEvent(stream, 1, *event)] for stream in _streams(many, rnd)]
            return lambda: loop.run(in_flight(writer.append, appends))

        yield prepare
        loop.run(writer.aclose())


@contextmanager
def _floor(place: Place, event: Written, seed: int) -> Iterator[Prepare]:
    rnd = Random(seed)
    with closing(place.bare()) as bare:

        def prepare(many: int) -> Work:
            rows = [(stream.hex, 1, *event) for stream in _streams(many, rnd)]
            return lambda: bare.insert(rows)

        yield prepare


@contextmanager
def _library(place: Place, event: Written, seed: int) -> Iterator[Prepare]:
    rnd = Random(seed)
    with closing(place.library()) as app:

        def prepare(many: int) -> Work:
            events = [StoredEvent(stream, 1, *event) for stream in _streams(many, rnd)]
            return lambda: in_threads(lambda one: app.recorder.insert_events([one]), events)

        yield prepare


def _streams(many: int, rnd: Random) -> list[UUID]:
    """New ids as of now, fifty a millisecond."""
    now = datetime.now(UTC)
    return [time_ordered(rnd, now + timedelta(milliseconds=nth // 50)) for nth in range(many)]
