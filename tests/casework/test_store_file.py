"""What the SQLite file adds to the promises of every store, and which files are refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Barrier, Thread
from typing import cast
from uuid import uuid4

import pytest
from eventsourcing.persistence import DataError, OperationalError, PersistenceError
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from domain.casework.store_file import SCHEMA_VERSION, StoreUnusable
from tests.casework.stores import event, opening, sqlite_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


def by_hand(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_the_connection_that_writes_is_durable(path: Path) -> None:
    with sqlite_store(path) as recorder, recorder.writer.cursor() as cursor:
        pragmas = ("journal_mode", "synchronous", "busy_timeout")
        full = 2
        assert [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas] == ["wal", full, 5000]


def test_a_reopened_file_has_kept_everything(path: Path) -> None:
    case = uuid4()
    with sqlite_store(path) as recorder:
        recorder.insert_batch([[event(case, 1, b"one")], opening(), [event(case, 2, b"two")]])
        recorder.reserve_case_numbers("20260216", 20)
    with sqlite_store(path) as recorder:
        assert [(line.id, line.state) for line in recorder.select_case(case)] == [(1, b"one"), (3, b"two")]
        assert list(recorder.insert_events([event(case, 3)])) == [4]
        assert recorder.reserve_case_numbers("20260216", 1) == 21


def test_compacting_the_file_moves_no_event(path: Path) -> None:
    with sqlite_store(path) as recorder:
        recorder.insert_batch([opening() for _ in range(5)])
    by_hand(path, "DELETE FROM stored_events WHERE rowid = 2", "VACUUM")
    with sqlite_store(path) as recorder:
        assert [line.id for line in recorder.select_notifications(None, 10)] == [1, 3, 4, 5]


def test_readers_do_not_wait_for_a_writer(path: Path) -> None:
    case = uuid4()
    with sqlite_store(path) as recorder, closing(sqlite3.connect(path, isolation_level=None)) as foreign:
        recorder.insert_events([event(case, 1)])
        foreign.execute("BEGIN IMMEDIATE")
        foreign.execute("INSERT INTO stored_events VALUES (2, ?, 2, 'incident.closed', x'00')", (case.hex,))
        assert [line.originator_version for line in recorder.select_case(case)] == [1]
        assert [line.id for line in recorder.select_notifications(1, 10)] == [1]
        foreign.execute("COMMIT")
        assert [line.originator_version for line in recorder.select_case(case)] == [1, 2]


def test_a_writer_waits_for_another_and_gives_up_in_the_end(path: Path) -> None:
    append = opening()
    with (
        sqlite_store(path, SQLITE_LOCK_TIMEOUT="1") as recorder,
        closing(sqlite3.connect(path, isolation_level=None)) as foreign,
    ):
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            recorder.insert_batch([append])
        foreign.execute("ROLLBACK")
        assert recorder.insert_batch([append]) == [[1]]


@pytest.mark.parametrize("appends", [3, 3000], ids=["一条语句", "多条语句"])
def test_a_full_disk_stores_nothing_of_the_batch(path: Path, appends: int) -> None:
    batch = [[event(uuid4(), 1, b"x" * 5000), event(uuid4(), 1, b"x" * 5000)] for _ in range(appends)]
    with sqlite_store(path) as recorder, recorder.writer.cursor() as cursor:
        recorder.insert_batch([opening()])
        [pages] = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages + appends}")
        with pytest.raises(OperationalError, match="full"):
            recorder.insert_batch(batch)
        assert recorder.max_notification_id() == 1
        cursor.execute("PRAGMA max_page_count = 1000000")
        assert recorder.insert_batch(batch)[0] == [2, 3]


def test_a_row_the_table_refuses_is_no_version_conflict(path: Path) -> None:
    with sqlite_store(path) as recorder:
        with pytest.raises(DataError):
            recorder.insert_batch([opening(), opening(cast(bytes, None))])
        assert recorder.max_notification_id() == 0


def test_a_closed_store_says_so(path: Path) -> None:
    with sqlite_store(path) as recorder:
        pass
    with pytest.raises(PersistenceError, match="closed"):
        recorder.insert_batch([opening()])
    with pytest.raises(PersistenceError, match="closed"):
        recorder.reserve_case_numbers("20260216", 1)


def test_many_may_make_a_new_file_at_once(tmp_path: Path) -> None:
    for attempt in range(10):
        start, failures = Barrier(4), list[BaseException]()

        def make(path: Path, start: Barrier, failures: list[BaseException]) -> None:
            start.wait()
            try:
                with sqlite_store(path) as recorder:
                    recorder.insert_events(opening())
            except BaseException as error:
                failures.append(error)

        path = tmp_path / f"{attempt}.db"
        makers = [Thread(target=make, args=(path, start, failures)) for _ in range(4)]
        for maker in makers:
            maker.start()
        for maker in makers:
            maker.join()
        assert failures == []


def other_program(path: Path) -> None:
    by_hand(path, "CREATE TABLE households (name TEXT)")


def default_of_the_library(path: Path) -> None:
    datastore = SQLiteDatastore(str(path))
    SQLiteApplicationRecorder(datastore).create_table()
    datastore.close()


def no_database(path: Path) -> None:
    path.write_bytes("这不是数据库。".encode() * 500)


def of_ours(path: Path) -> None:
    with sqlite_store(path) as recorder:
        recorder.insert_batch([opening(b"x" * 500) for _ in range(100)])


def cut_short(path: Path) -> None:
    of_ours(path)
    path.write_bytes(path.read_bytes()[:-8192])


def overwritten_at_the_start(path: Path) -> None:
    of_ours(path)
    path.write_bytes(b"\0" * 100 + path.read_bytes()[100:])


def of_a_later_version(path: Path) -> None:
    of_ours(path)
    by_hand(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


def without_its_events(path: Path) -> None:
    of_ours(path)
    by_hand(path, "DROP TABLE stored_events")


REFUSED = {
    other_program: "不是必到的事件库",
    default_of_the_library: "不是必到的事件库",
    no_database: "已损坏或不是数据库",
    cut_short: "已损坏或不是数据库",
    overwritten_at_the_start: "已损坏或不是数据库",
    of_a_later_version: f"只认第 {SCHEMA_VERSION} 版",
    without_its_events: "缺少数据表 stored_events",
    Path.mkdir: "打不开",
}


@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
def test_a_file_that_is_no_store_of_ours_is_refused_and_left_as_it_was(
    path: Path, make: Callable[[Path], None]
) -> None:
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreUnusable, match=REFUSED[make]), sqlite_store(path):
        pass
    assert before == (path.read_bytes() if path.is_file() else None)
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match=r"missing.*打不开"), sqlite_store(tmp_path / "missing" / "events.db"):
        pass


def test_a_store_that_keeps_nothing_is_refused() -> None:
    with pytest.raises(StoreUnusable, match="预写日志"), sqlite_store(Path(":memory:")):
        pass


def test_nobody_subscribes_to_a_file(path: Path) -> None:
    """Why readers go by positions: what the library's projections run on is not there."""
    with sqlite_store(path) as recorder, pytest.raises(NotImplementedError):
        recorder.subscribe(0)
