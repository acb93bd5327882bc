"""OCEL 2.0 in JSON (ocel-standard.org, October 2023), made from the same log in SQLite, so the two cannot differ.

Every value is a string, as the standard has it; the type of an attribute says what it stands for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

import orjson

from projections.interchange.ocel_sqlite import TYPES

_KINDS = {sql: kind for kind, sql in TYPES.items()}
_OWN = {"ocel_id", "ocel_time", "ocel_changed_field"}
Json = dict[str, Any]
Progress = Callable[[int, int], None]


def write(log: Path, file: IO[bytes], progress: Progress) -> None:
    """The log in this OCEL file of SQLite, as JSON. `progress` hears of events."""
    with closing(sqlite3.connect(f"file:{log}?mode=ro", uri=True)) as database:
        file.write(b'{"objectTypes":')
        _array(file, _types(database, "object"))
        file.write(b',"eventTypes":')
        _array(file, _types(database, "event"))
        file.write(b',"objects":')
        _array(file, _objects(database))
        file.write(b',"events":')
        _array(file, _events(database, progress))
        file.write(b"}\n")


def _array(file: IO[bytes], items: Iterator[Json]) -> None:
    file.write(b"[")
    for nth, item in enumerate(items):
        file.write((b",\n" if nth else b"\n") + orjson.dumps(item))
    file.write(b"]")


def _types(database: sqlite3.Connection, what: str) -> Iterator[Json]:
    for name, table in _tables(database, what):
        own = [{"name": column, "type": kind} for column, kind in _columns(database, table)]
        yield {"name": name, "attributes": own}


def _tables(database: sqlite3.Connection, what: str) -> list[tuple[str, str]]:
    found = database.execute(f"SELECT ocel_type, ocel_type_map FROM {what}_map_type ORDER BY ocel_type")
    return [(name, f"{what}_{mapped}") for name, mapped in found]


def _columns(database: sqlite3.Connection, table: str) -> list[tuple[str, str]]:
    """The attributes of a type, and their kinds."""
    found = database.execute(f'PRAGMA table_info("{table}")').fetchall()
    return [(name, _KINDS[sql]) for _, name, sql, *_ in found if name not in _OWN]


def _objects(database: sqlite3.Connection) -> Iterator[Json]:
    for name, table in _tables(database, "object"):
        columns = _columns(database, table)
        named = "".join(f', "{column}"' for column, _ in columns)
        rows = database.execute(f'SELECT ocel_id, ocel_time{named} FROM "{table}" ORDER BY ocel_id, rowid')
        for id, states in groupby(rows, itemgetter(0)):
            said = [
                {"name": column, "time": since, "value": as_text(value, kind)}
                for _, since, *values in states
                for (column, kind), value in zip(columns, values, strict=True)
                if value is not None
            ]
            yield {"id": id, "type": name, "attributes": said, "relationships": _related(database, "object", id)}


def _events(database: sqlite3.Connection, progress: Progress) -> Iterator[Json]:
    tables = {name: (table, _columns(database, table)) for name, table in _tables(database, "event")}
    [(whole,)] = database.execute("SELECT count(*) FROM event").fetchall()
    for nth, (id, name) in enumerate(database.execute("SELECT ocel_id, ocel_type FROM event ORDER BY rowid"), 1):
        table, columns = tables[name]
        named = "".join(f', "{column}"' for column, _ in columns)
        [(time, *values)] = database.execute(f'SELECT ocel_time{named} FROM "{table}" WHERE ocel_id = ?', (id,))
        yield {
            "id": id,
            "type": name,
            "time": time,
            "attributes": _said(columns, values),
            "relationships": _related(database, "event", id),
        }
        if nth % 1000 == 0 or nth == whole:
            progress(nth, whole)


def _said(columns: Sequence[tuple[str, str]], values: Sequence[Any]) -> list[Json]:
    told = zip(columns, values, strict=True)
    return [{"name": column, "value": as_text(value, kind)} for (column, kind), value in told if value is not None]


def _related(database: sqlite3.Connection, what: str, id: str) -> list[Json]:
    own, other = ("ocel_event_id", "ocel_object_id") if what == "event" else ("ocel_source_id", "ocel_target_id")
    found = database.execute(f"SELECT {other}, ocel_qualifier FROM {what}_object WHERE {own} = ? ORDER BY rowid", (id,))
    return [{"objectId": object, "qualifier": qualifier} for object, qualifier in found]


def as_text(value: Any, kind: str) -> str:
    """A value as a string; yes and no as true and false."""
    return ("true" if value else "false") if kind == "boolean" else str(value)
