"""What a leaf says: which event, where it stands, and the hash of its bytes as they are stored. Nothing personal."""

from __future__ import annotations

from hashlib import sha256

from domain.casework.batches import stream_name
from domain.casework.recorders import Stored
from projections.transparency.merkle import leaf_hash

FORM = "bidao/leaf/1 sha256"
"""The first line: the form of the record and the hash within it. Another hash would be another form."""


def record(position: int, stream: str, version: int, name: str, stored: bytes) -> bytes:
    """The canonical record, a line each: form, position, stream, version, stored name, SHA-256 of the stored bytes."""
    said = (FORM, position, stream, version, name, sha256(stored).hexdigest())
    return "".join(f"{line}\n" for line in said).encode()


def record_of(row: Stored) -> bytes:
    """That of a stored event."""
    state: bytes | str = row.state  # whoever rewrites a SQLite file may have left a text there
    stored = state.encode("utf-8", "surrogateescape") if isinstance(state, str) else state
    return record(row.id, stream_name(row.originator_id), row.originator_version, row.topic, stored)


def leaf_of(row: Stored) -> bytes:
    """The leaf hash of a stored event."""
    return leaf_hash(record_of(row))
