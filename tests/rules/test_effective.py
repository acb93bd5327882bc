"""Which time counts: the claimed one or the recorded one (domain.md §4)."""

from __future__ import annotations

from datetime import datetime

import pytest

from domain.casework.books import RULES
from domain.clocks import effective
from tests.rules.scene import MINUTE, MORNING, SECOND, hours, minutes

STARTED = MORNING
LATER = MORNING + hours(8)
EFFECTIVE = [
    ("on the spot", LATER, "occurred"),
    ("entered half an hour later, to the second", LATER - minutes(30), "occurred"),
    ("entered a second too late", LATER - minutes(30) - SECOND, "recorded"),
    ("a clock a little fast", LATER + SECOND, "recorded"),
]


@pytest.mark.parametrize(("story", "occurred", "counts"), EFFECTIVE, ids=[row[0] for row in EFFECTIVE])
def test_nobody_types_their_own_punctuality(story: str, occurred: datetime, counts: str) -> None:
    expected = {"occurred": occurred, "recorded": LATER}[counts]
    assert effective(occurred, LATER, STARTED, RULES) == expected, story
    assert effective(occurred, LATER, None, RULES) == expected, story


def test_nothing_counts_from_before_the_case_began() -> None:
    just_now = STARTED + minutes(10)
    assert effective(STARTED, just_now, STARTED, RULES) == STARTED
    assert effective(STARTED - SECOND, just_now, STARTED, RULES) == just_now
    assert effective(STARTED - SECOND, just_now, None, RULES) == STARTED - SECOND  # the report itself begins it


def test_the_tolerance_is_a_number_of_the_rule_table() -> None:
    strict = RULES.model_copy(update={"claim_tolerance": 60})
    assert effective(LATER - MINUTE, LATER, STARTED, strict) == LATER - MINUTE
    assert effective(LATER - MINUTE - SECOND, LATER, STARTED, strict) == LATER
