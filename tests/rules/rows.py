"""A row of a rule's table: given these moves, when somebody asks this, then these events or this refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from domain.incident.events import IncidentEvent
from domain.model import Event, Refused, Rule
from tests.rules.scene import Move, Scene

Expected = Event | type[Event]


@dataclass(frozen=True, slots=True)
class Row:
    """`then` is the sentence said to whoever is refused, or what is written if the guard lets them pass."""

    guard: Rule
    story: str
    given: tuple[Move, ...]
    when: Move
    then: str | tuple[Expected, ...]

    def __str__(self) -> str:
        return f"{self.guard.id}: {self.story}"

    @property
    def refuses(self) -> bool:
        return isinstance(self.then, str)

    def check(self) -> None:
        scene = Scene().play(*self.given)
        if isinstance(self.then, str):
            assert refusal(scene, self.when) == (self.guard, self.then)
        else:
            assert_written(scene.ask(self.when), self.then)


def refused(guard: Rule, story: str, *given: Move, when: Move, says: str = "") -> Row:
    """`says`: the sentence, where the rule's own has blanks to fill."""
    return Row(guard, story, given, when, says or guard.sentence)


def passes(guard: Rule, story: str, *given: Move, when: Move, then: Sequence[Expected]) -> Row:
    """Just inside the guard: the same thing, allowed."""
    return Row(guard, story, given, when, tuple(then))


def refusal(scene: Scene, move: Move) -> tuple[Rule, str]:
    """The rule that says no, and its sentence."""
    with pytest.raises(Refused) as no:
        scene.ask(move)
    return no.value.rule, no.value.sentence


def assert_written(events: Sequence[IncidentEvent], expected: Sequence[Expected]) -> None:
    """An expected event must be equal; an expected type may carry anything."""
    assert [type(event) for event in events] == [one if isinstance(one, type) else type(one) for one in expected]
    for event, one in zip(events, expected, strict=True):
        if not isinstance(one, type):
            assert event == one
