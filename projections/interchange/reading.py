"""The log as it is exported: what was stored when the export began, page by page, while the service goes on.

Nothing that is sealed is opened: it is no part of any export.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

from domain.casework.backups import log_of
from domain.casework.case_files import CaseFiles
from domain.casework.sealed_lines import decoded_unopened
from projections.interchange.telling import Told, tell

Progress = Callable[[int, int], None]
"""Told how many events are done, of how many."""
PAGE = 1000
"""Events between two words of progress, and cases looked up at once."""
FIRST = "incident.reported"


def events(files: CaseFiles, head: int, progress: Progress) -> Iterator[Told]:
    """Every event up to a position, in order. Raises `UnreadableEvent`."""
    for row in log_of(files.store, head):
        yield tell(decoded_unopened(row))
        if row.id % PAGE == 0:
            progress(row.id, head)
    progress(head, head)


def cases(files: CaseFiles, head: int, progress: Progress) -> Iterator[tuple[str, Iterator[Told]]]:
    """Every case reported up to a position, in order, each with its events up to there. Raises `UnreadableEvent`."""
    reached = 0
    while page := files.store.select_notifications(reached + 1, PAGE, head, topics=(FIRST,)):
        for row in page:
            stored = files.store.select_case(UUID(str(row.originator_id)))
            lines = (decoded_unopened(one) for one in stored if one.id <= head)
            yield str(row.originator_id), map(tell, lines)
        reached = page[-1].id
        progress(reached, head)
    progress(head, head)
