"""What a case says in words, and how it reads where words were redacted or may be used no more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.casework.recording import RecordedEvent
from domain.incident.events import EvidenceAdded, TextRedacted
from domain.model import Role
from domain.privacy import Said, parts_of
from domain.retention import Erasures

FILE = "file"
"""Of evidence: it is either there or not, and no words stand in its place."""
RESTRICTED = "限制使用"
"""What is read where something is kept by law and for nothing else (PIPL art. 47)."""


def texts_of(lines: Iterable[RecordedEvent]) -> frozenset[tuple[int, str]]:
    """Where something is said in nobody's own name, and still there: version of the line, and path in its event."""
    return frozenset(
        (line.version, said.path)
        for line in lines
        for said in said_in(line)
        if said.subject is None and said.path not in line.erased
    )


def shown(lines: Sequence[RecordedEvent], erasures: Erasures, role: Role) -> list[RecordedEvent]:
    """The lines of one case as somebody in that capacity may use them.

    What was erased reads as it was redacted, if it was. What has to be kept of somebody for a term is read by
    auditors only; for everybody else it is as good as erased.
    """
    restricted = frozenset[str]() if role is Role.AUDITOR else erasures.restricted
    redacted = _redacted(lines, restricted)
    if not redacted and not restricted:
        return list(lines)
    return [_replaced(line, {**_withheld(line, restricted), **redacted.get(line.version, {})}) for line in lines]


def _redacted(lines: Sequence[RecordedEvent], restricted: Collection[str]) -> dict[int, dict[str, str]]:
    """What is read in place of a text, by version and path."""
    erased = {line.version: line.erased for line in lines if line.erased}
    instead = dict[int, dict[str, str]]()
    for line in lines:
        event = line.event
        if isinstance(event, TextRedacted):
            for one in event.redactions:
                if event.subject in restricted or one.field in erased.get(one.version, ()):
                    instead.setdefault(one.version, {}).update(dict.fromkeys(gone_with(one.field), one.text))
    return instead


def _withheld(line: RecordedEvent, restricted: Collection[str]) -> dict[str, str]:
    """What is said of somebody, or in words by the case itself, that may be used no more."""
    text, own = UUID(line.case_id).hex, any(handed_in_by(line, subject) for subject in restricted)
    return {
        said.path: RESTRICTED
        for said in (said_in(line) if restricted else ())
        if (own or (said.subject or text) in restricted) and said.path not in line.erased
    }


def gone_with(field: str) -> tuple[str, ...]:
    """What is redacted where a field is: a photograph takes with it where it was taken."""
    return (FILE, "position") if field == FILE else (field,)


def handed_in_by(line: RecordedEvent, subject: str) -> frozenset[tuple[int, str]]:
    """What somebody said by handing a file in: it is theirs, though it stands in nobody's own name."""
    if not isinstance(line.event, EvidenceAdded) or line.actor != subject:
        return frozenset()
    return frozenset((line.version, path) for path in ("caption", FILE, "position"))


def said_in(line: RecordedEvent) -> Iterator[Said]:
    """Everything personal in a line, as its event's JSON has it."""
    return parts_of(type(line.event)).said(line.event.model_dump(mode="json", warnings=False))


def _replaced(line: RecordedEvent, instead: Mapping[str, str]) -> RecordedEvent:
    event: Any = line.event
    for path, text in instead.items():
        event = _with(event, path.split("."), text)
    return line.model_copy(update={"event": event}) if instead else line


def _with(told: Any, path: Sequence[str], text: str) -> Any:
    """The same with a text at the end of a path; nothing where a place or a file was."""
    name, *rest = path
    if isinstance(told, tuple):
        return tuple(_with(one, rest, text) if str(nth) == name else one for nth, one in enumerate(told))
    value = getattr(told, name)
    if rest:
        return told.model_copy(update={name: _with(value, rest, text)})
    if isinstance(value, tuple):
        return told.model_copy(update={name: (text,)})
    return told.model_copy(update={name: text if isinstance(value, str) and name != FILE else None})
