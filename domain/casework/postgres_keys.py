"""Keys of subjects in the PostgreSQL schema of the events: the statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from psycopg import Cursor
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composed, Identifier

from domain.casework.kept_keys import PAGE, KeptKey
from domain.casework.sealing import KeyId

_COLUMNS = "subject, retention, generation, wrapped, fingerprint"
_OF_SUBJECTS = f"SELECT {_COLUMNS} FROM {{schema}}.subject_keys WHERE subject = ANY(%s)"
_AFTER = f"""
    SELECT {_COLUMNS} FROM {{schema}}.subject_keys
    WHERE (subject, retention, generation) > (%s, %s, %s)
    ORDER BY subject, retention, generation LIMIT {PAGE}"""
_PUT = f"INSERT INTO {{schema}}.subject_keys ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
_REPLACE = """
    UPDATE {schema}.subject_keys AS kept SET wrapped = given.new
    FROM unnest(%b::TEXT[], %b::TEXT[], %b::INTEGER[], %b::BYTEA[], %b::BYTEA[])
        AS given (subject, retention, generation, old, new)
    WHERE (kept.subject, kept.retention, kept.generation, kept.wrapped)
        = (given.subject, given.retention, given.generation, given.old)"""


def of_subjects(cursor: Cursor[TupleRow], schema: str, subjects: Collection[str]) -> list[KeptKey]:
    """All keys of these subjects."""
    return _kept(cursor.execute(_of(_OF_SUBJECTS, schema), (list(subjects),), prepare=True))


def after(cursor: Cursor[TupleRow], schema: str, last: KeyId) -> list[KeptKey]:
    """A page of all there are, in order."""
    return _kept(cursor.execute(_of(_AFTER, schema), last))


def put(cursor: Cursor[TupleRow], schema: str, key: KeptKey) -> bool:
    """Whether there was none in its place."""
    return cursor.execute(_of(_PUT, schema), (*key.id, key.wrapped, key.fingerprint)).rowcount == 1


def replace(cursor: Cursor[TupleRow], schema: str, wrapped: Mapping[KeptKey, bytes]) -> int:
    """How many were still as given, and are other now."""
    if not wrapped:
        return 0
    columns = [[*key.id, key.wrapped, new] for key, new in wrapped.items()]
    return cursor.execute(_of(_REPLACE, schema), [list(column) for column in zip(*columns, strict=True)]).rowcount


def _kept(rows: Iterable[TupleRow]) -> list[KeptKey]:
    return [KeptKey(KeyId(*row[:3]), *row[3:]) for row in rows]


def _of(query: Any, schema: str) -> Composed:
    return SQL(query).format(schema=Identifier(schema))
