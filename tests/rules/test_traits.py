"""What a step changed: every event is read as a difference or is known to change nothing, and nothing goes unsaid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from typing import Any, NamedTuple

import pytest

from domain.incident import events as e
from domain.incident.evolve import evolve
from domain.incident.state import Incident
from domain.incident.trait_words import LABELS, label, pattern, said
from domain.incident.traits import UNTOLD, Traits, before, changed, traits
from domain.incident.voices import ANONYMOUS
from domain.incident.words import Kind
from tests.rules.test_histories import WALKS, walked

STARTED, STOPPED, PAUSED = "clocks/*/started_at", "clocks/*/stopped_at", "clocks/*/pauses"
CHANGED: dict[str, set[str]] = {
    "reported": {"reported_at", "stage", "standing/kind", "standing/urgency", "standing/category", STARTED},
    "accepted": {"stage", "accepted", STARTED, STOPPED},
    "rejected": {"stage", STOPPED},
    "withdrawn": {"stage"},
    "dispatched": {"landings"},
    "assigned": {"officer", "landings"},
    "handed_over": {"officer", "landings"},
    "signed_for": {"stage", "signed"},
    "returned": {"stage", "lead", "returns", "landings"},
    "commitment_kept": {"commitments/*"},
    "commitment_broken": {"commitments/*"},
    "escalated": {"held_by", "landings"},
    "help_requested": {"calls/*", "landings", STARTED, "clocks/*/whom"},
    "help_answered": {"calls/*"},
    "extension_requested": {"pending/extension"},
    "extension_granted": {"pending/extension", "extensions"},
    "extension_refused": {"pending/extension"},
    "suspension_requested": {"pending/suspension"},
    "suspension_granted": {"pending/suspension", "suspensions", "pauses"},
    "suspension_refused": {"pending/suspension"},
    "resumed": {"pauses"},
    "correction_requested": {"pending/correction"},
    "correction_granted": {"pending/correction"},
    "correction_refused": {"pending/correction"},
    "void_requested": {"pending/void"},
    "void_granted": {"stage", "pending/void"},
    "void_refused": {"pending/void"},
    "timeout_appealed": {"pending/appeal", "appealed"},
    "timeout_exempted": {"pending/appeal"},
    "timeout_upheld": {"pending/appeal"},
    "cost_advanced": {"purse/advanced", "purse/owed/*"},
    "contribution_received": {"purse/contributed", "purse/contributions"},
    "fund_granted": {"purse/granted"},
    "cost_paid": {"purse/paid"},
    "payment_refunded": {"purse/refunded"},
    "contribution_returned": set(),
    "cost_reimbursed": {"purse/owed/*"},
    "resolved": {"stage", "resolved_at", STARTED},
    "check_passed": {"stage", STOPPED},
    "check_failed": {"stage", "reworks", "check_failed", STOPPED},
    "closed": {"stage"},
    "reopened": {"stage", "cycle", "cycle_began_at", "outcome", "resolved_at", STARTED},
    "archived": {"stage"},
    "merged": {"stage", "merged_into", "merged_at"},
    "unmerged": {"stage", "merged_into", "merged_at"},
    "duplicate_attached": {"duplicates/*"},
    "duplicate_detached": {"duplicates/*"},
    "redrawn": {"standing/place/grid"},
    "deadline_determined": {"clocks/*/calendar"},
}
"""Event → what it changes each time, whatever else it may."""
AT_TIMES = {"arrived", "action_taken", "meeting_held", "followed_up", "duplicate_followed_up", "duty_called"}
"""Changes something the first time, and may say the same again."""
NOTHING = {"evidence_added", "meeting_convened", "supervised", "text_redacted"}
"""Stands in the file and changes nothing that rules ask about."""


class Step(NamedTuple):
    event: e.IncidentEvent
    before: Incident | None
    after: Incident
    was: Traits
    now: Traits


@cache
def steps() -> tuple[Step, ...]:
    return tuple(step for seed in range(WALKS) for name in walked(seed).cases for step in _steps(seed, name))


def _steps(seed: int, name: str) -> Iterator[Step]:
    case: Incident | None = None
    was = before()
    for event, by in walked(seed).of(name):
        last = case
        if last is None:
            assert isinstance(event, e.Reported)
            case = Incident.begin(name, event, by)
        else:
            case = evolve(last, event, by)
        now = traits(case)
        yield Step(event, last, case, was, now)
        was = now


def test_every_event_has_its_line_in_one_of_the_tables() -> None:
    tabled = [*CHANGED, *AT_TIMES, *NOTHING]
    assert sorted(f"incident.{name}" for name in tabled) == sorted(e.BY_TYPE)


@pytest.mark.parametrize("name", CHANGED)
def test_what_an_event_changes_is_seen_every_time(name: str) -> None:
    seen = [{*map(pattern, changed(step.was, step.now))} for step in steps() if step.event.type == f"incident.{name}"]
    assert seen
    assert all(seen), "it changed nothing"
    assert [one for one in seen if not one >= CHANGED[name]] == []


def test_an_event_that_may_say_the_same_again_is_seen_to_change_something_else() -> None:
    telling = {step.event.type for step in steps() if step.was != step.now}
    assert {f"incident.{name}" for name in AT_TIMES} <= telling
    assert {f"incident.{name}" for name in NOTHING} & telling == set()


def test_all_differences_one_after_the_other_give_the_case_as_it_stands() -> None:
    found: dict[str, Any] = {}
    for step in steps():
        if step.before is None:
            found = dict(before())
        for path in changed(step.was, step.now):
            found[path] = step.now.get(path)
        assert {path: value for path, value in found.items() if value is not None} == traits(step.after)


def test_no_two_states_that_differ_read_the_same() -> None:
    """But for what is untold; and a clock judged by an earlier standing reads only its kind and urgency."""
    names = [field.name for field in fields(Incident) if field.name not in UNTOLD]
    for step in steps():
        if step.before is not None and step.was == step.now:
            old, new = step.before, step.after
            assert [name for name in names if getattr(old, name) != getattr(new, name)] == []


def test_the_control_a_state_that_differs_in_one_field_reads_otherwise() -> None:
    case = steps()[0].after
    for changes in (
        {"reworks": 7},
        {"arrived": True},
        {"officer": "officer-x"},
        {"handlers": frozenset({"officer-x"})},
    ):
        assert traits(replace(case, **changes)) != traits(case)


def test_whatever_is_read_has_words() -> None:
    read = {(path, value) for step in steps() for path, value in step.now.items()}
    assert {pattern(path) for path, _ in read} <= LABELS.keys()
    for path, value in read:
        assert re.search("[\u4e00-\u9fff]", label(path, {}))
        assert said(path, value, {}) != "" or value == ()
        assert ANONYMOUS not in label(path, {}) + said(path, value, {})


@pytest.mark.parametrize(
    ("path", "value", "name", "words"),
    [
        ("purse/owed/officer-ge", 80_000, "未报销的葛岳辉垫资", "800.00元"),
        ("purse/contributions", 3, "捐款笔数", "3"),
        ("arrived", True, "有人到过现场", "是"),
        ("commitments/2", False, "第2项承诺待兑现", "否"),
        (f"voices/{ANONYMOUS}/answers", ANONYMOUS, "当事人匿名人由谁答复", "匿名人"),
        ("voices/officer-ge/solved", None, "葛岳辉说问题已解决", ""),
        ("clocks/handle-2-1/extensions", 1, "第2轮处置时钟延期次数", "1"),
        ("clocks/help-1-3/complex", True, "第3次吹哨响应属复杂事项", "是"),
        ("clocks/arrive-1-1/judged", (Kind.DISPUTE, 2), "到场仍按更正前的登记计时", "邻里矛盾纠纷，紧急程度2"),
        ("halted", ("handle-1-1",), "并案期间停住的时钟", "处置"),
    ],
)
def test_a_trait_is_said_as_people_say_it(path: str, value: Any, name: str, words: str) -> None:
    names = {"officer-ge": "葛岳辉"}
    assert (label(path, names), said(path, value, names)) == (name, words)
