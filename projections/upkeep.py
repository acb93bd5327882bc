"""What the watch asks of the docket: which open cases wait for the service itself to act.

Every query gives one page in a fixed order; the mark of its last row is where the next one begins.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from projections.docket import Docket
from projections.frame_columns import PATH
from projections.reading import Readable, microseconds

Mark = tuple[int, int]
"""A row's place in the order of its query."""
BEFORE_ALL: Mark = (-1, -1)


class WaitingCase(NamedTuple):
    """A case as the docket shows it; `path` is its place as node ids by level, '' where there is none."""

    mark: Mark
    case_id: str
    version: int
    officer: str
    path: tuple[str, ...]


def due_for_call(views: Readable, now: datetime, after: Mark, limit: int) -> list[WaitingCase]:
    """Cases of which whoever is on duty has to be told by now, the longest overdue first."""
    return _page(views, "call_at", f"call_at > 0 AND call_at <= {microseconds(now)}", after, limit)


def undetermined(views: Readable, after: Mark, limit: int) -> list[WaitingCase]:
    """Cases with a due time that waits for a calendar, in order of report."""
    return _page(views, "undetermined", "undetermined = 1", after, limit)


def open_cases(views: Readable, after: Mark, limit: int) -> list[WaitingCase]:
    """Every open case, in order of the time it was reported."""
    return _page(views, "reported_at", "open = 1", after, limit)


def count_open(views: Readable) -> int:
    """How many open cases there are."""
    with views.reading() as transaction:
        [count] = transaction.execute(f"""SELECT count(*) FROM "{Docket.name}" WHERE open = 1""").fetchone()
        return int(count)


def _page(views: Readable, order: str, condition: str, after: Mark, limit: int) -> list[WaitingCase]:
    """At most `limit` rows beyond a mark, in order of a column and, within one value, of their first event."""
    with views.reading() as transaction:
        found = transaction.execute(
            f"""SELECT {order}, opened, id, version, officer, {", ".join(PATH)} FROM "{Docket.name}"
                WHERE {condition} AND ({order}, opened) > (?, ?) ORDER BY {order}, opened LIMIT ?""",
            (*after, limit),
        ).fetchall()
    return [
        WaitingCase((at, opened), case_id, version, officer or "", tuple(node or "" for node in path))
        for at, opened, case_id, version, officer, *path in found
    ]
