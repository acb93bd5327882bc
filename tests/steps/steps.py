"""The steps of the features: one set, whichever driver answers."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_bdd import given, parsers, step, then, when
from pytest_bdd.parsers import parse

from domain.incident.words import Stage
from tests.drivers import AUDITOR, NotThere
from tests.steps.cast import ENTRY_NAMES, who
from tests.steps.grammar import ACTS, Ask
from tests.steps.looking import ITEMS, NOTES, STEPS, rows, said
from tests.steps.words import NAME, moment, span
from tests.steps.world import Page, World

Table = list[list[str]]
STAGES = {stage.label: stage for stage in Stage}


class Opened(parsers.re):
    """A step about a case file, perhaps opened somewhere: 翻到第3步，"二栋积水"的案卷里写着; gives `page`."""

    def __init__(self, words: str) -> None:
        super().__init__(
            rf"(?:(?P<reader>{NAME.pattern})翻看，)?"
            + r'(?:翻到第(?P<version>\d+)步，|按"(?P<known>[^"]*)"所知，)?(?:"(?P<case>[^"]*)"的)?'
            + words
        )

    def parse_arguments(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = super().parse_arguments(name) or {}
        version, known = found["version"], found["known"]
        as_of = int(version) if version else moment(known) if known else None
        reader = who(found["reader"]) if found["reader"] else AUDITOR
        return {**found, "page": Page(found["case"], as_of, reader)}


@step(parse('现在是"{at}"'))
@step(parse('到了"{at}"'))
def _(world: World, at: str) -> None:
    world.clock.now = moment(at)


@step(parse('过了"{length}"'))
def _(world: World, length: str) -> None:
    world.clock.now += span(length)


@given(ACTS)
def _(world: World, ask: Ask, datatable: Table | None = None) -> None:
    world.must(ask.seated(datatable))


@when(ACTS)
def _(world: World, ask: Ask, datatable: Table | None = None) -> None:
    world.act(ask.seated(datatable))


@given(Opened('案件已办到"(?P<stage>[^"]*)"'))
def _(world: World, page: Page, stage: str) -> None:
    world.bring_to(STAGES[stage], page.case)


@when("刚才的登记因信号不好重发了一遍")
def _(world: World) -> None:
    world.again()


@then(parsers.re('被拒绝，规则"(?P<rule>[^"]*)"(?:，理由"(?P<sentence>[^"]*)")?'))
def _(world: World, rule: str, sentence: str | None) -> None:
    refusal = world.refused()
    assert refusal.rule == rule
    assert sentence in (None, named(refusal.sentence))


@then("办成了")
def _(world: World) -> None:
    world.nothing_unsaid()
    assert world.receipt is not None
    assert world.receipt.changed
    assert world.file()["version"] == world.receipt.version


@then("案卷没有变化")
def _(world: World) -> None:
    world.nothing_unsaid()
    assert world.file()["version"] == world.version_before


@then("得到与上次相同的回执")
def _(world: World) -> None:
    assert world.receipt == world.receipt_before


@then(Opened('案件现处于"(?P<stage>[^"]*)"'))
def _(world: World, page: Page, stage: str) -> None:
    assert world.file(page)["stage_label"] == stage


@then(Opened("案卷里写着"))
def _(world: World, page: Page, datatable: Table) -> None:
    file = world.file(page)
    assert [[item, said(ITEMS[item](file), value)] for item, value in datatable] == datatable


@then(Opened(r"案卷里的(?P<kind>\w+)是"))
def _(world: World, page: Page, kind: str, datatable: Table) -> None:
    found, looks = NOTES[kind]
    assert rows(world.file(page)[found], looks, datatable) == datatable[1:]


@then(Opened(r"案卷里没有(?P<kind>\w+)"))
def _(world: World, page: Page, kind: str) -> None:
    found, _ = NOTES[kind]
    assert world.file(page)[found] == []


@then(Opened("案卷从头到尾是"))
def _(world: World, page: Page, datatable: Table) -> None:
    assert rows(world.history(page), STEPS, datatable) == datatable[1:]


@then(Opened("案卷最后记着"))
def _(world: World, page: Page, datatable: Table) -> None:
    assert rows(world.history(page)[1 - len(datatable) :], STEPS, datatable) == datatable[1:]


@then(Opened("还没有这个案件"))
def _(world: World, page: Page) -> None:
    with pytest.raises(NotThere):
        world.file(page)


def named(sentence: str) -> str:
    """A sentence with the names that entries of rolls have here, in place of their ids."""
    for id, name in ENTRY_NAMES.items():
        sentence = sentence.replace(id, name)
    return sentence
