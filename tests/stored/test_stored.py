"""What was once written is read for ever: a golden file for every event and version, never edited."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from eventsourcing.persistence import Notification, StoredEvent

from domain.casework.recording import (
    BY_TYPE,
    UPCASTS,
    AccessLine,
    AnyLine,
    RecordedEvent,
    RegisterLine,
    RollLine,
    Stored,
    UnreadableEvent,
    upcast,
)
from domain.incident.events.handling import Arrived
from domain.telling import tell
from tests.stored.fictional import BEFORE_CLOCKS, CASE_ID, DUE, LATER, SINCE_FIGURES, event, line, stream_of
from tests.stored.write import HERE, MAPPER, encoded, golden, write

VERSIONS = [(name, version) for name, model in BY_TYPE.items() for version in range(1, model.schema_version + 1)]
CURRENT = [(name, model.schema_version) for name, model in BY_TYPE.items()]


def row(topic: str, state: bytes) -> StoredEvent:
    return Notification(stream_of(topic), 3, topic, state, 41)


def read(topic: str, state: bytes) -> AnyLine:
    found = MAPPER.to_domain_event(row(topic, state))
    assert isinstance(found, RecordedEvent | RegisterLine | RollLine | AccessLine)
    return found


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    return [leaf for inner in value for leaf in leaves(inner)] if isinstance(value, list | tuple) else [value]


def test_every_event_and_version_has_a_golden_file_and_no_file_is_left_over() -> None:
    assert {path.name for path in HERE.glob("*.json")} == {golden(*version).name for version in VERSIONS}


@pytest.mark.parametrize(("name", "version"), CURRENT, ids=BY_TYPE)
def test_todays_golden_file_is_read_and_written_to_the_byte(name: str, version: int) -> None:
    state = golden(name, version).read_bytes()
    found = read(name, state)
    assert found == line(name).model_copy(update={"position": 41})
    assert (found.originator_id, found.version, found.position) == (stream_of(name), 3, 41)
    assert encoded(name) == state
    assert MAPPER.to_stored_event(found).topic == name


@pytest.mark.parametrize(("name", "version"), VERSIONS, ids=str)
def test_every_golden_file_is_read_as_todays_event(name: str, version: int) -> None:
    state = json.loads(golden(name, version).read_bytes())
    assert (state["schema_version"], state["event"]["type"]) == (version, name)
    found = read(name, golden(name, version).read_bytes())
    assert type(found.event) is BY_TYPE[name]
    assert found.schema_version == BY_TYPE[name].schema_version


@pytest.mark.parametrize("name", BY_TYPE)
def test_the_invented_events_leave_nothing_out_and_can_be_told(name: str) -> None:
    late = {"event": {field for event, field in LATER if event == name}}
    late["keys"] = SINCE_FIGURES | set(DUE) if name in BEFORE_CLOCKS else SINCE_FIGURES
    assert None not in leaves(line(name).model_dump(exclude=late))
    sentence = tell(event(name), {})
    assert re.fullmatch(r"[^{}]+", sentence)
    assert "None" not in sentence


def test_a_file_once_written_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / golden("incident.arrived", 1).name
    write(path, b"first\n")
    with pytest.raises(FileExistsError):
        write(path, b"second\n")
    assert path.read_bytes() == b"first\n"


ARRIVED = "incident.arrived"
Change = Callable[[dict[str, Any]], Any]


def changed(change: Change, state: bytes = encoded(ARRIVED)) -> bytes:
    fields = json.loads(state)
    change(fields)
    return orjson.dumps(fields)


DAMAGE: dict[str, Change] = {
    "a field is missing": lambda state: state.pop("actor"),
    "no keys": lambda state: state.pop("keys"),
    "no event": lambda state: state.pop("event"),
    "no schema version": lambda state: state.pop("schema_version"),
    "a schema version in words": lambda state: state.update(schema_version="one"),
    "a version of the future": lambda state: state.update(schema_version=99),
    "a version before the first": lambda state: state.update(schema_version=0),
    "an unknown field": lambda state: state.update(more=1),
    "an unknown field in the event": lambda state: state["event"].update(more=1),
    "a code nobody knows": lambda state: state.update(role="mayor"),
    "a time without a zone": lambda state: state.update(recorded_at="2026-03-02T09:00:00"),
    "another event's type": lambda state: state["event"].update(type="incident.signed_for"),
    "no type": lambda state: state["event"].pop("type"),
}


def corrupt(state: bytes) -> dict[str, bytes]:
    """What may become of a good state."""
    beyond = {"nothing": b"", "not JSON": b"\x00\xff", "cut short": state[:-20], "a list": b"[]", "null": b"null"}
    return beyond | {story: changed(change, state) for story, change in DAMAGE.items()}


NEW = encoded(ARRIVED)
OLD = changed(lambda state: state["event"].update(remark=state["event"].pop("note")))


@pytest.fixture
def second_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if `arrived` had had its note under another name until yesterday."""

    def renamed(old: Stored) -> Stored:
        fields = dict(old["event"])
        fields["note"] = fields.pop("remark")
        return {**old, "event": fields}

    monkeypatch.setattr(Arrived, "schema_version", 2)
    monkeypatch.setitem(UPCASTS, (ARRIVED, 1), renamed)


@pytest.mark.parametrize("state", corrupt(NEW).values(), ids=corrupt(NEW))
def test_what_cannot_be_read_is_never_skipped(state: bytes) -> None:
    with pytest.raises(UnreadableEvent, match=f"{CASE_ID} version 3|row says"):
        read(ARRIVED, state)


@pytest.mark.usefixtures("second_version")
@pytest.mark.parametrize("state", corrupt(OLD).values(), ids=corrupt(OLD))
def test_what_cannot_be_brought_on_is_never_skipped(state: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        read(ARRIVED, state)


@pytest.mark.usefixtures("second_version")
def test_what_the_upcast_did_not_expect_is_never_skipped() -> None:
    with pytest.raises(UnreadableEvent):
        read(ARRIVED, NEW)


def test_an_unknown_name_is_never_skipped() -> None:
    with pytest.raises(UnreadableEvent):
        read("incident.teleported", changed(lambda state: state["event"].update(type="incident.teleported")))


def test_a_row_that_says_otherwise_than_its_state_is_never_believed() -> None:
    with pytest.raises(UnreadableEvent, match=r"incident\.closed.*incident\.arrived"):
        read("incident.closed", NEW)


@pytest.mark.usefixtures("second_version")
def test_an_old_line_is_read_as_todays_event() -> None:
    found = read(ARRIVED, OLD)
    assert found.schema_version == 2
    assert found == line(ARRIVED).model_copy(update={"position": 41})


@pytest.mark.usefixtures("second_version")
def test_a_line_of_today_is_left_as_it_is() -> None:
    today = changed(lambda state: state.update(schema_version=2))
    assert read(ARRIVED, today).event == event(ARRIVED)
    assert upcast(ARRIVED, json.loads(today)) == json.loads(today)


@pytest.mark.usefixtures("second_version")
def test_old_versions_are_brought_on_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def moved(old: Stored) -> Stored:
        return {**old, "channel": f"{old['channel']}, then brought on from {old['schema_version']}"}

    monkeypatch.setattr(Arrived, "schema_version", 3)
    monkeypatch.setitem(UPCASTS, (ARRIVED, 2), moved)
    assert read(ARRIVED, OLD).channel == "api, then brought on from 2"


@pytest.mark.usefixtures("second_version")
def test_a_missing_step_is_never_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Arrived, "schema_version", 3)
    with pytest.raises(UnreadableEvent):
        read(ARRIVED, OLD)
