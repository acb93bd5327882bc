"""Looking back: up to which event a store had come at a moment, and when an event was recorded."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from domain.casework.recorders import CaseRecorder
from projections.reading import EPOCH

LEEWAY = timedelta(minutes=1)
"""How much earlier than an event before it an event may be recorded: clocks of processes differ, and appends wait."""
PAGE = 500


class Then(NamedTuple):
    """What was known: the views up to `position`, the registers up to `known`, lights and limits as of `now`."""

    position: int
    known: int
    now: datetime
    last: bytes
    """The last event of the views as it is stored: it tells this log from any other that came as far."""


def then(store: CaseRecorder, as_of: datetime | None, position: int | None) -> Then:
    """What was known at an aware moment, or at a position of the store, or (of both) what was known earlier.

    Without a moment: when the event at the position was recorded. Raises `LookupError` for a position not yet taken.
    """
    known = position or 0 if as_of is None else position_at(store, as_of)
    reached = known if position is None else min(position, known)
    last = _at(store, reached)
    return Then(reached, known, as_of or _recorded_at(last), last)


def position_at(store: CaseRecorder, moment: datetime) -> int:
    """The last position such that nothing up to it was recorded later than that moment; 0 before the first event.

    An event recorded by then may lie beyond, behind one that another process recorded later, and an event that is
    being appended at that moment may still come. It holds as long as no event is recorded more than `LEEWAY` before
    one that has an earlier position; else the position is still one before which somebody recorded nothing later.
    """
    positions = range(1, store.max_notification_id() + 1)
    reached = bisect_right(positions, moment - LEEWAY, key=lambda at: _recorded_at(_at(store, at)))
    while page := store.select_notifications(reached, PAGE, inclusive_of_start=False):
        for row in page:
            if _recorded_at(row.state) > moment:
                return reached
            reached = row.id
    return reached


def _at(store: CaseRecorder, position: int) -> bytes:
    """The event at a position; none at 0. Raises `LookupError`."""
    if position == 0:
        return b""
    found = store.select_notifications(position, 1, position)
    if not found:
        raise LookupError(position)
    return found[0].state


def _recorded_at(state: bytes) -> datetime:
    stored: dict[str, Any] = orjson.loads(state) if state else {"recorded_at": EPOCH.isoformat()}
    return datetime.fromisoformat(stored["recorded_at"])
