"""The event store: many appends in one durable commit, on SQLite or in memory.

`SQLiteCaseRecorder` is named by the library's setting APPLICATION_RECORDER_TOPIC. The library's
in-memory factory does not read that setting: name `MemoryCaseFactory` as PERSISTENCE_MODULE.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, Protocol
from uuid import UUID

from eventsourcing import persistence
from eventsourcing.persistence import DataError, IntegrityError, Notification, PersistenceError, StoredEvent
from eventsourcing.popo import POPOApplicationRecorder, POPOFactory
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from domain.casework.batches import Append, Key, Outcome, accepted_of, conflicts_in, key_of, outcomes_of, stream_name
from domain.casework.store_file import CREATE, StoreUnusable, is_complete, opening


class CaseRecorder(Protocol):
    """What the casework and the projections ask of a store.

    A position is an event's place in the whole store: dense from 1 and growing in order of commit.
    """

    def insert_batch(self, appends: Sequence[Append]) -> list[Outcome]:
        """Store many appends in one durable transaction; one outcome each, in the same order.

        An append may follow an earlier one of the same batch (version 2 after version 1). A version
        conflict is a value at its place and disturbs no other append. Versions are unique, gaps are
        not looked for: decide on committed state only.

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

    def insert_batch(self, appends: Sequence[Append]) -> list[Outcome]:
        with self._database_lock:
            taken = {key_of(event) for append in appends for event in append if self._holds(event)}
            conflicts = conflicts_in(appends, taken)
            first = len(self._stored_events) + 1
            self._update_table(accepted_of(appends, conflicts))
        self._notify_listeners()
        return outcomes_of(appends, conflicts, first)

    def _holds(self, event: StoredEvent) -> bool:
        return event.originator_version in self._stored_events_index.get(str(event.originator_id), {})

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


_ROWS_PER_STATEMENT = 4000  # four values each: half of what SQLite binds in one statement
_INSERT = "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES "
_FIND = "SELECT column1, column2 FROM (VALUES "
_FOUND = ") WHERE EXISTS (SELECT 1 FROM stored_events WHERE originator_id = column1 AND originator_version = column2)"
_SELECT_CASE = """
    SELECT originator_version, topic, state, rowid FROM stored_events
    WHERE originator_id = ? AND originator_version > ? ORDER BY originator_version"""
_RESERVE = """
    INSERT INTO case_numbers (day, last) VALUES (?, ?)
    ON CONFLICT (day) DO UPDATE SET last = last + excluded.last RETURNING last"""


@contextmanager
def _translated() -> Iterator[None]:
    """The driver's errors as the library's of the same name; `IntegrityError` means a version conflict only."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        conflict = error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_UNIQUE
        raise (IntegrityError if conflict else DataError)(*error.args) from error
    except sqlite3.Error as error:
        raise getattr(persistence, type(error).__name__, PersistenceError)(*error.args) from error


def _slices(events: Append) -> Iterator[Append]:
    return (events[i : i + _ROWS_PER_STATEMENT] for i in range(0, len(events), _ROWS_PER_STATEMENT))


def _insert(cursor: sqlite3.Cursor, events: Append) -> int:
    """Insert in order and return the position after the last.

    Rows go in by many in one statement, not by `executemany`: the driver releases the interpreter
    lock at each step, and would win it back row by row from a busy event loop.
    """
    for part in _slices(events):
        values: list[str | int | bytes] = []
        for event in part:
            values += (stream_name(event.originator_id), event.originator_version, event.topic, event.state)
        cursor.execute(_INSERT + ",".join(["(?,?,?,?)"] * len(part)), values)
    return (cursor.lastrowid or 0) + 1


def _taken(cursor: sqlite3.Cursor, events: Append) -> set[Key]:
    """Which of the events' versions are stored already."""
    found: set[Key] = set()
    for part in _slices(events):
        values = [value for event in part for value in key_of(event)]
        rows = cursor.execute(_FIND + ",".join(["(?,?)"] * len(part)) + _FOUND, values)
        found.update((stream, version) for stream, version in rows)
    return found


class SQLiteCaseRecorder(SQLiteApplicationRecorder):
    """The store in one SQLite file: write-ahead log, `synchronous=FULL`, one writing connection.

    Readers use the library's pool, from any thread, and never wait for the writer. Other processes
    may write too: each waits its turn for as long as SQLITE_LOCK_TIMEOUT says (5 seconds if unset).

    A position is a rowid, the highest so far plus one. It is not given again as long as rows are
    only added; whoever deletes the last row by hand frees its position.

    Raises `StoreUnusable` when the file is not ours, damaged, or cannot have a write-ahead log.
    """

    def __init__(self, datastore: SQLiteDatastore) -> None:
        super().__init__(datastore)
        name = datastore.pool.db_name
        self._complete = is_complete(name)
        with opening(name):
            # Taken from the pool once and never given back: so its settings last, the pool closes
            # it, and a waiting writer does not stand in the readers' way.
            self.writer = datastore.pool.get_connection()
        self._writing = Lock()
        with self._statement() as cursor:
            cursor.execute("PRAGMA synchronous = FULL")
            [mode] = cursor.execute("PRAGMA journal_mode").fetchone()
        if mode != "wal":
            raise StoreUnusable(f"数据文件 {name} 不能使用预写日志，请放在本机磁盘上。")

    def construct_create_table_statements(self) -> list[str]:
        return list(CREATE)

    def create_table(self) -> None:
        """Make a new file ours; a store that exists is left alone, and its writers undisturbed."""
        if self._complete:
            return
        with self._transaction() as cursor:
            for statement in self.create_table_statements:
                cursor.execute(statement)
        self._complete = True

    @contextmanager
    def _statement(self) -> Iterator[sqlite3.Cursor]:
        """One statement is one transaction: it takes the write lock when it begins and commits when it ends."""
        with self._writing, _translated(), self.writer.cursor() as cursor:
            yield cursor

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        with self._statement() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                self.writer.rollback()
                raise

    def insert_batch(self, appends: Sequence[Append]) -> list[Outcome]:
        events = [event for append in appends for event in append]
        none = [None] * len(appends)
        if not events:
            return outcomes_of(appends, none, 1)
        if len(events) <= _ROWS_PER_STATEMENT:
            with suppress(IntegrityError), self._statement() as cursor:
                return outcomes_of(appends, none, _insert(cursor, events) - len(events))
        # Somebody's version is taken, or may be: find out whose, and store the others.
        with self._transaction() as cursor:
            conflicts = conflicts_in(appends, _taken(cursor, events))
            accepted = accepted_of(appends, conflicts)
            return outcomes_of(appends, conflicts, _insert(cursor, accepted) - len(accepted))

    def insert_events(self, stored_events: Append, **kwargs: Any) -> Sequence[int]:
        return append_alone(self, stored_events, kwargs)

    def select_case(self, originator_id: UUID, *, gt: int = 0) -> list[Notification]:
        with (
            _translated(),
            self.datastore.get_connection(commit=False) as connection,
            connection.cursor() as cursor,
        ):
            rows = cursor.execute(_SELECT_CASE, (stream_name(originator_id), gt)).fetchall()
        return [Notification(originator_id, *row) for row in rows]

    def max_notification_id(self) -> int:
        return super().max_notification_id() or 0

    def reserve_case_numbers(self, day: str, count: int) -> int:
        require_count(count)
        with self._statement() as cursor:
            # Fetching to the end, not to the first row, is what commits the statement.
            [[last]] = cursor.execute(_RESERVE, (day, count)).fetchall()
        return int(last) - count + 1
