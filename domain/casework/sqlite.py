"""The event store in one SQLite file: many appends in one durable commit.

`SQLiteCaseRecorder` is named by the library's setting APPLICATION_RECORDER_TOPIC.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Notification, OperationalError
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from domain.casework import sqlite_keys
from domain.casework.batches import (
    UNCONDITIONAL,
    Append,
    Keys,
    Outcome,
    accepted_of,
    conditions,
    judge,
    key_of,
    outcomes_of,
    streams_of,
)
from domain.casework.kept_keys import KeptKey, new_keys, taken
from domain.casework.recorders import LogLine, append_alone, require_count
from domain.casework.sealing import KeyId
from domain.casework.sqlite_rows import ROWS_PER_STATEMENT, case_rows, heads_of, insert, log_rows, translated, values_of
from domain.casework.store_file import CREATE, StoreUnusable, is_complete, opening

_CONTIGUOUS = """
    CREATE TEMP TRIGGER contiguous BEFORE INSERT ON main.stored_events
    WHEN NEW.originator_version <> 1 AND NOT EXISTS (
        SELECT 1 FROM main.stored_events
        WHERE originator_id = NEW.originator_id AND originator_version = NEW.originator_version - 1)
    BEGIN SELECT RAISE(ABORT, 'the version before it is missing'); END"""
"""Of the writing connection's own: the file has none."""
_RESERVE = """
    INSERT INTO case_numbers (day, last) VALUES (?, ?)
    ON CONFLICT (day) DO UPDATE SET last = last + excluded.last RETURNING last"""
SCRUBBED = 10
"""Times the journal is tried to be emptied, each for as long as a writer waits."""


class _Known(NamedTuple):
    """The last position at some moment, and versions that were the next of their streams then."""

    head: int
    free: Keys

    def leaves_alone(self, streams: Iterable[object]) -> bool:
        """Whether none of the versions is one of these streams'."""
        return {stream for stream, _ in self.free}.isdisjoint(streams)


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
        self._known = _Known(0, UNCONDITIONAL)
        with self._statement() as cursor:
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.execute("PRAGMA temp_store = MEMORY")
            cursor.execute("PRAGMA secure_delete = ON")  # or the keys that were destroyed would be found in the file
            [mode] = cursor.execute("PRAGMA journal_mode").fetchone()
        if mode != "wal":
            raise StoreUnusable(f"数据文件 {name} 不能使用预写日志，请放在本机磁盘上。")
        if self._complete:
            self._refuse_gaps()

    @property
    def place(self) -> str:
        path = Path(self.datastore.pool.db_name).resolve()
        return f"{os.fsencode(path).decode(errors='backslashreplace')} ({path.stat().st_ino})"  # one path in two houses

    @property
    def era(self) -> Keys:
        return UNCONDITIONAL

    def construct_create_table_statements(self) -> list[str]:
        return list(CREATE)

    def create_table(self) -> None:
        """Make a new file ours; a store that exists is left alone, and its writers undisturbed."""
        if self._complete:
            return
        with self._transaction() as cursor:
            for statement in self.create_table_statements:
                cursor.execute(statement)
        self._refuse_gaps()
        self._complete = True

    def _refuse_gaps(self) -> None:
        with self._statement() as cursor:
            cursor.execute(_CONTIGUOUS)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Cursor]:
        with (
            translated(),
            self.datastore.get_connection(commit=False) as connection,
            connection.cursor() as cursor,
        ):
            yield cursor

    @contextmanager
    def _statement(self) -> Iterator[sqlite3.Cursor]:
        """One statement is one transaction: it takes the write lock when it begins and commits when it ends."""
        with self._writing, translated(), self.writer.cursor() as cursor:
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

    def insert_batch(self, appends: Sequence[Append], free: Sequence[Keys] = ()) -> list[Outcome]:
        free = conditions(appends, free)
        events = [event for append in appends for event in append]
        keys = list(new_keys(events).values())
        none = [None] * len(appends)
        required = UNCONDITIONAL.union(*set(free))
        if not events:
            return outcomes_of(appends, none, 1)
        if len(events) <= ROWS_PER_STATEMENT:
            with suppress(IntegrityError):
                first = self._insert_at_once(values_of(events), required, keys)
                return outcomes_of(appends, none, first)
        # Somebody's version is not the next, or may not be: find out whose, and store the others.
        with self._transaction() as cursor:
            heads = heads_of(cursor, streams_of(appends, free))
            kept = sqlite_keys.of_subjects(cursor, {key.id.subject for key in keys})
            conflicts = judge(appends, free, heads, taken(kept)).conflicts
            accepted = accepted_of(appends, conflicts)
            sqlite_keys.insert(cursor, [key for key in new_keys(accepted).values() if key not in kept])
            following = insert(cursor, values_of(accepted))
        if accepted:
            heads |= map(key_of, accepted)
            still = {(stream, version) for stream, version in required if heads[stream] == version - 1}
            self._known = _Known(following - 1, frozenset(still))
        return outcomes_of(appends, conflicts, following - len(accepted))

    def _insert_at_once(self, values: list[str | int | bytes | None], required: Keys, keys: Sequence[KeptKey]) -> int:
        """Insert all in one statement and return the first position; `IntegrityError` where a version may not be next.

        What has to be next is not looked for again: it was so at the head known here, and the
        position after that is taken as soon as anybody else has written anything.
        """
        known = self._known
        if required and not (required <= known.free and known.leaves_alone(values[::4])):
            raise IntegrityError("to be looked for")
        with self._transaction() if keys else self._statement() as cursor:
            sqlite_keys.insert(cursor, keys)
            following = insert(cursor, values, known.head + 1 if required else None)
        if required:
            self._known = known._replace(head=following - 1)
        return following - len(values) // 4

    def insert_events(self, stored_events: Append, **kwargs: Any) -> Sequence[int]:
        return append_alone(self, stored_events, kwargs)

    def select_case(self, originator_id: UUID, *, gt: int = 0) -> list[Notification]:
        with self._reading() as cursor:
            return case_rows(cursor, originator_id, gt)

    def select_keys(self, subjects: Collection[str]) -> list[KeptKey]:
        with self._reading() as cursor:
            return sqlite_keys.of_subjects(cursor, subjects)

    def keys_after(self, last: KeyId) -> list[KeptKey]:
        with self._reading() as cursor:
            return sqlite_keys.after(cursor, last)

    def put_key(self, key: KeptKey) -> bool:
        try:
            with self._transaction() as cursor:
                sqlite_keys.insert(cursor, [key])
        except IntegrityError:
            return False
        return True

    def replace_keys(self, wrapped: Mapping[KeptKey, bytes]) -> int:
        with self._transaction() as cursor:
            return sqlite_keys.replace(cursor, wrapped)

    def scrub(self) -> None:
        """What was written ahead goes into the file, and is gone from where it was; waits for whoever reads."""
        with self._statement() as cursor:
            for _ in range(SCRUBBED):
                [busy, *_] = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if not busy:
                    return
        raise OperationalError("the journal is still being read: what was destroyed may still be found in it")

    def select_log(self, after: int, stop: int, limit: int) -> list[LogLine]:
        with self._reading() as cursor:
            return log_rows(cursor, after, stop, limit)

    def max_notification_id(self) -> int:
        return super().max_notification_id() or 0

    def reserve_case_numbers(self, day: str, count: int) -> int:
        require_count(count)
        with self._statement() as cursor:
            # Fetching to the end, not to the first row, is what commits the statement.
            [[last]] = cursor.execute(_RESERVE, (day, count)).fetchall()
        return int(last) - count + 1
