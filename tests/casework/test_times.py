"""Recorded times never fall within a file; claimed ones count by that file's own beginning."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from datetime import datetime

import pytest

from domain.casework.case_file import case_file
from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.incident import commands as c
from domain.incident.words import Kind, Stage
from tests.casework.office import (
    EVIDENCE,
    Office,
    contiguous,
)
from tests.histories import history, streams
from tests.rules.recipes import CALL, PROMISED, SUSPENSION
from tests.rules.scene import (
    ANOTHER_UNIT,
    CHECKER,
    DISTRICT,
    MERGE,
    OFFICER,
    OTHER,
    RESIDENT,
    SATISFIED,
    SECRETARY,
    SOLVED,
    TERRITORY,
    hours,
    minutes,
    report,
    until,
)

pytestmark = pytest.mark.anyio


async def test_recorded_times_never_fall_within_a_file(office: Office) -> None:
    process = office.process()
    await process.do(*until(Stage.HANDLING, of=OTHER), *until(Stage.REPORTED))
    latest = (await process.lines())[-1].recorded_at
    office.now -= hours(5)
    await process.do(DISTRICT(c.Accept()), SECRETARY(MERGE), replace(EVIDENCE, of=OTHER))
    await office.process().do(SECRETARY(c.Unmerge(reason="不是同一处")))
    assert {line.recorded_at for line in (await process.lines())[1:]} == {latest}
    assert contiguous(await process.lines())
    assert contiguous(await process.lines(OTHER))


async def test_recorded_times_do_not_fall_while_a_case_number_is_waited_for(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A merger of a case not yet accepted asks for a number; meanwhile the primary goes on."""
    process = office.process()
    await process.do(*until(Stage.HANDLING, of=OTHER), *until(Stage.REPORTED))
    numbers = process.casework._numbers
    at_once = numbers.take

    async def take(at: datetime) -> str:
        monkeypatch.undo()
        await process.do(replace(EVIDENCE, of=OTHER, after=minutes(5)))
        return await at_once(at)

    monkeypatch.setattr(numbers, "take", take)
    await process.do(SECRETARY(MERGE))
    assert (await process.told(OTHER))[-2:] == ["evidence_added", "duplicate_attached"]
    assert contiguous(await process.lines(OTHER))


async def test_a_claim_counts_in_each_file_by_that_files_own_beginning(office: Office) -> None:
    process = office.process()
    await process.do(*until(Stage.REPORTED))
    office.now += minutes(20)
    await process.do(*until(Stage.REPORTED, of=OTHER))
    await process.do(SECRETARY(MERGE, claimed=minutes(-10)))
    merged, attached = (await process.lines())[-1], (await process.lines(OTHER))[-1]
    assert merged.occurred_at == attached.occurred_at == merged.recorded_at - minutes(10)
    assert merged.effective_at == merged.occurred_at
    assert attached.effective_at == attached.recorded_at  # ten minutes ago there was no primary


async def test_a_report_entered_late_began_when_it_was_entered(office: Office) -> None:
    process = office.process()
    await process.do(OFFICER(report(), claimed=minutes(-30)), OFFICER(report(), of=OTHER, claimed=minutes(-31)))
    [prompt], [late] = await process.lines(), await process.lines(OTHER)
    assert prompt.keys.reported_at == prompt.effective_at == prompt.occurred_at
    assert late.keys.reported_at == late.effective_at == late.recorded_at > late.occurred_at


async def test_a_case_file_tells_no_time_backwards_whatever_is_claimed(office: Office) -> None:
    """Closed before it was resolved, resolved before anybody came: such claims are kept, and do not count."""
    process = office.process()
    await process.do(*until(Stage.HANDLING, Kind.EMERGENCY))
    early = minutes(-2)
    for move in (OFFICER(SOLVED), CHECKER(c.PassCheck()), RESIDENT(SATISFIED), SECRETARY(c.Close())):
        await process.do(replace(move, claimed=early))
    told = case_file(await process.lines(), TERRITORY.names)
    assert told.response_seconds.close is not None
    assert told.response_seconds.close >= 0
    assert told.times.resolved is not None
    assert told.times.arrived is not None
    assert told.times.checked is not None
    assert told.times.closed is not None
    assert told.times.arrived <= told.times.resolved <= told.times.checked <= told.times.closed
    await process.do(SECRETARY(c.Reopen(reason="又外溢")), OFFICER(SOLVED, claimed=minutes(-20)))
    again = case_file(await process.lines(), TERRITORY.names)
    assert again.times.resolved == office.now, "a claim from before this round leaves no hole"
    assert again.response_seconds.resolve == minutes(1).total_seconds()


async def test_an_answer_to_a_call_is_not_older_than_the_call(office: Office) -> None:
    process = office.process()
    await process.do(*until(Stage.HANDLING), CALL)
    called = (await process.lines())[-1].effective_at
    await process.do(ANOTHER_UNIT(c.AnswerHelp(help=1, came=("易杰",), finding="没有隐患"), claimed=minutes(-3)))
    answered = (await process.lines())[-1]
    assert answered.occurred_at < called < answered.effective_at == answered.recorded_at


async def test_every_time_in_a_case_file_is_written_in_one_zone(office: Office) -> None:
    process = office.process()
    await process.do(*until(Stage.HANDLING), SUSPENSION, SECRETARY(c.GrantSuspension()), SECRETARY(PROMISED))
    told = case_file(await process.lines(), TERRITORY.names)
    written = re.findall(r"T[0-9:.]{8,}([^\"]*)", told.model_dump_json())
    assert told.suspended_until is not None
    assert set(written) == {"Z"}


@pytest.mark.parametrize("seed", range(3))
def test_durations_are_never_negative(seed: int) -> None:
    with closing(CaseFiles(env=MEMORY_ENV)) as files:
        for lines in streams(files, history(seed)).values():
            told = case_file(lines, TERRITORY.names)
            assert all(seconds is None or seconds >= 0 for _, seconds in told.response_seconds)
            stages = (told.times.reported, told.times.accepted, told.times.resolved, told.times.checked)
            reached = [at for at in (*stages, told.times.closed, told.times.archived) if at is not None]
            assert reached == sorted(reached)
            assert told.times.resolved or told.stage not in (Stage.RESOLVED, Stage.CHECKED, Stage.CLOSED)
