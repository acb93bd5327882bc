"""Every event of the territory is told in Chinese and says who it may name."""

from __future__ import annotations

import re

import pytest

from domain.model import Event, Privacy
from domain.privacy import privacy_of
from domain.registry.events import BY_TYPE
from tests.rules.test_events import leaves, may_name_a_person

PLACES_AND_UNITS = {
    ("territory.node_added", "node.name"),
    ("territory.node_renamed", "was"),
    ("territory.node_renamed", "name"),
    ("territory.unit_listed", "unit.name"),
}
"""Words that name a place or an organisation, never a person."""


def test_stored_names_are_of_the_territory() -> None:
    assert all(re.fullmatch(r"territory\.[a-z]+_[a-z]+", name) for name in BY_TYPE)
    assert len({event.label for event in BY_TYPE.values()}) == len(BY_TYPE)


def test_only_places_and_units_are_named_without_being_personal() -> None:
    unmarked = {
        (name, path)
        for name, event in BY_TYPE.items()
        for path, annotation, marks in leaves(event)
        if may_name_a_person(annotation, marks) and not any(isinstance(mark, Privacy) for mark in marks)
    }
    codes = {
        ("territory.node_added", "node.code"),
        ("territory.node_recoded", "was"),
        ("territory.node_recoded", "code"),
    }
    assert unmarked - codes == PLACES_AND_UNITS


@pytest.mark.parametrize(
    ("event", "personal"),
    [("staff_appointed", {"post.name"}), ("head_named", {"head.person.name", "head.person.phone"})],
)
def test_names_of_staff_and_heads_are_personal(event: str, personal: set[str]) -> None:
    answers = privacy_of(BY_TYPE[f"territory.{event}"])
    assert {path for path, level in answers.items() if level == "personal"} == personal


@pytest.mark.parametrize("event", BY_TYPE.values(), ids=BY_TYPE)
def test_a_change_says_from_when_it_holds(event: type[Event]) -> None:
    assert event.model_fields["effective_from"].is_required()
