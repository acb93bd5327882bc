"""Durable append: encoded events, one stream each, handed over one by one and answered once on the disk."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from domain.casework.appending import GroupCommit
from domain.casework.application import CaseFiles, sqlite_env
from tests.bench.floors import BATCH, bare, insert
from tests.bench.generator import generated, time_ordered
from tests.bench.library import library
from tests.bench.measuring import IN_FLIGHT, THREADS, Bench, alternate, event_loop, in_flight, in_threads, seconds
from tests.bench.report import Budget, Contender, Row


def measure(bench: Bench) -> list[Row]:
    files = CaseFiles(env=sqlite_env(str(bench.folder / "append-ours.db")))
    theirs = library(bench.folder / "append-library.db")
    line = next(line for line in generated(bench.seed, 1000) if line.version == 3)
    event, rnd = files.mapper.to_stored_event(line), bench.rnd()

    def fresh(many: int) -> list[StoredEvent]:
        """The same realistic event at the head of so many new, time-ordered streams."""
        return [StoredEvent(stream, 1, event.topic, event.state) for stream in _streams(many, rnd)]

    with closing(files), closing(bare(bench.folder / "append-floor.db")) as floor, event_loop() as loop:
        writer = GroupCommit(files.store)

        def ours_turn() -> float:
            events = fresh(bench.size.appends)
            asked = in_flight(lambda event: writer.append([event]), events)
            return len(events) / seconds(lambda: loop.run(asked))

        def floor_turn() -> float:
            rows = [(stream.hex, 1, event.topic, event.state) for stream in _streams(bench.size.appends, rnd)]
            return len(rows) / seconds(lambda: insert(floor, rows))

        def library_turn() -> float:
            events, append = fresh(bench.size.sample), theirs.recorder.insert_events
            return len(events) / seconds(lambda: in_threads(lambda event: append([event]), events))

        ours, bottom, default = alternate(bench.size.rounds, ours_turn, floor_turn, library_turn)
        loop.run(writer.aclose())
        theirs.close()
    row = Row.of(
        f"durable append, {IN_FLIGHT} in flight",
        "events/s",
        Contender.of(f"GroupCommit, {IN_FLIGHT} in flight", ours),
        Contender.of(f"sqlite3, {BATCH} rows a transaction", bottom),
        Contender.of(f"SQLiteApplicationRecorder, {THREADS} threads", default),
    )
    row.budgets = [Budget.at_least(0.6, row.to_floor, "× floor"), Budget.at_least(12, row.to_library, "× library")]
    return [row]


def _streams(many: int, rnd: Random) -> list[UUID]:
    """New ids as of now, fifty a millisecond."""
    now = datetime.now(UTC)
    return [time_ordered(rnd, now + timedelta(milliseconds=nth // 50)) for nth in range(many)]
