"""A row of a rule's table: given these commands, when this is asked, then these events or this refusal."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from domain.model import Event, Refused, Role, Rule
from domain.register import RowsRefused
from domain.registry import commands as c
from domain.registry import events as e
from tests.registry.ledger import DAY, SPLIT, Ledger
from tests.rules.scene import MORNING

Types = tuple[type[Event], ...]
TOMORROW = MORNING + DAY
ONE = "有1行不符合要求，没有导入任何内容。第一处："
LATER_SPLIT = SPLIT.model_copy(update={"effective_from": TOMORROW})
RENAME = c.RenameNode(node="g1", new_name="新名")
SPLIT_EVENTS: Types = (
    *(e.NodeAdded, e.NodeAdded),
    *(e.NodeMoved, e.NodeMoved, e.NodeMoved),
    *(e.StaffAppointed, e.StaffAppointed),
    e.NodeClosed,
)
JOIN_EVENTS: Types = (e.NodeAdded, *[e.NodeMoved] * 4, *[e.StaffAppointed] * 3, *[e.NodeClosed] * 2)


@dataclass(frozen=True, slots=True)
class Row:
    """`then` is the sentence said to whoever is refused, or the types of the events that follow."""

    guard: Rule
    story: str
    given: tuple[c.Keeping, ...]
    when: c.Keeping
    then: str | Types

    def __str__(self) -> str:
        return f"{self.guard.id}: {self.story}"

    @property
    def refuses(self) -> bool:
        return isinstance(self.then, str)

    def check(self) -> None:
        ledger = Ledger.listed()
        ledger.now = MORNING
        for command in self.given:
            ledger.events += ledger.ask(command)
        if not isinstance(self.then, str):
            assert tuple(type(event) for event in ledger.ask(self.when)) == self.then
            return
        with pytest.raises(Refused) as no:
            ledger.ask(self.when)
        rows = {fault.rule for fault in no.value.faults} if isinstance(no.value, RowsRefused) else set()
        assert self.guard.id in {no.value.rule.id, *rows}
        assert no.value.sentence == self.then


def refused(guard: Rule, story: str, *given: c.Keeping, when: c.Keeping, says: str) -> Row:
    return Row(guard, story, given, when, says)


def passes(guard: Rule, story: str, *given: c.Keeping, when: c.Keeping, then: Types) -> Row:
    """Just inside the guard: the same thing, allowed."""
    return Row(guard, story, given, when, then)


def split(**more: object) -> c.SplitGrid:
    return SPLIT.model_copy(update=more)


def appoint(**more: object) -> c.AppointStaff:
    said = {"staff": "new", "staff_name": "新人", "role": Role.GRID_OFFICER, "scope": "g3"}
    return c.AppointStaff.model_validate({**said, **more})
