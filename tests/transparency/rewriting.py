"""A store whose owner can do with its rows what they like, and what they may do."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, cast

from eventsourcing.persistence import Notification

from domain.casework.batches import stream_name
from domain.casework.recorders import CaseRecorder, LogLine

Rows = list[Notification]


class Rewritten:
    """All that sealing and verifying ask of a store."""

    def __init__(self, rows: Sequence[Notification]) -> None:
        self.rows = rows

    def max_notification_id(self) -> int:
        return self.rows[-1].id if self.rows else 0

    def select_log(self, after: int, stop: int, limit: int) -> list[LogLine]:
        found = [row for row in self.rows if after < row.id <= stop][:limit]
        return [(row.id, stream_name(row.originator_id), row.originator_version, row.topic, row.state) for row in found]


def rewritten(rows: Sequence[Notification]) -> CaseRecorder:
    """These rows as a store."""
    return cast(CaseRecorder, Rewritten(rows))


def edited(rows: Rows, draw: Random) -> None:
    at = draw.randrange(len(rows))
    state = bytearray(rows[at].state)
    state[draw.randrange(len(state))] ^= 1 << draw.randrange(8)
    rows[at] = _with(rows[at], state=bytes(state))


def renamed(rows: Rows, draw: Random) -> None:
    at = draw.randrange(len(rows))
    rows[at] = _with(rows[at], topic=f"{rows[at].topic}ed")


def moved_to_another_case(rows: Rows, draw: Random) -> None:
    one, other = draw.sample(range(len(rows)), 2)
    while rows[one].originator_id == rows[other].originator_id:
        one, other = draw.sample(range(len(rows)), 2)
    rows[one] = _with(rows[one], originator_id=rows[other].originator_id)


def swapped(rows: Rows, draw: Random) -> None:
    one, other = draw.sample(range(len(rows)), 2)
    rows[one], rows[other] = _with(rows[other], id=rows[one].id), _with(rows[one], id=rows[other].id)


def deleted(rows: Rows, draw: Random) -> None:
    del rows[draw.randrange(len(rows) - 1)]


def cut_off(rows: Rows, draw: Random) -> None:
    del rows[-draw.randint(1, 20) :]


REWRITES = (edited, renamed, moved_to_another_case, swapped, deleted, cut_off)


def _with(row: Notification, **changes: Any) -> Notification:
    names = ("originator_id", "originator_version", "topic", "state", "id")
    return Notification(**{name: changes.get(name, getattr(row, name)) for name in names})
