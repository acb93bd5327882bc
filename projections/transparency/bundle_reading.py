"""What a bundle that holds says to people: its events with the words that were opened, the others covered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from domain.casework.case_file import people_of
from domain.casework.recorders import Stored
from domain.casework.recording import AnyLine, RecordedEvent, UnreadableEvent, decoded
from domain.casework.sealed_fields import SealedField, sealed_fields, told
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
    line = told(event.stored)
    covered = list[_Covered]()
    for field in sealed_fields(line["event"]):
        if field.path in words:
            field.put(orjson.loads(words[field.path]))
        else:
            covered.append(_Covered(field, ERASED if field.path in event.field_keys else COVERED))
    while True:
        row = Stored(UUID(event.stream), event.version, event.name, orjson.dumps(line), id=event.position)
        try:
            return _with_columns(decoded(row), event)
        except UnreadableEvent as no:
            if not _fitted(covered, no.__cause__):
                return None


def _with_columns(line: AnyLine, event: Event) -> RecordedEvent | None:
    """With what is not in the stored bytes; None for a line of something else than a case."""
    if not isinstance(line, RecordedEvent):
        return None
    columns = {"version": event.version, "position": event.position, "case_id": str(UUID(event.stream))}
    return line.model_copy(update=columns)


class _Covered:
    """A field that stays covered: words say so, or nothing, or two words, whichever its model accepts."""

    def __init__(self, field: SealedField, says: str) -> None:
        self._field = field
        self._left = iter((says, None, [says, says]))
        self.next()

    def next(self) -> bool:
        """Try another."""
        for value in self._left:
            self._field.put(value)
            return True
        return False

    def is_at(self, place: tuple[Any, ...]) -> bool:
        """Whether a fault of validation is about this field: models add names of their own to the way there."""
        steps = iter(map(str, place))
        return all(step in steps for step in self._field.path.split("."))


def _fitted(covered: list[_Covered], wrong: BaseException | None) -> bool:
    """Whether there was something else to try where the models found a fault."""
    if not isinstance(wrong, ValidationError):
        return False
    places = [fault["loc"] for fault in wrong.errors(include_url=False, include_input=False)]
    faulty = [field for field in covered if any(map(field.is_at, places))]
    tried = [field.next() for field in faulty]
    return any(tried)
