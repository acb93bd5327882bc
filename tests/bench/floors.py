"""The bare floor: what the driver does with the same rows when nothing stands between."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from domain.casework.store_file import CREATE
from tests.bench.measuring import batches

Row = tuple[str, int, str, bytes]
BATCH = 100
INSERT = "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?)"


def bare(path: Path) -> sqlite3.Connection:
    """A plain connection to a store file with our tables, write-ahead log, `synchronous=FULL`."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    for statement in CREATE:
        connection.execute(statement)
    return connection


def insert(connection: sqlite3.Connection, rows: Iterable[Row], size: int = BATCH) -> None:
    """So many rows a transaction."""
    for batch in batches(rows, size):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERT, batch)
        connection.execute("COMMIT")
