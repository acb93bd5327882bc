"""Rules of registers, asked without a store: who asks, when, and of what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.act import Act
from domain.clocks import Clocks
from domain.duty import Roster
from domain.model import Event, Refused, Role
from domain.register import RegisterCommand, decide
from domain.territory import Level, Territory
from tests.rules.scene import CLOCKS, MORNING, TERRITORY

KEEPER = Act(
    actor="district-desk",
    role=Role.DISTRICT,
    level=Level.DISTRICT,
    unit=None,
    occurred_at=MORNING,
    recorded_at=MORNING,
    effective_at=MORNING,
    case_number="",
    clocks=CLOCKS,
    territory=TERRITORY,
    roster=Roster(),
    scope="district",
)
TOMORROW = MORNING + timedelta(days=1)


def given(*, clocks: Clocks = CLOCKS, territory: Territory = TERRITORY, roster: Roster | None = None) -> Act:
    """The keeper, with this in force."""
    return replace(KEEPER, clocks=clocks, territory=territory, roster=roster or Roster())


def refusal(command: RegisterCommand, act: Act = KEEPER) -> str:
    """The id of the rule that says no."""
    with pytest.raises(Refused) as no:
        decide(command, act)
    return no.value.rule.id


def told(command: RegisterCommand, act: Act = KEEPER) -> list[Event]:
    return decide(command, act)
