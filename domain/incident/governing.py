"""Which rules govern which command, read from the commands' own code so that it is said only once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import CodeType, FunctionType

from domain.incident import rules
from domain.incident.commands import ALL, BY_NAME, Report
from domain.incident.words import Stage
from domain.model import Command, Rule

COMMON = frozenset({rules.STAGE, rules.STAFF_ONLY, rules.NOT_IN_FUTURE})
"""Asked of every command; not worth repeating with each."""


@cache
def rules_of(name: str) -> tuple[Rule, ...]:
    """The rules a command is decided by, beyond those common to all; none for an unknown name."""
    commands: tuple[type[Command], ...] = (Report, *ALL)
    command = next((known for known in commands if known.name == name), None)
    if command is None:
        return ()
    named = dict.fromkeys(rule for method in _methods(command) for rule in _named_in(command, method, frozenset()))
    return tuple(rule for rule in named if rule not in COMMON)


def allowed(name: str, stage: Stage | None) -> str:
    """In which stages a command may be asked, and that it was asked in this one (None: there was no case yet)."""
    command = BY_NAME.get(name)
    if command is None or stage is None:
        return "有人反映，案卷由此开始。"
    stages = "任何阶段" if len(command.stages) == len(Stage) else "、".join(_in_order(command.stages))
    return f"“{command.label}”可以在{stages}时办；当时是{stage.label}。"


def _in_order(stages: frozenset[Stage]) -> list[str]:
    return [stage.label for stage in Stage if stage in stages]


def _methods(command: type[Command]) -> Iterator[FunctionType]:
    for owner in command.__mro__:
        for method in ("admit", "decide"):
            if isinstance(found := vars(owner).get(method), FunctionType):
                yield found


def _named_in(command: type[Command], function: FunctionType, seen: frozenset[CodeType]) -> Iterator[Rule]:
    """The rules a function names, and those named by the functions of ours it calls."""
    code = function.__code__
    if code in seen:
        return
    for name in code.co_names:
        if isinstance(rule := getattr(rules, name, None), Rule):
            yield rule
        called = function.__globals__.get(name) or getattr(command, name, None)
        if isinstance(called, FunctionType) and called.__module__.startswith("domain.incident.commands"):
            yield from _named_in(command, called, seen | {code})
