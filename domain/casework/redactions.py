"""What a case says in words, and how it reads where words were redacted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from domain.casework.recording import RecordedEvent
from domain.incident.events import TextRedacted
from domain.privacy import parts_of


def texts_of(lines: Iterable[RecordedEvent]) -> frozenset[tuple[int, str]]:
    """Where something is said in nobody's own name, and still there: version of the line, and path in its event."""
    return frozenset(
        (line.version, said.path)
        for line in lines
        for said in parts_of(type(line.event)).said(line.event.model_dump(mode="json", warnings=False))
        if said.subject is None and said.path not in line.erased
    )


def redacted(lines: Sequence[RecordedEvent]) -> list[RecordedEvent]:
    """The lines with whatever was redacted by one of them replaced; the redacting lines themselves stay."""
    instead = dict[int, dict[str, str]]()
    for line in lines:
        if isinstance(line.event, TextRedacted):
            for one in line.event.redactions:
                instead.setdefault(one.version, {})[one.field] = one.text
    if not instead:
        return list(lines)
    return [_replaced(line, instead.get(line.version, {})) for line in lines]


def _replaced(line: RecordedEvent, instead: dict[str, str]) -> RecordedEvent:
    event: Any = line.event
    for path, text in instead.items():
        event = _with(event, path.split("."), text)
    return line.model_copy(update={"event": event}) if instead else line


def _with(told: Any, path: Sequence[str], text: str) -> Any:
    """The same with a text at the end of a path; where something else than one text was, several were or a place."""
    name, *rest = path
    if isinstance(told, tuple):
        return tuple(_with(one, rest, text) if str(nth) == name else one for nth, one in enumerate(told))
    value = getattr(told, name)
    if rest:
        return told.model_copy(update={name: _with(value, rest, text)})
    if isinstance(value, tuple):
        return told.model_copy(update={name: (text,)})
    return told.model_copy(update={name: text if isinstance(value, str) else None})
