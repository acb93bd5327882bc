"""The views: all of them made again from every event, and the tail of the log followed in pages."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import orjson

from domain.casework.application import CaseFiles, sqlite_env
from domain.casework.recording import RecordedEvent
from projections.engine import Views
from tests.bench.floors import bare
from tests.bench.generator import generated
from tests.bench.measuring import Bench, Size, alternate, batches, seconds
from tests.bench.report import Budget, Contender, Row
from tests.bench.tracking import follow

PAGES = (100, 1_000, 10_000)
SELECT = "SELECT rowid, state FROM stored_events WHERE rowid > ? ORDER BY rowid LIMIT ?"


@dataclass(frozen=True, slots=True)
class _Log:
    """A stored log, through our recorder and through a bare connection, and room for views of it.

    `snapshot` holds the views as of `position`: the last fifth of the log is still to be followed.
    """

    files: CaseFiles
    rows: sqlite3.Connection
    folder: Path
    size: Size

    @property
    def snapshot(self) -> Path:
        return self.folder / "snapshot.db"

    @property
    def position(self) -> int:
        return self.size.events * 4 // 5

    def fill(self, seed: int) -> None:
        stored = [self.files.mapper.to_stored_event(line) for line in generated(seed, self.size.events)]
        for batch in batches(stored[: self.position], 1_000):
            self.files.store.insert_batch([batch])
        with closing(Views(self.files, self.snapshot)) as views:
            views.catch_up()
        self.files.store.insert_batch([stored[self.position :]])


def measure(bench: Bench) -> list[Row]:
    path = bench.folder / "log.db"
    with closing(CaseFiles(env=sqlite_env(str(path)))) as files, closing(bare(path)) as rows:
        log = _Log(files, rows, bench.folder, bench.size)
        log.fill(bench.seed)
        return [*_rebuilt(log), *(_followed(log, page) for page in PAGES)]


def _rebuilt(log: _Log) -> list[Row]:
    events, sample = log.size.events, log.size.sample
    with closing(Views(log.files, log.folder / "rebuilt.db")) as views:
        views.catch_up()
        ours, typed, untyped, theirs = alternate(
            log.size.rounds,
            lambda: events / seconds(lambda: _rebuild(views)),
            lambda: events / seconds(lambda: _decode(log.rows, RecordedEvent.model_validate_json)),
            lambda: events / seconds(lambda: _decode(log.rows, orjson.loads)),
            lambda: sample / seconds(lambda: _follow_their_way(log, sample)),
        )
    us = Contender.of("Views.rebuild, compared with the live views and swapped in", ours)
    library = Contender.of("one event, one transaction, with tracking", theirs)
    floor = Contender.of("sqlite3 select, RecordedEvent.model_validate_json", typed)
    row = Row.of(f"rebuild of all views, {events:,} events", "events/s", us, floor, library)
    row.budgets = [Budget.at_least(1.3, row.to_floor, "× floor"), Budget.at_least(300, row.to_library, "× library")]
    bare_json = Contender.of("sqlite3 select, orjson.loads: no types at all", untyped)
    return [row, Row.of("… against untyped JSON", "events/s", us, bare_json)]


def _rebuild(views: Views) -> None:
    report = views.rebuild()
    if report.different:
        raise RuntimeError(f"rebuilt otherwise than live: {report.different}")


def _decode(rows: sqlite3.Connection, decode: Callable[[bytes], object]) -> None:
    for _, state in rows.execute(SELECT, (0, -1)):
        decode(state)


def _follow_their_way(log: _Log, events: int) -> None:
    path = log.folder / "tracking.db"
    follow(log.files, path, events)
    path.unlink()


def _followed(log: _Log, page: int) -> Row:
    tail = log.size.events - log.position
    ours, floor = alternate(
        log.size.rounds,
        lambda: tail / _following(log, page),
        lambda: tail / _decoding(log, page),
    )
    row = Row.of(
        f"live tail, pages of {page:,}",
        "events/s",
        Contender.of("Views.catch_up", ours),
        Contender.of("the pages decoded, the position committed with each", floor),
    )
    row.budgets = [Budget.at_least(60_000, row.ours.median, "events/s")]
    return row


def _following(log: _Log, page: int) -> float:
    """How long our views take to follow the tail."""
    path = log.folder / f"following-{page}.db"
    shutil.copyfile(log.snapshot, path)
    with closing(Views(log.files, path, page=page)) as views:
        took = seconds(views.catch_up)
    path.unlink()
    return took


def _decoding(log: _Log, page: int) -> float:
    """How long it takes to read and decode the tail, and to note after each page how far one is."""
    path, position = log.folder / f"decoding-{page}.db", log.position
    with closing(sqlite3.connect(path, isolation_level=None)) as marks:
        marks.execute("PRAGMA journal_mode = WAL")
        marks.execute("PRAGMA synchronous = FULL")
        marks.execute("CREATE TABLE mark (position)")

        def follow_pages() -> None:
            nonlocal position
            while found := log.rows.execute(SELECT, (position, page)).fetchall():
                for position, state in found:  # noqa: B007 - the last one is the mark
                    RecordedEvent.model_validate_json(state)
                marks.execute("INSERT INTO mark VALUES (?)", (position,))

        took = seconds(follow_pages)
    path.unlink()
    return took
