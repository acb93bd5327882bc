"""Whoever has the password of the database: puts any rows in the place of those that are stored, past every fence."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from eventsourcing.persistence import StoredEvent

from api.settings import Settings
from domain.casework.batches import stream_name
from domain.casework.recorders import CaseRecorder, MemoryCaseRecorder, Stored
from projections.transparency.leaves import LOSSLESS
from tests.stores import Store

Value = int | str | bytes
PAST_THE_FENCE = ("SET synchronous_commit = off", "ALTER TABLE stored_events DISABLE TRIGGER USER")
AS_IT_WAS = (
    "ALTER TABLE stored_events ENABLE TRIGGER USER",
    "ALTER TABLE stored_events ENABLE ALWAYS TRIGGER refuse_change",
)
"""Else positions would not go on without a gap for whoever uses the schema next."""
DELETE = {
    "sqlite": "DELETE FROM stored_events WHERE rowid = ?",
    "postgres": "DELETE FROM stored_events WHERE notification_id = %s",
}
INSERT = {
    "sqlite": """INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state)
        VALUES (?, ?, ?, CAST(? AS TEXT), ?)""",
    "postgres": """INSERT INTO stored_events (notification_id, originator_id, originator_version, topic, state)
        OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, convert_from(%s, 'UTF8'), %s)""",
}


class Owner:
    """Of the database in which a store is."""

    def __init__(self, name: str, cursor: sqlite3.Cursor | psycopg.Cursor) -> None:
        self._delete, self._insert, self._cursor = DELETE[name], INSERT[name], cursor

    @contextmanager
    def instead(self, rows: Sequence[Stored], others: Sequence[Stored]) -> Iterator[None]:
        """Others are stored in the place of these, until the block ends."""
        self.put(rows, others)
        try:
            yield
        finally:
            self.put(others, rows)

    def put(self, rows: Sequence[Stored], others: Sequence[Stored]) -> None:
        """Only what differs is touched, at one stroke."""
        was, will = {row.id: row for row in rows}, {row.id: row for row in others}
        cursor = self._cursor
        cursor.execute("BEGIN")
        cursor.executemany(self._delete, [(at,) for at, row in was.items() if will.get(at) is not row])
        cursor.executemany(self._insert, [_values(row) for at, row in will.items() if was.get(at) is not row])
        cursor.execute("COMMIT")


@contextmanager
def owner_of(store: Store, settings: Settings) -> Iterator[Owner]:
    with store.owned(settings) as cursor:
        for statement in PAST_THE_FENCE if store.url else ("PRAGMA synchronous = OFF",):
            cursor.execute(statement)
        try:
            yield Owner(store.name, cursor)
        finally:
            for statement in AS_IT_WAS if store.url else ():
                cursor.execute(statement)


def rewrite(
    store: Store, settings: Settings, at: CaseRecorder, rows: Sequence[Stored], others: Sequence[Stored]
) -> None:
    """Others in the place of these, for good; what is in memory is rewritten there."""
    if isinstance(at, MemoryCaseRecorder):
        at._stored_events[:] = [
            StoredEvent(row.originator_id, row.originator_version, row.topic, row.state)
            for row in sorted(others, key=lambda row: row.id)
        ]
        return
    with owner_of(store, settings) as owner:
        owner.put(rows, others)


def _values(row: Stored) -> tuple[Value, ...]:
    stream = stream_name(row.originator_id)
    return (row.id, stream, row.originator_version, row.topic.encode(*LOSSLESS), row.state)
