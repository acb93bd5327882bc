"""Which keys of sealed fields go out with a bundle: those of what somebody may read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from domain.casework.case_files import CaseFiles
from domain.casework.recorders import Stored
from domain.casework.recording import RecordedEvent
from domain.casework.sealing import KeyId, Place
from projections.transparency.bundling import FieldKeys, Readable, keys_from


def keys_for(files: CaseFiles, lines: Sequence[RecordedEvent], seen: Sequence[RecordedEvent]) -> FieldKeys:
    """For whoever reads these lines as `seen`: of nothing that is covered or withheld there."""

    def key_of(place: Place, key: KeyId) -> bytes | None:
        return files.keyring.opening([key])[key].of_field(place)

    return keys_from(key_of, seen_in(lines, seen))


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
