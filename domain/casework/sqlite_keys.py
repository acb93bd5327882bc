"""Keys of subjects in the SQLite file of the events: the statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence

from domain.casework.kept_keys import PAGE, KeptKey
from domain.casework.sealing import KeyId

_COLUMNS = "subject, retention, generation, wrapped, fingerprint"
_INSERT = f"INSERT INTO subject_keys ({_COLUMNS}) VALUES "
_OF_SUBJECTS = f"SELECT {_COLUMNS} FROM subject_keys WHERE subject IN "
_AFTER = f"""
    SELECT {_COLUMNS} FROM subject_keys WHERE (subject, retention, generation) > (?, ?, ?)
    ORDER BY subject, retention, generation LIMIT {PAGE}"""
_REPLACE = "UPDATE subject_keys SET wrapped = ? WHERE (subject, retention, generation, wrapped) = (?, ?, ?, ?)"
_AT_ONCE = 4_000
"""Keys in one statement, five values each: less than SQLite binds."""


def insert(cursor: sqlite3.Cursor, keys: Sequence[KeptKey]) -> None:
    """Raises `sqlite3.IntegrityError` where there is one already."""
    for start in range(0, len(keys), _AT_ONCE):
        part = keys[start : start + _AT_ONCE]
        values = [value for key in part for value in (*key.id, key.wrapped, key.fingerprint)]
        cursor.execute(_INSERT + ",".join(["(?,?,?,?,?)"] * len(part)), values)


def of_subjects(cursor: sqlite3.Cursor, subjects: Collection[str]) -> list[KeptKey]:
    """All keys of these subjects."""
    asked, found = list(subjects), list[KeptKey]()
    for start in range(0, len(asked), _AT_ONCE):
        part = asked[start : start + _AT_ONCE]
        found += map(_kept, cursor.execute(f"{_OF_SUBJECTS}({','.join('?' * len(part))})", part).fetchall())
    return found


def after(cursor: sqlite3.Cursor, last: KeyId) -> list[KeptKey]:
    """A page of all there are, in order."""
    return [_kept(row) for row in cursor.execute(_AFTER, last).fetchall()]


def replace(cursor: sqlite3.Cursor, wrapped: Mapping[KeptKey, bytes]) -> int:
    """How many were still as given, and are other now."""
    cursor.executemany(_REPLACE, [(new, *key.id, key.wrapped) for key, new in wrapped.items()])
    return cursor.rowcount


def _kept(row: tuple[str, str, int, bytes, bytes]) -> KeptKey:
    return KeptKey(KeyId(*row[:3]), *row[3:])
