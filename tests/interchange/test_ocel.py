"""OCEL 2.0: all keys of the standard, every event and object once, and the same in JSON as in SQLite."""

from __future__ import annotations

import json
import sqlite3
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from projections.interchange import ocel_json, ocel_sqlite
from projections.interchange.objects import Link, Object
from projections.interchange.telling import Told
from tests.histories import history
from tests.interchange.exported import JSON, SQLITE, Counted, counted, export, told, unheard

SEEDS = (0, 3)
Key = tuple[str, str, str]
"""Column, the table it refers to, and the column there."""
REFERS: dict[str, set[Key]] = {
    "event": {("ocel_type", "event_map_type", "ocel_type")},
    "object": {("ocel_type", "object_map_type", "ocel_type")},
    "event_map_type": set(),
    "object_map_type": set(),
    "event_object": {("ocel_event_id", "event", "ocel_id"), ("ocel_object_id", "object", "ocel_id")},
    "object_object": {("ocel_source_id", "object", "ocel_id"), ("ocel_target_id", "object", "ocel_id")},
}
PRIMARY: dict[str, list[str]] = {
    "event": ["ocel_id"],
    "object": ["ocel_id"],
    "event_map_type": ["ocel_type"],
    "object_map_type": ["ocel_type"],
    "event_object": ["ocel_event_id", "ocel_object_id", "ocel_qualifier"],
    "object_object": ["ocel_source_id", "ocel_target_id", "ocel_qualifier"],
}


@pytest.fixture(scope="module", params=SEEDS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ocel")
    export(history(request.param), folder)
    (folder / "seed").write_text(str(request.param))
    return folder


@pytest.fixture
def expected(folder: Path) -> Counted:
    return counted(history(int((folder / "seed").read_text())))


@pytest.fixture
def log(folder: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(folder / SQLITE)) as log:
        yield log


@pytest.fixture
def document(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / JSON).read_text("utf-8"))
    return document


def tables(log: sqlite3.Connection) -> list[str]:
    return [name for (name,) in log.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]


def test_every_table_has_the_keys_of_the_standard_and_they_hold(log: sqlite3.Connection) -> None:
    for table in tables(log):
        what = table.partition("_")[0]
        of_a_type = table not in PRIMARY
        listed = log.execute(f'PRAGMA foreign_key_list("{table}")')
        refers = {(column, to, there) for _, _, to, column, there, *_ in listed}
        assert refers == ({("ocel_id", what, "ocel_id")} if of_a_type else REFERS[table]), table
        found = [(place, name) for _, name, _, _, _, place in log.execute(f'PRAGMA table_info("{table}")') if place]
        primary = ["ocel_id"] if of_a_type and what == "event" else [] if of_a_type else PRIMARY[table]
        assert [name for _, name in sorted(found)] == primary, table
    assert log.execute("PRAGMA foreign_key_check").fetchall() == []
    log.execute("DELETE FROM object WHERE ocel_id IN (SELECT ocel_object_id FROM event_object LIMIT 1)")
    assert log.execute("PRAGMA foreign_key_check").fetchall() != [], "the negative control"
    log.rollback()


def test_each_type_has_its_table_and_no_other_is_there(log: sqlite3.Connection) -> None:
    for what in ("event", "object"):
        mapped = log.execute(f"SELECT ocel_type_map FROM {what}_map_type").fetchall()  # noqa: S608
        others = {f"{what}_map_type", "event_object", "object_object"}
        there = {name for name in tables(log) if name.startswith(f"{what}_")} - others
        assert there == {f"{what}_{name}" for (name,) in mapped}


def test_the_counts_are_those_of_the_store(log: sqlite3.Connection, expected: Counted) -> None:
    def count(table: str) -> int:
        [(found,)] = log.execute(f'SELECT count(*) FROM "{table}"').fetchall()  # noqa: S608
        return int(found)

    assert count("event") == expected.events
    assert count("object") == expected.objects
    assert count("event_object") == expected.relations
    assert count("object_object") == expected.links
    assert dict(log.execute("SELECT ocel_type, count(*) FROM event GROUP BY 1")) == expected.types
    assert dict(log.execute("SELECT ocel_type, count(*) FROM object GROUP BY 1")) == expected.object_types
    of_types = [name for name in tables(log) if name not in PRIMARY]
    assert sum(count(name) for name in of_types if name.startswith("event_")) == expected.events
    assert sum(count(name) for name in of_types if name.startswith("object_")) == expected.objects + expected.changes


