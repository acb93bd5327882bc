"""Events that restate what was counted: earlier rows leave the frame as they stood, and enter it as they stand now.

One law holds this together, whatever a page cuts apart: once an event has been read, the rows of its
case in the frame add up to `as_they_stand(history up to it)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

VOID = "incident.void_granted"
EXEMPT = "incident.timeout_exempted"
REDRAWN = "incident.redrawn"
RESOLVED, CHECK_FAILED = "incident.resolved", "incident.check_failed"
RESTATING = frozenset(
    {"incident.correction_granted", "incident.merged", "incident.unmerged", VOID, EXEMPT, CHECK_FAILED}
)


class Row(NamedTuple):
    """A stored event on its way into the frame.

    `sign` is −1 where it takes back what it once added. `standing` (JSON) and `counts` are what later
    events made of it, None where it still says so itself; `exempted` means its timeout is forgiven,
    `undone` that it is a result which failed its check.
    """

    position: int
    case: str
    version: int
    type: str
    state: bytes
    sign: int = 1
    standing: bytes | None = None
    counts: bool | None = None
    exempted: bool = False
    undone: bool = False


History = Callable[[str, int], Sequence[Row]]
"""A case's rows from the first up to a version."""


def restated(page: Iterable[Row], history: History) -> Iterator[Row]:
    """The rows of a page; one that restates is followed by all of its case, before and after."""
    for row in page:
        if row.type not in RESTATING:
            yield row
            continue
        rows = history(row.case, row.version)
        yield from (earlier._replace(sign=-1) for earlier in as_they_stand(rows[:-1]))
        yield from as_they_stand(rows)


def as_they_stand(history: Sequence[Row]) -> list[Row]:
    """The rows of a case, read with everything known at their end.

    The kind is the corrected one throughout, a duplicate counts nowhere, of a voided case nothing is left
    before the voiding, an exempted timeout is forgiven to its cycle, and a result that failed its check
    is undone. Places are those of `_drawn`.
    """
    keys = [_keys(row) for row in history]
    counts = bool(keys[-1]["counts"])
    standings = [orjson.dumps({**keys[-1]["standing"], "place": place}) for place in _drawn(history, keys)]
    voided = max((at for at, row in enumerate(history) if row.type == VOID), default=0)
    exempted = {keys[at]["cycle"]: row.version for at, row in enumerate(history) if row.type == EXEMPT}
    undone = _undone(history)
    return [
        row._replace(
            standing=standings[at],
            counts=counts,
            exempted=row.version <= exempted.get(keys[at]["cycle"], 0),
            undone=at in undone,
        )
        for at, row in enumerate(history)
        if at >= voided
    ]


def _drawn(history: Sequence[Row], keys: Sequence[Any]) -> list[Any]:
    """The place of each row. A redraw moves only what comes after it; a correction says where it was all along."""
    places: list[Any] = []
    for row, its in zip(history, keys, strict=True):
        place = its["standing"]["place"]
        if places and place != places[-1] and row.type != REDRAWN:
            places = [place] * len(places)
        places.append(place)
    return places


def _undone(history: Sequence[Row]) -> set[int]:
    """Which rows are results that failed their check: the last one before each failure."""
    undone, result = set(), -1
    for at, row in enumerate(history):
        if row.type == RESOLVED:
            result = at
        elif row.type == CHECK_FAILED:
            undone.add(result)
    return undone


def _keys(row: Row) -> Any:
    return orjson.loads(row.state)["keys"]
