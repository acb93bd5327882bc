"""OCEL 2.0 in SQLite (ocel-standard.org, October 2023): every table with its primary and foreign keys.

Written as events come, so that memory does not grow with them; whoever looks up an object asks the file itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from domain.casework.recording import BY_TYPE
from domain.incident.events import BY_TYPE as OF_CASES
from projections.interchange.fields import PLACE, SOMEBODY, Kind, Value, attributes
from projections.interchange.objects import LEVELS, OBJECTS, Object
from projections.interchange.telling import OF_CASE_EVENTS, OF_EVERY_EVENT, Told

TYPES: Mapping[Kind, str] = {
    "string": "TEXT",
    "integer": "INTEGER",
    "float": "REAL",
    "boolean": "BOOLEAN",
    "time": "TIMESTAMP",
}
INITIALLY = datetime(1970, 1, 1, tzinfo=UTC)
"""The standard's time of values an object has from the beginning."""
CANDIDATES = {PLACE: (*LEVELS, "city"), SOMEBODY: ("resident", "unit", "staff")}
"""The types an object may be of whose type an event does not say, and before it was seen: what it is taken for."""
TAKEN_FOR = {SOMEBODY: "staff"}
REMEMBERED = 50_000
"""How many objects need not be looked up."""
_TABLES = (
    "CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT NOT NULL)",
    "CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT NOT NULL)",
    "CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT NOT NULL REFERENCES event_map_type (ocel_type))",
    "CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT NOT NULL REFERENCES object_map_type (ocel_type))",
    """CREATE TABLE event_object (
        ocel_event_id TEXT REFERENCES event (ocel_id), ocel_object_id TEXT REFERENCES object (ocel_id),
        ocel_qualifier TEXT, PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier))""",
    """CREATE TABLE object_object (
        ocel_source_id TEXT REFERENCES object (ocel_id), ocel_target_id TEXT REFERENCES object (ocel_id),
        ocel_qualifier TEXT, PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier))""",
)


def mapped(name: str) -> str:
    """A type as part of a table's name: IncidentArrived."""
    return "".join(part.title() for part in name.replace(".", "_").split("_"))


def event_columns(name: str) -> dict[str, Kind]:
    """The attributes of events of a stored name."""
    return {**OF_EVERY_EVENT, **(OF_CASE_EVENTS if name in OF_CASES else {}), **attributes(BY_TYPE[name])}


def written(value: Value) -> str | float:
    """A value as it is kept: times in UTC with their zone, yes and no as 1 and 0, codes without what is only ours."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, str):
        return str(value)
    return int(value) if isinstance(value, bool) else value


def write(events: Iterable[Told], path: Path) -> None:
    """A new file with all of them. Raises `sqlite3.Error`; then the file is worth nothing."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        for setting in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF"):
            file.execute(f"PRAGMA {setting}")
        file.execute("BEGIN")
        for statement in _TABLES:
            file.execute(statement)
        log = _Log(file)
        for event in events:
            log.add(event)
        file.execute("COMMIT")


class _Log:
    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file
        self._tables: set[str] = set()
        self._known: set[str] = set()

    def add(self, event: Told) -> None:
        self._table("event", event.type, event_columns(event.type))
        id = f"event:{event.position}"
        self._file.execute("INSERT INTO event VALUES (?, ?)", (id, event.type))
        self._row("event", event.type, {"ocel_id": id, "ocel_time": event.time, **event.attributes})
        for object, state in event.states:
            self._state(object, state, event.time)
        for object, qualifier in event.relations:
            self._file.execute("INSERT OR IGNORE INTO event_object VALUES (?, ?, ?)", (id, self._id(object), qualifier))
        for source, target, qualifier in event.links:
            said = (self._id(source), self._id(target), qualifier)
            self._file.execute("INSERT OR IGNORE INTO object_object VALUES (?, ?, ?)", said)

    def _state(self, object: Object, state: dict[str, Value], since: datetime) -> None:
        """What an object is from the beginning, or what changes of it."""
        object = self._resolved(object)
        if not self._exists(key(object)):
            self._make(object, state)
            return
        for name, value in state.items():
            changed: dict[str, Value] = {"ocel_id": key(object), "ocel_time": since}
            self._row("object", object.type, {**changed, "ocel_changed_field": name, name: value})

    def _id(self, object: Object) -> str:
        """Its key; it is there from now on."""
        object = self._resolved(object)
        if not self._exists(key(object)):
            self._make(object, {})
        return key(object)

    def _make(self, object: Object, state: Mapping[str, Value]) -> None:
        self._table("object", object.type, OBJECTS[object.type])
        self._file.execute("INSERT INTO object VALUES (?, ?)", (key(object), object.type))
        self._row("object", object.type, {"ocel_id": key(object), "ocel_time": INITIALLY, **state})
        self._remember(key(object))

    def _resolved(self, object: Object) -> Object:
        if object.type not in CANDIDATES:
            return object
        candidates = (Object(type_, object.id) for type_ in CANDIDATES[object.type])
        known = next((one for one in candidates if self._exists(key(one))), None)
        return known or Object(TAKEN_FOR.get(object.type, object.type), object.id)

    def _exists(self, id: str) -> bool:
        if id in self._known:
            return True
        found = self._file.execute("SELECT 1 FROM object WHERE ocel_id = ?", (id,)).fetchone() is not None
        if found:
            self._remember(id)
        return found

    def _remember(self, id: str) -> None:
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known.add(id)

    def _table(self, what: str, name: str, columns: Mapping[str, Kind]) -> None:
        """The table of a type, when the first of it comes."""
        table = f"{what}_{mapped(name)}"
        if table in self._tables:
            return
        self._tables.add(table)
        self._file.execute(f"INSERT INTO {what}_map_type VALUES (?, ?)", (name, mapped(name)))
        own = "".join(f', "{column}" {TYPES[kind]}' for column, kind in columns.items())
        id, changed = (
            ("ocel_id TEXT PRIMARY KEY", "") if what == "event" else ("ocel_id TEXT", ", ocel_changed_field TEXT")
        )
        refers = f"FOREIGN KEY (ocel_id) REFERENCES {what} (ocel_id)"
        self._file.execute(f'CREATE TABLE "{table}" ({id}, ocel_time TIMESTAMP{changed}{own}, {refers})')

    def _row(self, what: str, name: str, values: Mapping[str, Value]) -> None:
        columns: Sequence[str] = tuple(values)
        named, marks = ", ".join(f'"{column}"' for column in columns), ", ".join("?" * len(columns))
        statement = f'INSERT INTO "{what}_{mapped(name)}" ({named}) VALUES ({marks})'
        self._file.execute(statement, list(map(written, values.values())))


def key(object: Object) -> str:
    """The id of an object in the log: ids of several types may be the same."""
    return f"{object.type}:{object.id}"
