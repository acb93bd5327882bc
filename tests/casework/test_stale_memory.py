"""Nothing that says no is said from memory: two processes remember a case, and one of them writes to it."""

from __future__ import annotations

import pytest

from domain.casework.asking import VersionStale
from domain.incident import commands as c
from domain.incident import rules
from domain.incident.words import Answer, Kind, Stage
from tests.casework.office import (
    ARRIVE,
    EVIDENCE,
    Office,
    refusal,
)
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
    until,
)

pytestmark = pytest.mark.anyio


async def test_no_refusal_from_memory(office: Office) -> None:
    here, there = office.process(), office.process()
    await here.do(*until(Stage.REPORTED, Kind.EMERGENCY), DISTRICT(c.Accept()))
    assert await refusal(there, OFFICER(SOLVED)) == rules.STAGE
    await here.do(ARRIVE)
    assert (await there.do(OFFICER(SOLVED))).version == 4


async def test_no_unchanged_from_memory(office: Office) -> None:
    here, there = office.process(), office.process()
    await here.do(*until(Stage.DISPATCHED))
    assert (await there.do(LEAD(c.SignFor()))).changed
    assert not (await there.do(LEAD(c.SignFor()))).changed
    await here.do(LEAD(c.Return(reason="不归我")), DISTRICT(DISPATCH))
    assert (await there.do(LEAD(c.SignFor()))).changed


async def test_no_stale_version_from_memory(office: Office) -> None:
    here, there = office.process(), office.process()
    await here.do(*until(Stage.DISPATCHED))
    await there.do(ARRIVE)
    seen = await here.do(ARRIVE)
    assert (await there.do(ARRIVE, if_match=seen.version)).version == seen.version + 1
    with pytest.raises(VersionStale) as stale:
        await here.do(ARRIVE, if_match=seen.version)
    assert stale.value.version == seen.version + 1


async def test_no_refusal_because_of_the_other_case(office: Office) -> None:
    here, there = office.process(), office.process()
    await here.do(*until(Stage.HANDLING, of=OTHER), *until(Stage.REPORTED), SECRETARY(MERGE))
    assert await refusal(there, RESIDENT(SATISFIED)) == rules.MERGED_TRACK
    await here.do(OFFICER(SOLVED, of=OTHER))
    assert (await there.do(RESIDENT(SATISFIED))).changed


async def test_no_approval_because_of_the_other_case(office: Office) -> None:
    """Neither where nothing is written to it: an anonymous duplicate has nobody to ask on the primary."""
    here, there = office.process(), office.process()
    anonymous = until(Stage.REPORTED, reporter=None)
    await here.do(*until(Stage.RESOLVED, of=OTHER), *anonymous, SECRETARY(MERGE))
    await there.do(CHECKER(c.FollowUp(answer=Answer.UNREACHABLE)))
    await here.do(CHECKER(c.FailCheck(reason="没好"), of=OTHER))
    assert await refusal(there, CHECKER(c.FollowUp(answer=Answer.NOT_APPLICABLE))) == rules.MERGED_TRACK


async def test_what_is_written_builds_on_what_others_wrote(office: Office) -> None:
    here, there = office.process(), office.process()
    await here.do(*until(Stage.REPORTED, Kind.EMERGENCY))
    await there.do(EVIDENCE)
    first, second = await here.do(ARRIVE), await there.do(ARRIVE)
    assert (first.version, second.version) == (4, 5)
    assert [line.event.first for line in await here.lines() if line.event.type == "incident.arrived"] == [
        True,
        False,
    ]
