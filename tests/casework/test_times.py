"""Recorded times never fall within a file; claimed ones count by that file's own beginning."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from domain.incident import commands as c
from domain.incident.words import Stage
from tests.casework.office import (
    EVIDENCE,
    Office,
    contiguous,
)
from tests.rules.scene import (
    DISTRICT,
    MERGE,
    OFFICER,
    OTHER,
    SECRETARY,
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
