"""Random commands on rolls, and years of them in a store: what is allowed and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import cast

from eventsourcing.persistence import Notification

from domain.casework.application import Casework
from domain.casework.asking import Caller, NotFound
from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.casework.recording import ROLL_EVENTS, RollLine
from domain.casework.rolls import AnyCommand
from domain.household import DelistMustVisit, EnrolHousehold, Group, ListMustVisit, RecordDeparture, RecordVisit
from domain.membership import CheckIn, CheckOut, RecordService, Sort
from domain.model import Refused, Role
from tests.rules.scene import CLOCKS, MORNING, TERRITORY
from tests.unsealed import events_of

HOUSEHOLDS, MEMBERS = [f"household-{nth}" for nth in range(9)], [f"member-{nth}" for nth in range(5)]
GRIDS = (("grid", None), ("grid", "building"), ("grid-2", None), ("grid-of-street", None))
COMMANDS = 400


def asked(draw: Random) -> tuple[str, AnyCommand]:
    """Something that may be asked of somebody; enrolling and visiting more often than the rest."""
    group = draw.choice([*Group][:3])
    grid, building = draw.choice(GRIDS)
    of_household: list[AnyCommand] = [
        *[EnrolHousehold(grid=grid, building=building)] * 3,
        *[ListMustVisit(group=group)] * 2,
        *[RecordVisit(met=draw.random() < 0.7)] * 4,
        DelistMustVisit(group=group, reason="情况变了"),
        RecordDeparture(reason="搬走了"),
    ]
    of_member: list[AnyCommand] = [
        *[CheckIn(community="community", sort=Sort.PERSON, called="某党员")] * 2,
        *[RecordService(service="打扫楼道")] * 2,
        CheckOut(reason="调走了"),
    ]
    if draw.random() < 0.7:
        return draw.choice(HOUSEHOLDS), draw.choice(of_household)
    return draw.choice(MEMBERS), draw.choice(of_member)


async def ask(casework: Casework, draw: Random, key: str) -> None:
    """One of them, by the district's desk."""
    entry, command = asked(draw)
    with suppress(Refused, NotFound):
        await casework.rolls.ask(entry, command, Caller("walk", key, "district-desk", Role.DISTRICT, "district"))


@cache
def years(seed: int) -> Sequence[Notification]:
    """All events of a store that holds nothing but rolls, over two years and more."""
    draw, now = Random(seed), MORNING

    def clock() -> datetime:
        return now

    async def lived() -> Sequence[Notification]:
        nonlocal now
        files = CaseFiles(env=MEMORY_ENV)
        casework = Casework(files, CLOCKS, TERRITORY, secret=b"history", clock=clock)
        for nth in range(COMMANDS):
            now += timedelta(hours=draw.randint(1, 100))
            await ask(casework, draw, f"{seed}-{nth}")
        lived_through = events_of(files)
        await casework.aclose()
        return lived_through

    return asyncio.run(lived())


def lines_of(events: Sequence[Notification]) -> list[RollLine]:
    """Those of rolls, in order of position."""
    mapper = CaseFiles(env=MEMORY_ENV).mapper
    return [cast(RollLine, mapper.to_domain_event(one)) for one in events if one.topic in ROLL_EVENTS]
