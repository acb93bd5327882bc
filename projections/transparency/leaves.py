"""What a leaf says: which event, where it stands, and the hash of its bytes as they are stored. Nothing personal."""

from __future__ import annotations

from hashlib import sha256

from domain.casework.batches import stream_name
from domain.casework.recorders import Stored
from projections.transparency.merkle import leaf_hash

FORM = "bidao/leaf/1 sha256"
"""The first line: the form of the record and the hash within it. Another hash would be another form."""


def record_of(row: Stored) -> bytes:
    """The canonical record, a line each: form, position, stream, version, stored name, SHA-256 of the stored bytes."""
    state: bytes | str = row.state  # whoever rewrites a SQLite file may have left a text there
    stored = state.encode("utf-8", "surrogateescape") if isinstance(state, str) else state
    said = (FORM, row.id, stream_name(row.originator_id), row.originator_version, row.topic)
    return "".join(f"{line}\n" for line in (*said, sha256(stored).hexdigest())).encode()


def leaf_of(row: Stored) -> bytes:
    """The leaf hash of a stored event."""
    return leaf_hash(record_of(row))
