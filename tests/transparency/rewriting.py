"""A store whose owner can do with its rows what they like, and what they may do."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, cast
from uuid import UUID

from eventsourcing.persistence import Notification

from domain.casework.batches import stream_name
from domain.casework.recorders import CaseRecorder, LogLine

Rows = list[Notification]
Rewrite = Callable[[Rows, Random], None]
LETTER = re.compile(rb"[a-z]|[\xe4-\xe9][\x80-\xbf]{2}")
"""What words are made of in UTF-8: of ours, and of Chinese."""


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


def reworded(rows: Rows, draw: Random) -> None:
    """Another letter in a word: what is said, who said it, or when."""
    at = draw.randrange(len(rows))
    state = rows[at].state
    letter = draw.choice(list(LETTER.finditer(state)))
    others = (b"a", b"b") if len(letter[0]) == 1 else ("甲".encode(), "乙".encode())
    other = draw.choice([one for one in others if one != letter[0]])
    rows[at] = _with(rows[at], state=state[: letter.start()] + other + state[letter.end() :])


def renamed(rows: Rows, draw: Random) -> None:
    at = draw.randrange(len(rows))
    others = sorted({row.topic for row in rows} - {rows[at].topic})
    rows[at] = _with(rows[at], topic=draw.choice([*others, f"{rows[at].topic}ed"]))


def moved_to_another_case(rows: Rows, draw: Random) -> None:
    """To the end of another, or to one that nobody reported."""
    at = draw.randrange(len(rows))
    others = sorted({row.originator_id for row in rows} - {rows[at].originator_id}, key=str)
    other = draw.choice(others)
    version = _next(rows, other)
    if draw.random() < 0.5:
        other, version = UUID(int=draw.getrandbits(128), version=4), rows[at].originator_version
    rows[at] = _with(rows[at], originator_id=other, originator_version=version)


def renumbered(rows: Rows, draw: Random) -> None:
    at = draw.randrange(len(rows))
    version = draw.choice([0, _next(rows, rows[at].originator_id)])
    rows[at] = _with(rows[at], originator_version=version)


def swapped(rows: Rows, draw: Random) -> None:
    one, other = draw.sample(range(len(rows)), 2)
    rows[one], rows[other] = _with(rows[other], id=rows[one].id), _with(rows[one], id=rows[other].id)


def said_by_each_other(rows: Rows, draw: Random) -> None:
    """Each keeps its place, and what it says is the other's."""
    one, other = draw.sample(range(len(rows)), 2)
    first, second = rows[one].state, rows[other].state
    rows[one], rows[other] = _with(rows[one], state=second), _with(rows[other], state=first)


def put_before(rows: Rows, draw: Random) -> None:
    """As if it had been recorded earlier; those in between make room."""
    to, at = sorted(draw.sample(range(len(rows)), 2))
    places = [row.id for row in rows[to : at + 1]]
    turned = [rows[at], *rows[to:at]]
    rows[to : at + 1] = [_with(row, id=place) for row, place in zip(turned, places, strict=True)]


def deleted(rows: Rows, draw: Random) -> None:
    del rows[draw.randrange(len(rows) - 1)]


def cut_off(rows: Rows, draw: Random) -> None:
    del rows[-draw.randint(1, 20) :]


def inserted(rows: Rows, draw: Random) -> None:
    """One nobody recorded, in the name of a case; those after it make room."""
    at = draw.randrange(len(rows))
    made = _made_up(rows, draw, rows[at].id)
    rows[at:] = [made, *(_with(row, id=row.id + 1) for row in rows[at:])]


def slipped_in(rows: Rows, draw: Random) -> None:
    """Where no position should be, so that nothing else has to move."""
    rows.insert(0, _made_up(rows, draw, draw.choice([0, -1, -draw.randrange(2**62), -(2**63)])))


def closed_up(rows: Rows, draw: Random) -> None:
    """One is gone, and all that follows was rewritten as if it had never been: positions and versions have no gap."""
    at = draw.randrange(len(rows) - 1)
    gone = rows[at].originator_id
    rows[at:] = [
        _with(row, id=row.id - 1, originator_version=row.originator_version - (row.originator_id == gone))
        for row in rows[at + 1 :]
    ]


def put_off(rows: Rows, draw: Random) -> None:
    """All from one on are further back."""
    at, gap = draw.randrange(len(rows)), draw.randint(1, 9)
    rows[at:] = [_with(row, id=row.id + gap) for row in rows[at:]]


def left_as_text(rows: Rows, draw: Random) -> None:
    """The same letters, no longer as bytes: SQLite would keep them so."""
    at = draw.randrange(len(rows))
    rows[at] = _with(rows[at], state=rows[at].state.decode())


def garbled(rows: Rows, draw: Random) -> None:
    """A name that is no text any more: SQLite would keep that, too."""
    at = draw.randrange(len(rows))
    name = rows[at].topic.encode()
    place = draw.randrange(len(name))
    broken = name[:place] + bytes([name[place] | 0x80]) + name[place + 1 :]
    rows[at] = _with(rows[at], topic=broken.decode("utf-8", "surrogateescape"))


REWRITES: tuple[Rewrite, ...] = (
    *(edited, reworded, renamed, moved_to_another_case, renumbered, swapped, said_by_each_other, put_before),
    *(deleted, cut_off, inserted, slipped_in, closed_up, put_off),
)
LOOSE: tuple[Rewrite, ...] = (left_as_text, garbled)
"""What only a database that takes anything for a value can be made to hold."""


def _next(rows: Rows, stream: UUID | str) -> int:
    """The version after the last of a stream."""
    return 1 + max(row.originator_version for row in rows if row.originator_id == stream)


def _made_up(rows: Rows, draw: Random, position: int) -> Notification:
    """An event like another one, at the end of its stream."""
    like = draw.choice(rows)
    return _with(like, originator_version=_next(rows, like.originator_id), id=position)


def _with(row: Notification, **changes: Any) -> Notification:
    names = ("originator_id", "originator_version", "topic", "state", "id")
    return Notification(**{name: changes.get(name, getattr(row, name)) for name in names})
