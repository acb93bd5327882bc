"""Claimed times on a roll: a visit may be written down a little later; who is on a roll holds once it is recorded."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from domain.casework.application import Casework
from domain.casework.asking import Caller
from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.casework.recording import RollLine
from domain.casework.rolls import AnyCommand
from domain.clocks import SHANGHAI
from domain.household import COMMANDS as OF_HOUSEHOLDS
from domain.household import DelistMustVisit, EnrolHousehold, Group, ListMustVisit, RecordDeparture, RecordVisit
from domain.membership import COMMANDS as OF_MEMBERS
from domain.membership import CheckIn, CheckOut, RecordService, Sort
from domain.model import Role
from tests.rules.scene import CLOCKS, TERRITORY

AFTER_MIDNIGHT = datetime(2026, 6, 1, 0, 20, tzinfo=SHANGHAI)
CLAIMED = AFTER_MIDNIGHT - timedelta(minutes=25)
GROUP = Group.EMPTY_NESTER
ASKED: tuple[AnyCommand, ...] = (
    EnrolHousehold(grid="grid", occurred_at=CLAIMED),
    ListMustVisit(group=GROUP, occurred_at=CLAIMED),
    RecordVisit(met=True, occurred_at=CLAIMED),
    DelistMustVisit(group=GROUP, reason="情况变了", occurred_at=CLAIMED),
    RecordDeparture(reason="搬走了", occurred_at=CLAIMED),
    CheckIn(community="community", sort=Sort.PERSON, called="某党员", occurred_at=CLAIMED),
    RecordService(service="打扫楼道", occurred_at=CLAIMED),
    CheckOut(reason="调走了", occurred_at=CLAIMED),
)


def test_only_what_was_done_counts_from_when_it_is_said_to_have_been() -> None:
    async def lived() -> list[RollLine]:
        casework = Casework(
            CaseFiles(env=MEMORY_ENV), CLOCKS, TERRITORY, secret=b"claimed", clock=lambda: AFTER_MIDNIGHT
        )
        for nth, command in enumerate(ASKED):
            await casework.rolls.ask("entry", command, Caller("test", f"key-{nth}", "desk", Role.DISTRICT, "district"))
        lines = [
            *await casework.rolls.history("household", "entry"),
            *await casework.rolls.history("member", "entry"),
        ]
        await casework.aclose()
        return lines

    lines = asyncio.run(lived())
    assert [line.command for line in lines] == [command.name for command in ASKED]
    for line in lines:
        deed = line.command in (RecordVisit.name, RecordService.name)
        assert (line.occurred_at, line.effective_at) == (CLAIMED, CLAIMED if deed else AFTER_MIDNIGHT)


def test_of_every_command_it_was_asked() -> None:
    assert {type(command) for command in ASKED} == {*OF_HOUSEHOLDS, *OF_MEMBERS}
