"""What a leaf says: which event, where it stands, and the hash of its bytes as they are stored. Nothing personal."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from domain.casework.batches import stream_name
from domain.casework.recorders import LogLine, Stored
from projections.transparency.merkle import LEAF, leaf_hash

FORM = "bidao/leaf/1 sha256"
"""The first line: the form of the record and the hash within it. Another hash would be another form."""
LOSSLESS = "utf-8", "surrogateescape"
_BEGINS = f"{LEAF.decode()}{FORM}\n"


def record(position: int, stream: str, version: int, name: str, stored: object) -> bytes:
    """The canonical record, a line each: form, position, stream, version, stored name, SHA-256 of the stored bytes.

    Whoever rewrites a SQLite file may have left a text or a number where they were: that is another record, even if it
    has the same letters.
    """
    if isinstance(stored, bytes):
        digest = sha256(stored).hexdigest()
    else:
        digest = f"{type(stored).__name__} {sha256(str(stored).encode(*LOSSLESS)).hexdigest()}"
    return f"{FORM}\n{position}\n{stream}\n{version}\n{name}\n{digest}\n".encode(*LOSSLESS)


def record_of(row: Stored) -> bytes:
    """That of a stored event."""
    return record(row.id, stream_name(row.originator_id), row.originator_version, row.topic, row.state)


def leaf_of(row: Stored) -> bytes:
    """The leaf hash of a stored event."""
    return leaf_hash(record_of(row))


def leaves_of(lines: Sequence[LogLine]) -> list[bytes]:
    """The same of many, at once: a verification spends half its time here."""
    try:
        return [
            sha256(f"{_BEGINS}{at}\n{stream}\n{version}\n{name}\n{sha256(state).hexdigest()}\n".encode()).digest()
            for at, stream, version, name, state in lines
        ]
    except (TypeError, UnicodeEncodeError):  # never as we store them
        return [leaf_hash(record(*line)) for line in lines]
