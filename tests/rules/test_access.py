"""查阅留痕: who may read what is sensitive, what has to be said first, and what is recorded of whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.access import RULES, STAFF, AccessGranted, Looked, Purpose, Reveal
from domain.act import Act
from domain.model import Refused, Role
from domain.privacy import privacy_of
from tests.registering import KEEPER
from tests.rules.test_events import leaves, may_name_a_person

CASE = "019cab84-b000-8123-9abc-0123456789ab"
NAME, POSITION = Looked(version=1, field="on_behalf_of.name"), Looked(version=3, field="position")
THERE = {"s-child": [NAME], "case": [POSITION]}
HANDLING = Reveal(purpose=Purpose.HANDLING)
LATE = replace(KEEPER, occurred_at=KEEPER.recorded_at + timedelta(hours=1))


def acting(role: Role) -> Act:
    return replace(KEEPER, role=role)


ROWS: dict[str, tuple[Reveal, dict[str, list[Looked]], Act, str]] = {
    "no purpose": (Reveal(), THERE, KEEPER, "access-purpose"),
    "words are no purpose": (Reveal(words="要看"), THERE, KEEPER, "access-purpose"),
    "another purpose, unsaid": (Reveal(purpose=Purpose.OTHER), THERE, KEEPER, "access-purpose"),
    "another purpose, of blanks": (Reveal(purpose=Purpose.OTHER, words="  "), THERE, KEEPER, "access-purpose"),
    "nothing is there": (HANDLING, {}, KEEPER, "access-nothing"),
    "a resident": (HANDLING, THERE, acting(Role.RESIDENT), "keeper-only"),
    "the operator": (HANDLING, THERE, acting(Role.ADMIN), "keeper-only"),
    "the service itself": (HANDLING, THERE, acting(Role.SYSTEM), "keeper-only"),
    "in an hour": (HANDLING, THERE, LATE, "stated-before"),
}


@pytest.mark.parametrize(("command", "there", "act", "rule"), ROWS.values(), ids=ROWS)
def test_what_is_refused(command: Reveal, there: dict[str, list[Looked]], act: Act, rule: str) -> None:
    with pytest.raises(Refused) as no:
        command.decide(CASE, 3, there, act)
    assert no.value.rule.id == rule


def test_every_rule_has_its_row() -> None:
    assert RULES.keys() <= {rule for *_, rule in ROWS.values()}


@pytest.mark.parametrize("role", STAFF)
def test_what_was_read_is_recorded_of_each_subject_apart(role: Role) -> None:
    asked = Reveal(purpose=Purpose.OTHER, words="学校来电")
    child, case = (
        AccessGranted(incident=CASE, seen=3, fields=(field,), purpose=Purpose.OTHER, words="学校来电")
        for field in (NAME, POSITION)
    )
    assert asked.decide(CASE, 3, THERE, acting(role)) == {"s-child": child, "case": case}


@pytest.mark.parametrize("purpose", [one for one in Purpose if one is not Purpose.OTHER])
def test_a_purpose_needs_no_words(purpose: Purpose) -> None:
    assert Reveal(purpose=purpose).decide(CASE, 3, THERE, KEEPER).keys() == THERE.keys()


def test_only_the_words_may_name_a_person() -> None:
    assert {path for path, level in privacy_of(AccessGranted).items() if level} == {"words"}
    free = [path for path, annotation, marks in leaves(AccessGranted) if may_name_a_person(annotation, marks)]
    assert free == ["words"]
