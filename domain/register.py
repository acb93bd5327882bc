"""Registers: what the district keeps beside its cases. One stream of events each, one way to write."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Literal

from domain.act import Act
from domain.model import Command, Event, Refused, Role, Rule

RegisterName = Literal["territory", "books", "duty", "erasure"]
"""辖区、时限表与日历、值班表、删除登记."""

KEEPER_ONLY = Rule("keeper-only", "“{command}”须由{roles}办理。")
STATED_BEFORE = Rule("stated-before", "登记时间晚于现在，请核对后再填。")
RULES: dict[str, Rule] = {rule.id: rule for rule in (KEEPER_ONLY, STATED_BEFORE)}


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one row: the list of the command, which of its rows (from 0), the rule, and its sentence."""

    sheet: str
    row: int
    rule: str
    sentence: str


class RowsRefused(Refused):
    """Some rows do not fit, so none was taken; `faults` has one for each of them."""

    def __init__(self, told: Refused, faults: tuple[RowFault, ...]) -> None:
        super().__init__(told.rule, told.sentence)
        self.faults = faults


class RegisterCommand(Command):
    """A command on a register; what is in force stands in the act."""

    register: ClassVar[RegisterName]
    keepers: ClassVar[tuple[Role, ...]] = (Role.DISTRICT, Role.ADMIN, Role.SYSTEM)
    """Who may ask."""

    @abstractmethod
    def decide(self, act: Act) -> Iterator[Event]:
        """Yield what follows, or raise `Refused`; nothing yielded means nothing is new."""


def decide(command: RegisterCommand, act: Act) -> list[Event]:
    """What follows when this is asked. Raises `Refused`; an empty list changes nothing."""
    roles = "、".join(role.label for role in command.keepers if role is not Role.SYSTEM)
    KEEPER_ONLY.require(act.role in command.keepers, command=command.label, roles=roles)
    ahead = timedelta(seconds=act.table.clock_skew if act.clocks.tables else 0)
    STATED_BEFORE.require(act.occurred_at <= act.recorded_at + ahead)
    return list(command.decide(act))
