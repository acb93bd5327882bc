"""Nothing is said from memory that others have made untrue: two processes know a case, and one of them writes.

Where a store can be shared, the other process is a real one; and each story is seen to go wrong when that
process makes the mistake it is about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from domain.books import AdoptRuleTable
from domain.casework.asking import VersionStale
from domain.casework.books import RULES
from domain.incident import commands as c
from domain.incident import rules
from domain.incident.events import Reported
from domain.incident.words import Answer, Kind, Stage
from domain.model import Refused
from domain.registry.commands import ImportTerritory
from domain.territory import Level, NodeListing
from tests.casework.elsewhere import Elsewhere, Mistake, Peer, believe_memory, trust_the_registers
from tests.casework.office import ARRIVE, EVIDENCE, Office, Process, Worker, caller_of, refusal
from tests.rules.scene import (
    CHECKER,
    DISPATCH,
    DISTRICT,
    LEAD,
    MERGE,
    OFFICER,
    OTHER,
    RESIDENT,
    SATISFIED,
    SECRETARY,
    SOLVED,
    report,
    until,
)

pytestmark = pytest.mark.anyio

STRICTER = RULES.model_copy(update={"version": "rules-2026.2"})
NEW_GRID = NodeListing(id="grid-new", level=Level.GRID, name="新网格", parent="community")


async def refused(here: Process, there: Worker) -> None:
    await here.do(*until(Stage.REPORTED, Kind.EMERGENCY), DISTRICT(c.Accept()))
    assert await refusal(there, OFFICER(SOLVED)) == rules.STAGE
    await here.do(ARRIVE)
    assert (await there.do(OFFICER(SOLVED))).version == 4


async def unchanged(here: Process, there: Worker) -> None:
    await here.do(*until(Stage.DISPATCHED))
    assert (await there.do(LEAD(c.SignFor()))).changed
    assert not (await there.do(LEAD(c.SignFor()))).changed
    await here.do(LEAD(c.Return(reason="不归我")), DISTRICT(DISPATCH))
    assert (await there.do(LEAD(c.SignFor()))).changed


async def stale(here: Process, there: Worker) -> None:
    await here.do(*until(Stage.DISPATCHED))
    await there.do(ARRIVE)
    seen = await here.do(ARRIVE)
    assert (await there.do(ARRIVE, if_match=seen.version)).version == seen.version + 1
    with pytest.raises(VersionStale) as stale:
        await here.do(ARRIVE, if_match=seen.version)
    assert stale.value.version == seen.version + 1


async def refused_for_the_other_case(here: Process, there: Worker) -> None:
    await here.do(*until(Stage.HANDLING, of=OTHER), *until(Stage.REPORTED), SECRETARY(MERGE))
    assert await refusal(there, RESIDENT(SATISFIED)) == rules.MERGED_TRACK
    await here.do(OFFICER(SOLVED, of=OTHER))
    assert (await there.do(RESIDENT(SATISFIED))).changed


async def approved_for_the_other_case(here: Process, there: Worker) -> None:
    """Where nothing is written to it: an anonymous duplicate has nobody to ask on the primary."""
    anonymous = until(Stage.REPORTED, reporter=None)
    await here.do(*until(Stage.RESOLVED, of=OTHER), *anonymous, SECRETARY(MERGE))
    await there.do(CHECKER(c.FollowUp(answer=Answer.UNREACHABLE)))
    await here.do(CHECKER(c.FailCheck(reason="没好"), of=OTHER))
    assert await refusal(there, CHECKER(c.FollowUp(answer=Answer.NOT_APPLICABLE))) == rules.MERGED_TRACK


async def refused_for_the_map(here: Process, there: Worker) -> None:
    await there.do(*until(Stage.REPORTED))
    await here.casework.enact(ImportTerritory(nodes=(NEW_GRID,)), caller_of(DISTRICT, "k"))
    assert (await there.do(OFFICER(report(grid=NEW_GRID.id), of=OTHER))).version == 1


async def reported_by_the_old_table(here: Process, there: Worker) -> None:
    """A rule table adopted by one governs the very next case reported at the other."""
    await there.do(*until(Stage.REPORTED))
    in_force = STRICTER.model_copy(update={"valid_from": here.office.now})
    await here.casework.enact(AdoptRuleTable(table=in_force), caller_of(DISTRICT, "k"))
    await there.do(*until(Stage.REPORTED, of=OTHER))
    [line] = await here.lines(OTHER)
    assert isinstance(line.event, Reported)
    assert line.event.rules == in_force.version


Story = Callable[[Process, Worker], Awaitable[None]]
STORIES: dict[Story, Mistake] = {
    refused: believe_memory,
    unchanged: believe_memory,
    stale: believe_memory,
    refused_for_the_other_case: believe_memory,
    approved_for_the_other_case: believe_memory,
    refused_for_the_map: believe_memory,
    reported_by_the_old_table: trust_the_registers,
}


@pytest.fixture
async def there(office: Office, request: pytest.FixtureRequest) -> Worker:
    if office.kind.name == "memory":
        return office.process()
    return await Elsewhere.at(office, request.getfixturevalue("another_process"))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_nobody_is(office: Office, there: Worker, story: Story) -> None:
    await story(office.process(), there)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_but_by_mistake(office: Office, another_process: Peer, story: Story) -> None:
    """The negative control."""
    there = await Elsewhere.at(office, another_process, STORIES[story])
    with pytest.raises((AssertionError, Refused, VersionStale, pytest.fail.Exception)):
        await story(office.process(), there)


async def test_what_is_written_builds_on_what_others_wrote(office: Office, there: Worker) -> None:
    here = office.process()
    await here.do(*until(Stage.REPORTED, Kind.EMERGENCY))
    await there.do(EVIDENCE)
    first, second = await here.do(ARRIVE), await there.do(ARRIVE)
    assert (first.version, second.version) == (4, 5)
    assert [line.event.first for line in await here.lines() if line.event.type == "incident.arrived"] == [
        True,
        False,
    ]


async def test_nobody_is_refused_because_another_here_has_just_learnt_better(office: Office) -> None:
    """Several are refused at once for a map that is out of date; only one of them finds it so."""
    here, there = office.process(), office.process()
    await here.casework.enact(ImportTerritory(nodes=(NEW_GRID,)), caller_of(DISTRICT, "k"))
    asked = [OFFICER(report(grid=NEW_GRID.id), of=f"case-{nth}", after=timedelta()) for nth in range(8)]
    assert [receipt.version for receipt in await asyncio.gather(*map(there.do, asked))] == [1] * 8
