"""Lines in and out of the store: what is personal in them is sealed on the way in and opened on the way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any
from uuid import UUID

import orjson
from eventsourcing.persistence import Mapper, StoredEvent

from domain.casework.batches import stream_name
from domain.casework.kept_keys import SealedEvent
from domain.casework.keyring import Keyring, SubjectKey
from domain.casework.recording import BY_TYPE, AnyLine, RecordedEvent, UnreadableEvent, decoded, encoded
from domain.casework.sealed_fields import SealedField, sealed_fields, told
from domain.casework.sealing import FORM, KeyId, Place, field_key, seal
from domain.privacy import ERASED, NOTHING, parts_of

Keys = Mapping[KeyId, SubjectKey]


class CaseMapper(Mapper[UUID]):
    """Plugs our codec into the library: stored names are our literals, the state is JSON, sealed where it is personal.

    `keyring` is given to it by the case files it belongs to.
    """

    keyring: Keyring

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        return sealed(domain_event, self.keyring)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        [line] = self.to_lines([stored_event])
        return line

    def to_lines(self, rows: Sequence[StoredEvent]) -> list[AnyLine]:
        """Many at once: what is not known of their keys is asked for in one go. Raises `UnreadableEvent`."""
        return opened(rows, self.keyring)


def opened(rows: Sequence[StoredEvent], keyring: Keyring) -> list[AnyLine]:
    """The lines as they were before they were sealed. Raises `UnreadableEvent`."""
    read = [(row, *_read(row)) for row in rows]
    keys = keyring.opening(one.sealed.key for _, _, found in read for one in found)
    return [_opened(row, written, found, keys) for row, written, found in read]


def sealed(line: AnyLine, keyring: Keyring) -> StoredEvent:
    """The line as it is stored, with the keys it is the first to need. Raises `Refused` for a subject forgotten."""
    stream, event, state = line.originator_id, line.event, encoded(line)
    text = line.text_subject or stream_name(stream)
    parts = parts_of(type(event))
    if parts == NOTHING:
        return StoredEvent(stream, line.version, event.type, state)
    written, ids = orjson.loads(state), dict[KeyId, None]()
    for said in parts.said(written["event"]):
        key = keyring.to_seal(said.subject or text, said.whole.retention or event.retention)
        place = Place(stream_name(stream), line.version, event.type, said.path)
        value = orjson.dumps(said.holder[said.name])
        said.holder[said.name] = seal(value, place, key.kept.id, field_key(key.secret, place, key.kept.id))
        ids[key.kept.id] = None
    return SealedEvent(stream, line.version, event.type, orjson.dumps(written), keyring.coming(ids))


def decoded_unopened(row: StoredEvent) -> AnyLine:
    """The line without what is sealed in it: for whoever has no keys. Raises `UnreadableEvent`."""
    return _opened(row, *_read(row), None)


def field_places(row: StoredEvent) -> list[tuple[KeyId, Place]]:
    """Every sealed field of a stored event: which key it has, and where it stands."""
    return [(one.sealed.key, _place(row, one.path)) for one in _read(row)[1]]


def _read(row: StoredEvent) -> tuple[Any, list[SealedField]]:
    state: bytes | str = row.state  # whoever rewrites a SQLite file may have left a text there
    if FORM not in state if isinstance(state, str) else FORM.encode() not in state:
        return None, []
    try:
        written = told(row.state)
    except ValueError as unreadable:
        raise UnreadableEvent(f"cannot read {row.originator_id} version {row.originator_version}") from unreadable
    return written, list(sealed_fields(written["event"]))


def _place(row: StoredEvent, path: str) -> Place:
    return Place(stream_name(row.originator_id), row.originator_version, row.topic, path)


def _opened(row: StoredEvent, written: Any, found: Sequence[SealedField], keys: Keys | None) -> AnyLine:
    erased = dict[str, str]()
    for one in found:
        value = None if keys is None else _value(row, one, keys)
        if value is None:
            erased[one.path] = ERASED
        one.put(stand_in(row, one.path, ERASED) if value is None else value)
    line = completed(decoded(replace(row, state=orjson.dumps(written)) if found else row), row, erased)
    return line.model_copy(update={"erased": tuple(erased)}) if erased else line


def stand_in(row: StoredEvent, path: str, says: str) -> Any:
    """What the model of an event accepts at a path in place of what is sealed: `says`, or nothing, or any code."""
    model = BY_TYPE.get(row.topic)
    return parts_of(model).stand_in(path, says) if model else says


def completed(line: AnyLine, row: StoredEvent, covered: Mapping[str, str]) -> AnyLine:
    """With what is not in the stored bytes; what is `covered` says so also where a code stands in."""
    columns: dict[str, Any] = {"version": row.originator_version, "position": getattr(row, "id", 0)}
    if isinstance(line, RecordedEvent):
        columns["case_id"] = str(row.originator_id)
    if covered:
        columns["event"] = _told_apart(line.event, covered)
    return line.model_copy(update=columns)


def _value(row: StoredEvent, one: SealedField, keys: Keys) -> Any:
    """What a field says; None where its key is destroyed."""
    key, place = keys.get(one.sealed.key), _place(row, one.path)
    if key is None:
        raise UnreadableEvent(f"no key for {one.path} of {row.originator_id} version {row.originator_version}")
    secret = key.of_field(place)
    if secret is None:
        return None
    try:
        return orjson.loads(one.sealed.opened(place, secret))
    except ValueError as broken:
        raise UnreadableEvent(f"{one.path} of {row.originator_id} version {row.originator_version}: {broken}") from None


def _told_apart(told: Any, covered: Mapping[str, str]) -> Any:
    """The event with no code standing where a code is covered."""
    for path, says in covered.items():
        told = _with_words(told, path.split("."), says)
    return told


def _with_words(told: Any, path: Sequence[str], says: str) -> Any:
    name, *rest = path
    if isinstance(told, tuple):
        return tuple(_with_words(one, rest, says) if str(nth) == name else one for nth, one in enumerate(told))
    value = getattr(told, name, None)
    if rest:
        return told.model_copy(update={name: _with_words(value, rest, says)}) if value is not None else told
    return told.model_copy(update={name: says}) if isinstance(value, Enum) else told
