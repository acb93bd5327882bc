"""No rule without its rows, no rule without its scenario: counted from what runs, not from what is claimed."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler

import tests.rules
from domain import access, books, erasure, household, register, rolls, rostering
from domain.casework import keyring
from domain.incident.governing import COMMON, rules_of
from domain.incident.rules import RULES
from domain.model import Rule
from domain.registry import rules as of_territory
from tests.rules.rows import Row

FEATURES = Path(__file__).parents[2] / "features"
REFUSAL = re.compile(r'被拒绝，规则"([^"]*)"')


def chapters() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(tests.rules.__path__, "tests.rules."):
        if found.name.rpartition(".")[2].startswith("test_") and found.name != __name__:
            yield importlib.import_module(found.name)


def parametrised(chapter: ModuleType) -> Iterator[Row]:
    """The rows that pytest makes tests of: those in a `parametrize` mark of a test function."""
    for name, test in vars(chapter).items():
        marks = getattr(test, "pytestmark", []) if name.startswith("test_") else []
        for mark in marks:
            if isinstance(mark, pytest.Mark) and mark.name == "parametrize" and mark.args[0] == "row":
                yield from mark.args[1]


ROWS = [row for chapter in chapters() for row in parametrised(chapter)]


def test_every_rule_stands_in_the_book_once() -> None:
    sentences = {rule.sentence for rule in RULES.values()}
    assert len(sentences) == len(RULES)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", id) and rule.id == id for id, rule in RULES.items())
    assert all(rule.sentence.endswith("。") for rule in RULES.values())


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_has_a_row_that_it_refuses_and_one_just_inside(rule: Rule) -> None:
    outcomes = {row.refuses for row in ROWS if row.guard == rule}
    assert outcomes == {True, False}


def test_every_row_tells_a_story_of_its_own() -> None:
    told = [str(row) for row in ROWS]
    assert sorted(set(told)) == sorted(told)


def test_a_refusal_comes_from_a_rule_that_is_said_to_govern_the_command() -> None:
    """What the case file tells people about a command (`domain.incident.governing`) holds for every row."""
    unsaid = {
        (row.when.command.name, row.guard.id)
        for row in ROWS
        if row.refuses and row.guard not in (*COMMON, *rules_of(row.when.command.name))
    }
    assert unsaid == set()


def refusals_told() -> dict[str, list[str]]:
    """The rule ids that scenarios are refused by, as the reference parser reads them, each with its scenarios."""
    told: dict[str, list[str]] = {}
    for path in sorted(FEATURES.rglob("*.feature")):
        document = Parser().parse(path.read_text(encoding="utf-8"))
        for pickle in Compiler().compile({**document, "uri": path.name}):
            for rule in {id for step in pickle["steps"] for id in REFUSAL.findall(step["text"])}:
                told.setdefault(rule, []).append(f"{path.name}: {pickle['name']}")
    return told


def test_no_rule_without_a_scenario_and_no_scenario_of_a_rule_that_is_not_there() -> None:
    told = refusals_told()
    promised = {*RULES, *rolls.RULES, *household.RULES, *erasure.RULES, *keyring.RULES, *access.RULES}
    assert [f"no scenario is refused by {id}" for id in promised if id not in told] == []
    known = {*promised, *of_territory.RULES, *books.RULES, *rostering.RULES, *register.RULES}
    assert {id: scenarios for id, scenarios in told.items() if id not in known} == {}
