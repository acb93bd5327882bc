"""Every event says who it is about: a field is a code, or it answers for the person it may name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from string import Formatter
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, StringConstraints, ValidationError

from domain.incident.commands import Arrive, ConveneMeeting
from domain.incident.events import BY_TYPE
from domain.incident.events.handling import Digest, MediaType
from domain.incident.events.redaction import Path
from domain.model import Category, Code, Event, Labelled, Name, Person, Phone, Privacy, Subject, Text, Words
from domain.privacy import privacy_of


def pattern(alias: Any) -> str:
    [constraints] = [mark for mark in get_args(alias) if isinstance(mark, StringConstraints)]
    return str(constraints.pattern)


CODES = {pattern(alias) for alias in (Code, Subject, Category, Digest, MediaType, Path)}
"""Patterns that leave no room for a name, a phone or a sentence."""
Leaf = tuple[str, Any, tuple[Any, ...]]
"""Where, of which type, and everything said about it on the way down."""


def leaves(model: type[BaseModel], path: str = "", marks: tuple[Any, ...] = ()) -> Iterator[Leaf]:
    for name, field in model.model_fields.items():
        yield from unfolded(f"{path}{name}", field.annotation, (*marks, *field.metadata))


def unfolded(path: str, annotation: Any, marks: tuple[Any, ...]) -> Iterator[Leaf]:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        yield from unfolded(path, inner, (*marks, *more))
    elif origin in (Union, UnionType, tuple):
        for part in get_args(annotation):
            if part not in (type(None), ...):
                yield from unfolded(path, part, marks)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from leaves(annotation, f"{path}.", marks)
    else:
        yield path, annotation, marks


def may_name_a_person(annotation: Any, marks: tuple[Any, ...]) -> bool:
    """Free text, or a position on the map."""
    if annotation is float:
        return True
    if annotation is not str:
        return False
    return not any(getattr(mark, "pattern", None) in CODES for mark in marks)


def unanswered(model: type[BaseModel]) -> list[str]:
    """The fields that may name a person and do not say so."""
    return [
        path
        for path, annotation, marks in leaves(model)
        if may_name_a_person(annotation, marks) and not any(isinstance(mark, Privacy) for mark in marks)
    ]


@pytest.mark.parametrize("event", BY_TYPE.values(), ids=BY_TYPE)
def test_nothing_that_may_name_a_person_goes_unmarked(event: type[Event]) -> None:
    assert unanswered(event) == []


@pytest.mark.parametrize("event", BY_TYPE.values(), ids=BY_TYPE)
def test_every_leaf_is_of_a_kind_this_walk_understands(event: type[Event]) -> None:
    plain = {"str", "int", "float", "bool", "AwareDatetime", "Literal"}
    kinds = {
        path: annotation for path, annotation, _ in leaves(event) if getattr(annotation, "__name__", "") not in plain
    }
    assert [path for path, kind in kinds.items() if not issubclass(kind, Labelled)] == []


def test_the_walk_finds_what_is_not_marked() -> None:
    class Inner(BaseModel):
        who: Name

    class Careless(BaseModel):
        code: Code
        label: Labelled
        note: Text = ""
        words: tuple[Words, ...] = ()
        inner: Inner | None = None
        phone: Phone | None = None
        covered: Annotated[Inner | None, Privacy("personal")] = None
        longitude: float = 0

    assert unanswered(Careless) == ["note", "words", "inner.who", "phone", "longitude"]


def test_a_minors_name_and_where_somebody_stood_are_sensitive() -> None:
    sensitive = {
        (model.__name__, path)
        for model in BY_TYPE.values()
        for path, _, marks in leaves(model)
        if any(isinstance(mark, Privacy) and mark.level == "sensitive" for mark in marks)
    }
    stood = ("Arrived", "EvidenceAdded")
    places = {(event, f"position.{leaf}") for event in stood for leaf in ("longitude", "latitude", "crs")}
    assert sensitive == {("Reported", "on_behalf_of.name"), *places}


@pytest.mark.parametrize("event", BY_TYPE.values(), ids=BY_TYPE)
def test_what_the_views_are_told_about_privacy_is_what_the_fields_say(event: type[Event]) -> None:
    marked: dict[str, set[str]] = {}
    for path, _, marks in leaves(event):
        marked.setdefault(path, set()).update(mark.level for mark in marks if isinstance(mark, Privacy))
    strictest = {path: max(levels, default=None) for path, levels in marked.items()}  # "sensitive" > "personal"
    assert privacy_of(event) == strictest


@pytest.mark.parametrize("event", BY_TYPE.values(), ids=BY_TYPE)
def test_every_event_can_be_told(event: type[Event]) -> None:
    """`domain.telling` fills the braces; here only that they name fields which exist."""
    assert re.fullmatch(r"[\u4e00-\u9fff]+", event.label)
    fields = {path for path, _, _ in leaves(event)}
    told = {name for _, name, _, _ in Formatter().parse(event.sentence) if name is not None}
    assert told <= fields, f"{event.__name__}: {sorted(told - fields)}"


@pytest.mark.parametrize(("name", "event"), BY_TYPE.items(), ids=BY_TYPE)
def test_every_event_has_a_stored_name_and_a_version(name: str, event: type[Event]) -> None:
    words = re.sub(r"(?<!^)(?=[A-Z])", "_", event.__name__).lower()
    assert name == f"incident.{words}"
    assert event.schema_version >= 1


def test_labels_tell_events_apart() -> None:
    labels = [event.label for event in BY_TYPE.values()]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    "stated",
    ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-03-02T09:00:00"],
)
def test_a_time_that_cannot_be_shown_is_not_taken(stated: object) -> None:
    with pytest.raises(ValidationError):
        ConveneMeeting.model_validate({"meets_at": stated})
    with pytest.raises(ValidationError):
        Arrive.model_validate({"occurred_at": stated})


@pytest.mark.parametrize("stated", ["1700000000", " 1700000000.5", "-1", 1700000000, 1.5e9, True, "2026-03-02"])
def test_a_time_is_written_out_and_never_a_number(stated: object) -> None:
    """A number would pass for seconds since 1970."""
    with pytest.raises(ValidationError):
        Arrive.model_validate({"occurred_at": stated})
    with pytest.raises(ValidationError):
        Arrive.model_validate_json(json.dumps({"occurred_at": stated}), strict=True)


def test_a_time_written_out_is_taken_from_json_too() -> None:
    asked = Arrive.model_validate_json('{"occurred_at": "2026-03-02T09:00:00+08:00"}', strict=True)
    assert asked.occurred_at == datetime(2026, 3, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize("odd", ["\x00", "\x1b[31m", "\x7f", "\x85", "\x9b31m", "\u202e", "\u2028", "\u2067", "\u200f"])
def test_what_a_terminal_obeys_is_no_text(odd: str) -> None:
    with pytest.raises(ValidationError):
        Arrive(note=f"到{odd}了")
    with pytest.raises(ValidationError):
        Person(name=f"曾{odd}竹英")


def test_text_has_lines_and_any_script() -> None:
    note = "一楼：\t积水\n二楼：没有\n👨\u200d👩\u200d👧 ༄ ɑ́"
    assert Arrive(note=note).note == note
