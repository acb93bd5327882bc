"""Views the library's way: one event, one transaction that also notes its position.

`ProjectionRunner` needs subscriptions, which the library has not got on SQLite; this is the loop it
runs, with its own tracking recorders. The three views are simple ones: a line a case, a count and a
bucket; no corrections, merges or voids.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.sqlite import SQLiteTrackingRecorder
from psycopg.sql import SQL

from domain.casework.case_files import CaseFiles
from domain.casework.recording import RecordedEvent
from domain.clocks import SHANGHAI
from domain.incident.events import Accepted, Arrived, Closed, Resolved
from tests.bench.stores import Place

TABLES = (
    "CREATE TABLE docket (id TEXT PRIMARY KEY, grid TEXT, kind TEXT, stage TEXT, officer TEXT,"
    " reported_at REAL, updated_at REAL)",
    "CREATE TABLE workload (day TEXT, grid TEXT, officer TEXT, what TEXT, n INTEGER,"
    " PRIMARY KEY (day, grid, officer, what))",
    "CREATE TABLE response (day TEXT, grid TEXT, kind TEXT, what TEXT, seconds INTEGER, n INTEGER,"
    " PRIMARY KEY (day, grid, kind, what, seconds))",
)
DOCKET = """
    INSERT INTO docket VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET grid = excluded.grid, kind = excluded.kind, stage = excluded.stage,
        officer = excluded.officer, updated_at = excluded.updated_at"""
WORKLOAD = """
    INSERT INTO workload VALUES (?, ?, ?, ?, 1)
    ON CONFLICT (day, grid, officer, what) DO UPDATE SET n = workload.n + 1"""
RESPONSE = """
    INSERT INTO response VALUES (?, ?, ?, ?, ?, 1)
    ON CONFLICT (day, grid, kind, what, seconds) DO UPDATE SET n = response.n + 1"""
TIMED = Accepted | Arrived | Resolved | Closed
PAGE = 500


class _Cursor(Protocol):
    def execute(self, statement: Any, values: Any = ..., /) -> object: ...


class LibraryViews(SQLiteTrackingRecorder):
    """Their tables and the tracking table in one file."""

    def construct_create_table_statements(self) -> list[str]:
        return [*super().construct_create_table_statements(), *TABLES]

    def process_event(self, line: RecordedEvent, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            merge(cursor, line)


class LibraryPostgresViews(PostgresTrackingRecorder):
    """The same in one database."""

    def create_table(self) -> None:
        self.sql_create_statements += [SQL(cast(Any, statement)).format() for statement in TABLES]
        super().create_table()

    def process_event(self, line: RecordedEvent, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            merge(cursor, line, "%s")


def merge(cursor: _Cursor, line: RecordedEvent, mark: str = "?") -> None:
    """What one event changes; `mark` is how the driver writes a value."""
    place, kind = line.keys.standing.place, line.keys.standing.kind
    day = line.effective_at.astimezone(SHANGHAI).date().isoformat()
    case = (line.case_id, place.grid, kind, line.keys.stage, line.keys.officer)
    times = (line.keys.reported_at.timestamp(), line.effective_at.timestamp())
    cursor.execute(DOCKET.replace("?", mark), (*case, *times))
    cursor.execute(WORKLOAD.replace("?", mark), (day, place.grid, line.actor, line.event.type))
    if isinstance(line.event, TIMED):
        values = (day, place.grid, kind, line.event.type, round(times[1] - times[0]))
        cursor.execute(RESPONSE.replace("?", mark), values)


def follow(files: CaseFiles, place: Place, events: int) -> None:
    """Bring fresh views in a place of their own up to an event near the start of the log."""
    app = place.library()
    kind = LibraryPostgresViews if place.url else LibraryViews
    views: Any = app.factory.tracking_recorder(cast(Any, kind))
    position = 0
    while position < events:
        for one in files.store.select_notifications(position, PAGE, events, inclusive_of_start=False):
            line = cast(RecordedEvent, files.mapper.to_domain_event(one))
            views.process_event(line, Tracking("bench", one.id))
            position = one.id
    app.close()
