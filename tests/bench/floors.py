"""The bare floor: what the driver does with the same rows when nothing stands between."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import psycopg

from domain.casework.store_file import CREATE
from tests.bench.measuring import batches

Row = tuple[str, int, str, bytes]
"""Stream (hex), version, topic, state."""
BATCH = 100
ITERSIZE = 10_000
"""Rows a server's cursor hands over at a time: a log need not fit into memory."""


class Bare(Protocol):
    """A plain connection to a table of events."""

    def insert(self, rows: Iterable[Row], size: int = BATCH) -> None:
        """So many rows a transaction."""

    def case(self, stream: str) -> Iterable[tuple[int, str, bytes]]:
        """Version, topic and state of one stream's events."""

    def log(self, after: int = 0, limit: int | None = None) -> Iterable[tuple[int, bytes]]:
        """Position and state of all events in order."""

    def close(self) -> None: ...


class BareSQLite:
    """Our tables in a file, write-ahead log, `synchronous=FULL`."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        for statement in CREATE:
            self._connection.execute(statement)

    def insert(self, rows: Iterable[Row], size: int = BATCH) -> None:
        for batch in batches(rows, size):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?)", batch
            )
            self._connection.execute("COMMIT")

    def case(self, stream: str) -> Iterable[tuple[int, str, bytes]]:
        return self._connection.execute(
            "SELECT originator_version, topic, state FROM stored_events"
            " WHERE originator_id = ? ORDER BY originator_version",
            (stream,),
        )

    def log(self, after: int = 0, limit: int | None = None) -> Iterable[tuple[int, bytes]]:
        return self._connection.execute(
            "SELECT rowid, state FROM stored_events WHERE rowid > ? ORDER BY rowid LIMIT ?",
            (after, -1 if limit is None else limit),
        )

    def close(self) -> None:
        self._connection.close()


class BarePostgres:
    """The same columns and keys in a database, if our tables are not there; no lock, no function, no trigger."""

    def __init__(self, url: str) -> None:
        self._connection: psycopg.Connection[Any] = psycopg.connect(url, autocommit=True)
        self._connection.execute("SET client_min_messages = warning")
        self._connection.execute("""
            CREATE TABLE IF NOT EXISTS stored_events (
                notification_id BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
                originator_id UUID NOT NULL, originator_version BIGINT NOT NULL, topic TEXT NOT NULL,
                state BYTEA NOT NULL, PRIMARY KEY (originator_id, originator_version)
            )""")

    def insert(self, rows: Iterable[Row], size: int = BATCH) -> None:
        with self._connection.cursor() as cursor:
            for batch in batches(rows, size):
                with self._connection.transaction():
                    cursor.executemany(
                        "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
                        " VALUES (%s, %s, %s, %b)",
                        batch,
                    )

    def case(self, stream: str) -> Iterable[tuple[int, str, bytes]]:
        return self._connection.execute(
            "SELECT originator_version, topic, state FROM stored_events"
            " WHERE originator_id = %s ORDER BY originator_version",
            (stream,),
            prepare=True,
            binary=True,
        )

    def log(self, after: int = 0, limit: int | None = None) -> Iterator[tuple[int, bytes]]:
        with (
            self._connection.transaction(),
            self._connection.cursor("log") as cursor,
        ):
            cursor.itersize = ITERSIZE
            cursor.execute(
                "SELECT notification_id, state FROM stored_events"
                " WHERE notification_id > %s ORDER BY notification_id LIMIT %s",
                (after, limit),
                binary=True,
            )
            yield from cursor

    def close(self) -> None:
        self._connection.close()
