"""What a bundle that holds says to people: its events with the words that were opened, the others covered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import orjson

from domain.casework.case_file import people_of
from domain.casework.recorders import Stored
from domain.casework.recording import RecordedEvent, UnreadableEvent, decoded
from domain.casework.sealed_fields import sealed_fields, told
from domain.casework.sealed_lines import completed, stand_in
from domain.privacy import ERASED
from projections.transparency.bundle_checking import Checked, Words
from projections.transparency.bundles import Event

COVERED = "已密封"
"""What is read in place of words whose key the holder has not; `ERASED` where its maker says that it is destroyed."""


def lines_of(checked: Checked) -> list[RecordedEvent | None]:
    """The case as it was recorded; None for an event of a kind that these models do not know."""
    pairs = zip(checked.bundle.events, checked.opened, strict=True)
    return [line_of(event, words) for event, words in pairs]


def names_of(lines: Sequence[RecordedEvent | None]) -> dict[str, str]:
    """What to call the residents of the case, as far as their names were opened."""
    known = [line for line in lines if line is not None]
    return {id: name for id, name in people_of(known).items() if name not in (COVERED, ERASED)} if known else {}


def line_of(event: Event, words: Words) -> RecordedEvent | None:
    """One event, with something its model accepts in each place that stays covered."""
    written, covered = told(event.stored), dict[str, str]()
    row = Stored(UUID(event.stream), event.version, event.name, event.stored, id=event.position)
    for field in sealed_fields(written["event"]):
        if field.path in words:
            field.put(orjson.loads(words[field.path]))
        else:
            says = covered[field.path] = ERASED if field.path in event.field_keys else COVERED
            field.put(stand_in(row, field.path, says))
    try:
        line = completed(decoded(replace(row, state=orjson.dumps(written))), row, covered)
    except UnreadableEvent:
        return None
    return line if isinstance(line, RecordedEvent) else None
