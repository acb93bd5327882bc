"""The rows of the SQLite file the events are kept in: written many at once, and read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

from eventsourcing import persistence
from eventsourcing.persistence import DataError, IntegrityError, Notification, PersistenceError

from domain.casework.batches import Append, stream_name
from domain.casework.recorders import LogLine

Row = TypeVar("Row")
ROWS_PER_STATEMENT = 4000  # four values each: half of what SQLite binds in one statement
_INSERT = "INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state) VALUES (?,?,?,?,?)"
_ROW = ",(NULL,?,?,?,?)"
_HEADS = (
    "SELECT column1, coalesce((SELECT max(originator_version) FROM stored_events WHERE originator_id = column1), 0)"
    " FROM (VALUES "
)
_SELECT_CASE = """
    SELECT originator_version, topic, state, rowid FROM stored_events
    WHERE originator_id = ? AND originator_version > ? ORDER BY originator_version"""
_SELECT_LOG = """
    SELECT rowid, originator_id, originator_version, topic, state FROM stored_events
    WHERE rowid >= ? AND rowid <= ? ORDER BY rowid LIMIT ?"""
_CONFLICT = (
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_TRIGGER,
)


@contextmanager
def translated() -> Iterator[None]:
    """The driver's errors as the library's of the same name; `IntegrityError` means a version conflict only."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise (IntegrityError if error.sqlite_errorcode in _CONFLICT else DataError)(*error.args) from error
    except sqlite3.Error as error:
        raise getattr(persistence, type(error).__name__, PersistenceError)(*error.args) from error


@contextmanager
def _as_it_stands(connection: sqlite3.Connection) -> Iterator[None]:
    """Whatever is stored as text can be read, and nothing of it is lost."""
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        connection.text_factory = str


def _slices(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    return (rows[i : i + size] for i in range(0, len(rows), size))


def values_of(events: Append) -> list[str | int | bytes | None]:
    values: list[str | int | bytes | None] = []
    for event in events:
        values += (stream_name(event.originator_id), event.originator_version, event.topic, event.state)
    return values


def insert(cursor: sqlite3.Cursor, values: Sequence[str | int | bytes | None], first: int | None = None) -> int:
    """Insert in order, from position `first` on or else after the last, and return the position after them.

    Rows go in by many in one statement, not by `executemany`: the driver releases the interpreter
    lock at each step, and would win it back row by row from a busy event loop.
    """
    for part in _slices(values, 4 * ROWS_PER_STATEMENT):
        cursor.execute(_INSERT + _ROW * (len(part) // 4 - 1), [first, *part])
        first = None
    return (cursor.lastrowid or 0) + 1


def heads_of(cursor: sqlite3.Cursor, streams: Iterable[str]) -> dict[str, int]:
    """The last version of each stream, 0 for a new one."""
    found: dict[str, int] = {}
    for part in _slices(list(streams), ROWS_PER_STATEMENT):
        found.update(cursor.execute(_HEADS + ",".join(["(?)"] * len(part)) + ")", part).fetchall())
    return found


def case_rows(cursor: sqlite3.Cursor, stream: UUID, after: int) -> list[Notification]:
    """The events of one stream after a version, in order."""
    rows = cursor.execute(_SELECT_CASE, (stream_name(stream), after)).fetchall()
    return [Notification(stream, *row) for row in rows]


def log_rows(cursor: sqlite3.Cursor, after: int, stop: int, limit: int) -> list[LogLine]:
    """The events after one position and up to another, as they are stored, whatever somebody has left there."""
    cursor.row_factory = None
    try:
        return cursor.execute(_SELECT_LOG, (after + 1, stop, limit)).fetchall()
    except sqlite3.OperationalError:  # somebody left there what is no text
        with _as_it_stands(cursor.connection):
            return cursor.execute(_SELECT_LOG, (after + 1, stop, limit)).fetchall()
