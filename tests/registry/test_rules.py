"""规则书：没有一条规则没有例子，没有两条规则同一个编号。"""

from __future__ import annotations

import re

import pytest

import domain.books
import domain.incident.rules
import domain.register
import domain.rostering
from domain.model import Refused, Role, Rule
from domain.registry import rules
from tests.registry import test_importing, test_redrawing, test_staffing
from tests.registry.ledger import Ledger
from tests.registry.rows import RENAME

ROWS = [*test_importing.ROWS, *test_redrawing.ROWS, *test_staffing.ROWS]
BOOKS = (domain.incident.rules, domain.books, domain.register, domain.rostering, rules)


@pytest.mark.parametrize("rule", rules.RULES.values(), ids=rules.RULES)
def test_every_rule_has_a_row_that_it_refuses_and_one_just_inside(rule: Rule) -> None:
    assert {row.refuses for row in ROWS if row.guard == rule} == {True, False}


def test_rule_ids_are_one_of_a_kind_in_the_whole_house() -> None:
    ids = [id for book in BOOKS for id in book.RULES]
    assert sorted(set(ids)) == sorted(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", id) for id in rules.RULES)
    assert all(re.search(r"[。}]$", rule.sentence) for rule in rules.RULES.values())


@pytest.mark.parametrize("role", [Role.COMMUNITY, Role.RESIDENT, Role.GRID_OFFICER])
def test_the_territory_is_kept_by_the_district(role: Role) -> None:
    with pytest.raises(Refused) as no:
        Ledger.listed().ask(RENAME, role)
    assert no.value.rule is domain.register.KEEPER_ONLY
