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
RESTATING = frozenset({"incident.correction_granted", "incident.merged", "incident.unmerged", VOID, EXEMPT})


class Row(NamedTuple):
    """A stored event on its way into the frame.

    `sign` is −1 where it takes back what it once added. `standing` (JSON) and `counts` are what later
    events made of it, None where it still says so itself; `exempted` means its timeout is forgiven.
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

    Place and kind are the corrected ones throughout, a duplicate counts nowhere, of a voided case
    nothing is left before the voiding, and an exempted timeout is forgiven to its cycle.
    """
    keys = _keys(history[-1])
    standing, counts = orjson.dumps(keys["standing"]), bool(keys["counts"])
    voided = max((at for at, row in enumerate(history) if row.type == VOID), default=0)
    exempted = {_keys(row)["cycle"]: row.version for row in history if row.type == EXEMPT}
    return [
        row._replace(
            standing=standing,
            counts=counts,
            exempted=bool(exempted) and row.version <= exempted.get(_keys(row)["cycle"], 0),
        )
        for row in history[voided:]
    ]


def _keys(row: Row) -> Any:
    return orjson.loads(row.state)["keys"]
