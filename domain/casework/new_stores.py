"""A new store, made of what is put into it: all of it, or nothing that any process would open.

Before the first event a mark is made durable that no process takes for a store; the last step of the
last transaction takes it away. So a restore that broke off is noticed at the next start, and begun again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import Notification
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Composed, Identifier, Literal

from domain.casework import postgres_keys, postgres_schema, sqlite_keys, store_file
from domain.casework.backup_keys import keys_after
from domain.casework.backups import PAGE
from domain.casework.batches import stream_name
from domain.casework.kept_keys import KeptKey
from domain.casework.postgres_schema import create_statements, is_complete, table_name, wait_for_turn
from domain.casework.restoring import Numbers, Target
from domain.casework.store_file import APPLICATION_ID, SCHEMA_VERSION, TABLES, StoreUnusable

_COPY = "COPY {schema}.stored_events (originator_id, originator_version, topic, state) FROM STDIN (FORMAT BINARY)"
_COPY_KEYS = "COPY {schema}.subject_keys FROM STDIN (FORMAT BINARY)"
_READ = """
    SELECT originator_id, originator_version, topic, state, notification_id FROM {schema}.stored_events
    ORDER BY notification_id"""


class _File:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def fill(self, rows: Iterable[Notification]) -> None:
        rows = iter(rows)
        while page := list(islice(rows, PAGE)):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT INTO stored_events VALUES (?, ?, ?, ?, ?)",
                [(at.id, stream_name(at.originator_id), at.originator_version, at.topic, at.state) for at in page],
            )
            self._connection.execute("COMMIT")

    def rows(self) -> Iterator[Notification]:
        found = self._connection.execute(
            "SELECT originator_id, originator_version, topic, state, rowid FROM stored_events ORDER BY rowid"
        )
        return (Notification(UUID(stream), *rest) for stream, *rest in found)

    def fill_keys(self, keys: Iterable[KeptKey]) -> None:
        cursor, keys = self._connection.cursor(), iter(keys)
        self._connection.execute("BEGIN IMMEDIATE")
        while page := list(islice(keys, PAGE)):
            sqlite_keys.insert(cursor, page)
        self._connection.execute("COMMIT")

    def subject_keys(self) -> Iterator[KeptKey]:
        return keys_after(partial(sqlite_keys.after, self._connection.cursor()))

    def reserve(self, numbers: Numbers) -> None:
        self._connection.executemany("INSERT INTO case_numbers VALUES (?, ?)", numbers.items())


def require_free_file(path: Path, *beside: Path) -> bool:
    """Whether a restore broke off here. Raises `StoreUnusable` where the database or one `beside` it is otherwise.

    A journal without its database, too, may hold what was acknowledged last.
    """
    broke_off = path.exists() and _broke_off(path)
    taken = beside if broke_off else (path, *beside)
    if there := [part.name for database in taken for part in _parts(database) if part.exists()]:
        raise StoreUnusable(
            f"数据目录 {path.parent} 里已有 {'、'.join(there)}（-wal 文件里可能有已答复的内容）："
            "恢复不覆盖任何数据，请另指定数据目录，或先把这些文件一起移走。"
        )
    return broke_off


@contextmanager
def new_file(path: Path) -> Iterator[Target]:
    """A store in a SQLite file that is one when the block ends well, and not there otherwise.

    Raises `StoreUnusable` for a file that exists, unless it is what a restore left that broke off.
    """
    require_free_file(path)
    _remove(path)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            # The mark is in the file before there is anything to read in it.
            for setting in (f"application_id = {APPLICATION_ID}", "journal_mode = WAL", "synchronous = FULL"):
                connection.execute(f"PRAGMA {setting}")
            for statement in TABLES.values():
                connection.execute(statement)
            yield _File(connection)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except BaseException as error:
        _remove(path)
        if isinstance(error, sqlite3.Error):
            raise StoreUnusable(f"数据文件 {path} 写不进去（{error}），没有恢复任何内容。") from error
        raise


def _broke_off(path: Path) -> bool:
    if not path.stat().st_size:
        return not path.with_name(f"{path.name}-wal").exists()
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path)) as connection:
        marks = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        return marks == [APPLICATION_ID, store_file.RESTORING]
    return False


def _parts(path: Path) -> list[Path]:
    """A database's files. It comes last: as long as it is there, one sees whose the others are."""
    return [path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal", "")]


def _remove(path: Path) -> None:
    for part in _parts(path):
        part.unlink(missing_ok=True)


class _Schema:
    def __init__(self, cursor: psycopg.Cursor[Any], schema: str) -> None:
        self._cursor, self._schema = cursor, schema

    def fill(self, rows: Iterable[Notification]) -> None:
        with self._cursor.copy(_of(_COPY, self._schema)) as copy:
            copy.set_types(["uuid", "int8", "text", "bytea"])
            for row in rows:
                copy.write_row((row.originator_id, row.originator_version, row.topic, row.state))

    def rows(self) -> Iterator[Notification]:
        with self._cursor.connection.cursor("restored", binary=True) as cursor:
            cursor.itersize = PAGE
            for row in cursor.execute(_of(_READ, self._schema)):
                yield Notification(*row)

    def fill_keys(self, keys: Iterable[KeptKey]) -> None:
        with self._cursor.copy(_of(_COPY_KEYS, self._schema)) as copy:
            copy.set_types(["text", "text", "int4", "bytea", "bytea"])
            for key in keys:
                copy.write_row((*key.id, key.wrapped, key.fingerprint))

    def subject_keys(self) -> Iterator[KeptKey]:
        return keys_after(partial(postgres_keys.after, self._cursor, self._schema))

    def reserve(self, numbers: Numbers) -> None:
        self._cursor.executemany(
            _of("INSERT INTO {schema}.case_numbers VALUES (%s, %s)", self._schema), list(numbers.items())
        )


def require_free_schema(url: str, schema: str, beside: Sequence[str]) -> bool:
    """Whether a restore broke off here. Raises `StoreUnusable` where `new_schema` would. Waits for nobody."""
    with _explained(), psycopg.connect(url) as connection, connection.cursor(row_factory=dict_row) as cursor:
        return not _is_free(cursor, schema, beside)


@contextmanager
def new_schema(url: str, schema: str, beside: Sequence[str], fingerprint: bytes) -> Iterator[Target]:
    """The same in a schema of a PostgreSQL database; its processes must have the secret of this fingerprint.

    Raises `StoreUnusable` for a schema that has tables of ours, or one `beside` it that has any; and for a
    database that cannot be a store or breaks down.
    """
    with _explained():
        with psycopg.connect(url) as connection, connection.cursor(row_factory=dict_row) as cursor:
            _mark(cursor, schema, beside)
        try:
            with psycopg.connect(url) as connection, connection.cursor() as cursor:
                wait_for_turn(cursor, schema)
                _unmark(cursor, schema)
                for statement in create_statements(schema):
                    cursor.execute(statement)
                cursor.execute(_of("INSERT INTO {schema}.store_secret VALUES (1, %s)", schema), (fingerprint,))
                yield _Schema(cursor, schema)
        except BaseException:
            with suppress(StoreUnusable), psycopg.connect(url) as connection, connection.cursor() as cursor:
                _unmark(cursor, schema)
            raise


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise StoreUnusable(f"数据库连不上或中途出错（{error}），没有恢复任何内容。") from error


def _mark(cursor: psycopg.Cursor[DictRow], schema: str, beside: Sequence[str]) -> None:
    """A table of events that has no columns; or the same one, if a restore left it."""
    wait_for_turn(cursor, schema)
    if not _is_free(cursor, schema, beside):
        return
    made = "DO $$ BEGIN IF to_regnamespace({name}) IS NULL THEN CREATE SCHEMA {schema}; END IF; END $$"
    cursor.execute(SQL(made).format(name=Literal(Identifier(schema).as_string()), schema=Identifier(schema)))
    cursor.execute(_of("CREATE TABLE {schema}.stored_events ()", schema))
    mark = Literal(postgres_schema.RESTORING)
    cursor.execute(SQL("COMMENT ON TABLE {} IS {}").format(Identifier(schema, "stored_events"), mark))


def _is_free(cursor: psycopg.Cursor[DictRow], schema: str, beside: Sequence[str]) -> bool:
    """Whether there is nothing (true) or what a restore left (false); otherwise `StoreUnusable`."""
    if _is_marked(cursor, schema):
        return False
    if is_complete(cursor, schema):
        raise _taken(schema)
    if cursor.execute("SELECT FROM pg_tables WHERE schemaname = ANY(%s) LIMIT 1", (list(beside),)).fetchall():
        raise StoreUnusable(f"数据库模式 {'、'.join(beside)} 里有别的库的视图或通知，请另建一个空的数据库。")
    return True


def _unmark(cursor: psycopg.Cursor[Any], schema: str) -> None:
    if not _is_marked(cursor, schema):  # of two restores at once, the other was faster
        raise _taken(schema)
    cursor.execute(_of("DROP TABLE {schema}.stored_events", schema))


def _is_marked(cursor: psycopg.Cursor[Any], schema: str) -> bool:
    asked = "SELECT FROM pg_class WHERE oid = to_regclass(%s) AND obj_description(oid, 'pg_class') = %s"
    return bool(cursor.execute(asked, (table_name(schema), postgres_schema.RESTORING)).fetchall())


def _taken(schema: str) -> StoreUnusable:
    there = f"数据库模式 {schema} 里已有事件库（启动服务或 bidao grant 也会建立）"
    return StoreUnusable(f"{there}：恢复不覆盖任何数据，请另建一个空的数据库，先恢复，再授权。")


def _of(statement: str, schema: str) -> Composed:
    return SQL(statement).format(schema=Identifier(schema))
