"""Which keys of sealed fields go out with a bundle: none, all a store has, or those of what somebody may read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from api.reading import Eyes, as_read
from domain.casework.application import CaseFiles
from domain.casework.recorders import Stored
from domain.casework.recording import RecordedEvent
from domain.casework.sealing import KeyId, Place
from projections.transparency.bundling import FieldKeys, KeyOf, Readable, keys_from


def every_key(files: CaseFiles) -> FieldKeys:
    """For the operator, who may read all of it."""
    return keys_from(_keys_in(files))


def keys_for(eyes: Eyes, lines: Sequence[RecordedEvent], files: CaseFiles) -> FieldKeys:
    """For whoever reads these lines with these eyes: of nothing that is `***` to them."""
    return keys_from(_keys_in(files), seen_in(lines, as_read(lines, eyes)))


def seen_in(lines: Sequence[RecordedEvent], read: Sequence[RecordedEvent]) -> Readable:
    """What is read as it was said; nothing of events that are not among the lines."""
    by_version = {line.version: (line.event, seen.event) for line, seen in zip(lines, read, strict=True)}

    def readable(row: Stored, path: str) -> bool:
        said, seen = by_version.get(row.originator_version, (None, None))
        return said is not None and _at(seen, path) == _at(said, path)

    return readable


def _at(event: Any, path: str) -> Any:
    """What a model holds there; None where there is nothing."""

    def step(holder: Any, name: str) -> Any:
        if isinstance(holder, tuple):
            return holder[int(name)]
        return getattr(holder, name, None)

    return reduce(step, path.split("."), event)


def _keys_in(files: CaseFiles) -> KeyOf:
    def key_of(_place: Place, key: KeyId) -> bytes | None:
        raise LookupError(f"{files.name} keeps no key of {key.subject}")

    return key_of
