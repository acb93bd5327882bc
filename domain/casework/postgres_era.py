"""Eras of a PostgreSQL store: which database answers, and whether it may have forgotten what it acknowledged.

A standby that is promoted and a database restored to an earlier moment begin a timeline of their own. Every
connection to the one before is broken by then; so it is enough to look when a connection is made.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

import psycopg

from domain.casework.batches import Keys

ERA = ""
"""Stands for the store itself where a stream is named."""
_IDENTITY = """
    SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8), datname, oid FROM pg_database
    WHERE datname = current_database() AND NOT pg_is_in_recovery()"""
_SYSTEM = "SELECT system_identifier FROM pg_control_system()"


class Eras:
    """Counts them, as far as the connections of one pool can tell; from any thread."""

    def __init__(self) -> None:
        self._seeing = Lock()
        self._identity: tuple[Any, ...] | None = None
        self._count = 0
        self.current: Keys = frozenset({(ERA, 1)})
        self.database = ""
        """Name of the database that answers, with what tells it from all others; empty on a standby."""

    def see(self, connection: psycopg.Connection[Any]) -> None:
        """Look who answers. A standby has no era of its own yet."""
        with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
            identity = cursor.execute(_IDENTITY).fetchone()
            if identity is None:
                return
            try:
                identity += tuple(cursor.execute(_SYSTEM).fetchone() or ())
            except psycopg.errors.InsufficientPrivilege:  # taken from everybody on some servers
                identity += (None,)
        with self._seeing:
            if self._identity not in (None, identity):
                self._count += 1
                self.current = frozenset({(ERA, self._count + 1)})
            self._identity = identity
            self.database = f"{identity[1]} ({identity[2]}/{identity[3]})"