def test_json_says_the_same(document: dict[str, Any], expected: Counted) -> None:
    assert document.keys() == {"objectTypes", "eventTypes", "objects", "events"}
    events, objects = document["events"], document["objects"]
    assert Counter(one["type"] for one in events) == expected.types
    assert Counter(one["type"] for one in objects) == expected.object_types
    assert sum(len(one["relationships"]) for one in events) == expected.relations
    assert sum(len(one["relationships"]) for one in objects) == expected.links
    assert len({one["id"] for one in [*events, *objects]}) == expected.events + expected.objects
    known = {one["id"] for one in objects}
    assert {to["objectId"] for one in [*events, *objects] for to in one["relationships"]} <= known


def test_values_are_strings_of_declared_attributes_and_times_have_their_zone(document: dict[str, Any]) -> None:
    for what, types in (("events", "eventTypes"), ("objects", "objectTypes")):
        declared = {one["name"]: {own["name"]: own["type"] for own in one["attributes"]} for one in document[types]}
        for one in document[what]:
            for said in one["attributes"]:
                assert isinstance(said["value"], str)
                kind = declared[one["type"]][said["name"]]
                times = [said["value"]] if kind == "time" else []
                times += [said["time"]] if what == "objects" else [one["time"]]
                assert all(datetime.fromisoformat(time).utcoffset() == timedelta(0) for time in times)
                assert kind != "integer" or str(int(said["value"])) == said["value"]
                assert kind != "boolean" or said["value"] in ("true", "false")


def test_each_event_says_its_place_in_the_log_and_in_its_case(document: dict[str, Any], folder: Path) -> None:
    rows = history(int((folder / "seed").read_text()))
    for event, row in zip(document["events"], rows, strict=True):
        said = {one["name"]: one["value"] for one in event["attributes"]}
        assert event["type"] == row.topic
        assert said["label"]
        place = (said["position"], said["leaf"], said["version"])
        assert place == (str(row.id), str(row.id - 1), str(row.originator_version))


def test_a_duplicate_is_tied_to_its_primary(document: dict[str, Any]) -> None:
    cases = [one for one in document["objects"] if one["type"] == "case"]
    merged = sum(one["type"] == "incident.merged" for one in document["events"])
    ties = [to for one in cases for to in one["relationships"] if to["qualifier"] == "duplicate_of"]
    assert 0 < len(ties) <= merged
    assert {to["objectId"] for to in ties} <= {one["id"] for one in cases}


def test_what_a_case_is_filed_under_changes_with_time(document: dict[str, Any]) -> None:
    granted = sum(one["type"] == "incident.correction_granted" for one in document["events"])
    assert granted
    changed = [
        said
        for one in document["objects"]
        if one["type"] == "case"
        for said in one["attributes"]
        if said["name"] in ("kind", "urgency") and not said["time"].startswith("1970")
    ]
    assert changed


def many(events: list[Told], times: int) -> Iterator[Told]:
    """The same history again and again, of other objects each time."""
    for turn in range(times):

        def other(one: Object, turn: int = turn) -> Object:
            return one._replace(id=f"{one.id}-{turn}")

        for event in events:
            yield event._replace(
                position=event.position + turn * len(events),
                relations={(other(one), qualifier): None for one, qualifier in event.relations},
                states=[(other(one), state) for one, state in event.states],
                links=[Link(other(link.source), other(link.target), link.qualifier) for link in event.links],
            )


def test_memory_does_not_grow_with_the_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocel_sqlite, "REMEMBERED", 100)
    events = told(history(3))
    peaks = []
    for times in (5, 40):
        tracemalloc.start()
        ocel_sqlite.write(many(events, times), tmp_path / f"{times}.sqlite")
        with (tmp_path / f"{times}.json").open("wb") as file:
            ocel_json.write(tmp_path / f"{times}.sqlite", file, unheard)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0], peaks
