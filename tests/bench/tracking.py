"""Views the library's way: one event, one transaction that also notes its position.

`ProjectionRunner` needs subscriptions, which the library has not got on SQLite; this is the loop it
runs, with its own tracking recorder. The three views are simple ones: a line a case, a count and a
bucket; no corrections, merges or voids.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

from eventsourcing.persistence import Tracking
from eventsourcing.sqlite import SQLiteDatastore, SQLiteTrackingRecorder

from domain.casework.application import CaseFiles
from domain.casework.recording import RecordedEvent
from domain.clocks import SHANGHAI
from domain.incident.events import Accepted, Arrived, Closed, Resolved

TABLES = (
    "CREATE TABLE docket (id TEXT PRIMARY KEY, grid, kind, stage, officer, reported_at, updated_at) WITHOUT ROWID",
    "CREATE TABLE workload (day, grid, officer, what, n, PRIMARY KEY (day, grid, officer, what)) WITHOUT ROWID",
    "CREATE TABLE response (day, grid, kind, what, seconds, n, PRIMARY KEY (day, grid, kind, what, seconds))"
    " WITHOUT ROWID",
)
DOCKET = """
    INSERT INTO docket VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET grid = excluded.grid, kind = excluded.kind, stage = excluded.stage,
        officer = excluded.officer, updated_at = excluded.updated_at"""
WORKLOAD = "INSERT INTO workload VALUES (?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1"
RESPONSE = "INSERT INTO response VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1"
TIMED = Accepted | Arrived | Resolved | Closed
PAGE = 500


class LibraryViews(SQLiteTrackingRecorder):
    """Their tables and the tracking table in one file."""

    def construct_create_table_statements(self) -> list[str]:
        return [*super().construct_create_table_statements(), *TABLES]

    def process_event(self, line: RecordedEvent, tracking: Tracking) -> None:
        place, kind = line.keys.standing.place, line.keys.standing.kind
        day = line.effective_at.astimezone(SHANGHAI).date().isoformat()
        case = (line.case_id, place.grid, kind, line.keys.stage, line.keys.officer)
        times = (line.keys.reported_at.timestamp(), line.effective_at.timestamp())
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(DOCKET, (*case, *times))
            cursor.execute(WORKLOAD, (day, place.grid, line.actor, line.event.type))
            if isinstance(line.event, TIMED):
                cursor.execute(RESPONSE, (day, place.grid, kind, line.event.type, round(times[1] - times[0])))


def follow(files: CaseFiles, path: Path, events: int) -> None:
    """Bring fresh views up to an event near the start of the log."""
    views = LibraryViews(SQLiteDatastore(str(path)))
    views.create_table()
    position = 0
    while position < events:
        for one in files.store.select_notifications(position, PAGE, events, inclusive_of_start=False):
            line = cast(RecordedEvent, files.mapper.to_domain_event(one))
            views.process_event(line, Tracking("bench", one.id))
            position = one.id
    views.datastore.close()
