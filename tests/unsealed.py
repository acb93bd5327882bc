"""Events as they were before anything in them was sealed: another store can take them in without their keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eventsourcing.persistence import Notification

from domain.casework.case_files import CaseFiles
from domain.casework.recording import encoded


def events_of(files: CaseFiles) -> Sequence[Notification]:
    """All of them, in the order of their positions."""
    stored = files.store.select_notifications(1, files.store.max_notification_id())
    return [replace(row, state=encoded(line)) for row, line in zip(stored, files.lines.to_lines(stored), strict=True)]
