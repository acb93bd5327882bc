"""The event frame: typed columns, nothing personal, and no event it would have to guess at."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Literal

import orjson
import pytest
from eventsourcing.persistence import Notification
from pydantic import AwareDatetime

from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.casework.recording import REGISTER_EVENTS, ROLL_EVENTS, UPCASTS
from domain.incident.events import BY_TYPE
from domain.model import Event, Personal, Text
from domain.privacy import privacy_of
from projections import ALL, roll_frame
from projections.engine import Views
from projections.frame import DATA, Frame, UnreadablePage
from projections.frame_columns import data_columns
from projections.pages import Page, Pages
from projections.restating import RESTATING, Row
from tests.histories import history, of_case, store
from tests.rolls.walk import years

SEEDS = range(20)


def rows(events: list[Notification]) -> list[Row]:
    files = CaseFiles(env=MEMORY_ENV)
    store(files, events)
    page = Pages(files).read(0, len(events))
    assert page
    return page.rows


def framed(found: list[Row], columns: str) -> list[tuple[Any, ...]]:
    with closing(Frame()) as frame:
        frame.load(found)
        return frame.select(f"SELECT {columns} FROM events ORDER BY n")  # noqa: S608 - our own words


@pytest.fixture(scope="module")
def events() -> list[Notification]:
    """Those of cases."""
    return list(filter(of_case, history(3)))


def changed(stored: Notification, **keys: Any) -> Notification:
    """The same row with something else in its JSON."""
    return replace(stored, state=orjson.dumps({**orjson.loads(stored.state), **keys}))


def test_every_event_is_in_it_once_unless_it_restates(events: list[Notification]) -> None:
    found = rows(list(history(3)))
    plain = [row.position for row in found if row.standing is None and row.type in BY_TYPE]
    assert plain == [event.id for event in events if event.topic not in RESTATING]
    signs: dict[int, int] = {}
    for row in found:
        signs[row.position] = signs.get(row.position, 0) + row.sign
    voided = {row.case for row in found if row.type == "incident.void_granted"}
    for event in events:
        gone = str(event.originator_id) in voided and signs[event.id] == 0
        assert signs[event.id] == 1 or gone


def test_times_are_microseconds_and_days_those_of_shanghai() -> None:
    [first] = [event for event in history(3) if event.id == 1]
    late = changed(first, effective_at="2026-03-01T16:30:00.000001Z", recorded_at="2026-03-02T00:30:00.000001+08:00")
    found = framed(rows([late]), "effective_at, recorded_at, day, resolved_at")
    assert found == [(1772382600000001, 1772382600000001, "2026-03-02", None)]


def test_what_is_due_is_a_time_or_nothing() -> None:
    [first] = [event for event in history(3) if event.id == 1]
    keys = orjson.loads(first.state)["keys"]
    due = {"due_at": "2026-03-02T01:00:00Z", "due_clock": "arrive", "yellow_at": "2026-03-02T00:00:00Z"}
    columns = "due_at, due_clock, yellow_at, undetermined, handle_due_at"
    without = {key: value for key, value in keys.items() if key not in {*due, "undetermined", "handle_due_at"}}
    assert framed(rows([changed(first, keys=without)]), columns) == [(0, "", 0, False, 0)]
    assert framed(rows([changed(first, keys=without | due | {"undetermined": True})]), columns) == [
        (1772413200000000, "arrive", 1772409600000000, True, 0)
    ]


def test_a_place_may_have_no_grid() -> None:
    [first] = [event for event in history(3) if event.id == 1]
    keys = orjson.loads(first.state)["keys"]
    keys["standing"]["place"] = {"district": "district", "community": "community"}
    assert framed(rows([changed(first, keys=keys)]), "community, grid, building") == [("community", "", "")]


def test_registers_are_passed_over() -> None:
    files = CaseFiles(env=MEMORY_ENV)
    store(files, history(3))
    registers = [event for event in history(3) if event.topic in REGISTER_EVENTS]
    assert registers
    page = Pages(files).read(registers[0].id - 1, 1)
    assert page is not None
    assert page == Page([], registers[0].id), "a page may hold nothing else"
    assert framed(page.rows, "n") == []


def test_old_events_come_in_todays_words(monkeypatch: pytest.MonkeyPatch) -> None:
    [arrived, *_] = [event for event in history(3) if event.topic == "incident.arrived"]
    old = changed(arrived, schema_version=0, event={"type": "incident.arrived", "the_first": True})

    def upcast(state: dict[str, Any]) -> dict[str, Any]:
        return {**state, "event": {"type": "incident.arrived", "first": state["event"]["the_first"]}}

    monkeypatch.setitem(UPCASTS, ("incident.arrived", 0), upcast)
    assert framed([Row(1, "c", 1, old.topic, old.state)], "data.first") == [(True,)]


@pytest.mark.parametrize(
    "broken",
    [
        {"keys": {}},
        {"effective_at": "yesterday in the 曾竹英 building"},
        {"actor": None},
        {"recorded_at": None},
    ],
)
def test_an_event_that_does_not_fit_stops_the_page_and_is_not_quoted(
    events: list[Notification], broken: dict[str, Any]
) -> None:
    page = [Row(one.id, "c", 1, one.topic, changed(one, **broken).state) for one in events[:1]]
    with closing(Frame()) as frame, pytest.raises(UnreadablePage, match="events 1 to 1 ") as refused:
        frame.load(page)
    assert "曾竹英" not in str(refused.value)


def test_what_is_no_json_stops_the_page_and_is_not_quoted() -> None:
    with closing(Frame()) as frame:
        for state in (b"{'reporter': '\xe6\x9b\xbe\xe7\xab\xb9\xe8\x8b\xb1", b"\xff\xfe"):
            with pytest.raises(UnreadablePage) as refused:
                frame.load([Row(7, "c", 1, "incident.arrived", state)])
            assert "曾竹英" not in repr(refused.value)
            assert refused.value.__suppress_context__


class Noted(Event):
    type: Literal["test.noted"] = "test.noted"
    label: ClassVar[str] = ""
    sentence: ClassVar[str] = ""
    due: AwareDatetime
    place: Text = ""


class Told(Noted):
    place: Personal[Text] = ""


class Numbered(Event):
    type: Literal["test.numbered"] = "test.numbered"
    label: ClassVar[str] = ""
    sentence: ClassVar[str] = ""
    due: int


def test_a_name_that_is_personal_in_one_event_stays_out_for_all() -> None:
    assert data_columns([Noted]) == {"due": "TIMESTAMPTZ", "place": "VARCHAR"}
    assert data_columns([Noted, Told]) == {"due": "TIMESTAMPTZ"}


def test_one_name_has_one_type() -> None:
    with pytest.raises(TypeError, match=r"Numbered\.due is BIGINT, but TIMESTAMPTZ in another event"):
        data_columns([Noted, Numbered])


def test_the_frame_takes_only_what_is_declared_free_of_persons() -> None:
    for model in BY_TYPE.values():
        levels = privacy_of(model)
        assert {level for path, level in levels.items() if path in DATA} <= {None}


def put(document: Any, path: list[str], word: str) -> None:
    """Write a word at a path, in every item where there are several."""
    head, *rest = path
    for item in document if isinstance(document, list) else [document]:
        if not rest:
            item[head] = word
        else:
            item[head] = item.get(head) or {}
            put(item[head], rest, word)


def canaried(event: Notification) -> Notification:
    """The same event with a word of its own in every field that may name, describe or locate a person."""
    payload = orjson.loads(event.state)["event"]
    for path, level in privacy_of(BY_TYPE[event.topic]).items():
        if level:
            put(payload, path.split("."), f"canary-{event.topic}-{path}")
    return changed(event, event=payload)


def test_no_personal_word_gets_into_frame_or_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told = [canaried(event) for event in filter(of_case, chain(*map(history, SEEDS)))]
    personal = {(name, path) for name, model in BY_TYPE.items() for path, level in privacy_of(model).items() if level}
    written = b"".join(event.state for event in told)
    assert all(f"canary-{name}-{path}".encode() in written for name, path in personal), "else it would not bite"
    files = CaseFiles(env=MEMORY_ENV)
    store(files, told)
    with closing(Views(files, tmp_path / "views.db", page=500)) as views:
        views.catch_up()
        assert b"canary" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert "canary" not in repr(vars(views))
    assert "canary" not in str(framed(rows(told[:500]), "events::VARCHAR"))
    assert "canary" not in caplog.text


def test_of_rolls_no_personal_field_enters_it() -> None:
    personal = {path for model in ROLL_EVENTS.values() for path, level in privacy_of(model).items() if level}
    assert {"group", "reason", "note", "called", "skill", "service"} <= personal
    assert personal.isdisjoint(roll_frame.STATE["event"])
    assert {"met", "first", "last"} <= roll_frame.STATE["event"].keys()


def test_a_roll_that_does_not_fit_is_told() -> None:
    [enrolled, *_] = years(0)
    state = {**orjson.loads(enrolled.state), "standing": {"place": {"district": "district"}, "listing": 0}}
    with pytest.raises(UnreadablePage, match="1 without what every event has"), closing(Frame()) as frame:
        frame.load(rows([replace(enrolled, state=orjson.dumps(state))]))


@pytest.mark.parametrize("view", ALL)
def test_a_view_names_the_events_it_reads(view: Any) -> None:
    named = {name for name in (*BY_TYPE, *ROLL_EVENTS) if f"'{name}'" in view.select}
    assert not view.reads or named == view.reads


@pytest.mark.parametrize("view", ALL)
def test_keys_come_first(view: Any) -> None:
    merges = [merge.value for merge in view.columns.values()]
    assert merges == sorted(merges, key="key sum last".index)
