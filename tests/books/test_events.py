"""Books and rosters are told in Chinese, and name nobody but by their code."""

from __future__ import annotations

import re
from string import Formatter
from typing import get_args

import pytest

from domain.books import RULES as BOOK_RULES
from domain.books import BooksEvent
from domain.incident.rules import RULES as CASE_RULES
from domain.model import Event, Privacy
from domain.privacy import privacy_of
from domain.register import RULES as COMMON_RULES
from domain.registry.rules import RULES as TERRITORY_RULES
from domain.rostering import RULES as DUTY_RULES
from domain.rostering import DutyEvent, ShiftCancelled
from tests.rules.test_events import leaves, may_name_a_person

EVENTS: list[type[Event]] = [*get_args(BooksEvent), *get_args(DutyEvent)]
NUMBERS = re.compile(r"table\.([a-z_]+\.amount|yellow)")
"""A float here is a duration or a share, no position on a map."""


@pytest.mark.parametrize("event", EVENTS)
def test_nothing_that_may_name_a_person_goes_unmarked(event: type[Event]) -> None:
    unmarked = [
        path
        for path, annotation, marks in leaves(event)
        if may_name_a_person(annotation, marks) and not any(isinstance(mark, Privacy) for mark in marks)
    ]
    assert [path for path in unmarked if not NUMBERS.fullmatch(path)] == []


def test_why_a_shift_is_cancelled_is_personal() -> None:
    assert privacy_of(ShiftCancelled)["reason"] == "personal"


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_can_be_told(event: type[Event]) -> None:
    assert re.fullmatch(r"[\u4e00-\u9fff]+", event.label)
    told = {name for _, name, _, _ in Formatter().parse(event.sentence) if name is not None}
    assert told <= {path for path, _, _ in leaves(event)}


def test_no_two_rules_share_an_id() -> None:
    books = (CASE_RULES, COMMON_RULES, TERRITORY_RULES, BOOK_RULES, DUTY_RULES)
    assert len({rule for book in books for rule in book}) == sum(map(len, books))
