"""What is kept in memory: a bounded number of cases, and never one whose head is elsewhere."""

from __future__ import annotations

import pytest

from domain.casework.open_cases import OpenCase, OpenCases
from domain.casework.recording import RecordedEvent
from domain.incident.words import Stage
from tests.casework.office import Office
from tests.casework.stores import MEMORY
from tests.rules.scene import CASE, OTHER, THIRD, until

pytestmark = pytest.mark.anyio
KIND = pytest.mark.parametrize("kind", [MEMORY], ids=["memory"])  # nothing here depends on the store


@pytest.fixture
async def lines(office: Office) -> list[RecordedEvent]:
    """The file of a case that was resolved."""
    process = office.process()
    await process.do(*until(Stage.RESOLVED))
    return await process.lines()


@KIND
async def test_a_new_case_is_remembered_and_followed(lines: list[RecordedEvent]) -> None:
    cases = OpenCases()
    for line in lines:
        cases.written([line])
        kept = cases.get(line.case_id)
        assert kept is not None
        assert (kept.version, kept.position) == (line.version, line.position)
    assert cases.get(lines[0].case_id) == OpenCase.load(lines)


@KIND
async def test_a_case_that_others_wrote_to_is_forgotten(lines: list[RecordedEvent]) -> None:
    cases = OpenCases()
    cases.written(lines[:2])
    kept = cases.get(lines[0].case_id)
    cases.written(lines[3:4])  # the third line was somebody else's
    assert cases.get(lines[0].case_id) is None
    assert kept == OpenCase.load(lines[:2])


@KIND
async def test_a_case_nobody_asked_for_is_not_remembered_from_its_middle(lines: list[RecordedEvent]) -> None:
    cases = OpenCases()
    cases.written(lines[1:])
    assert cases.get(lines[0].case_id) is None


@KIND
async def test_the_case_longest_unused_is_forgotten_first(lines: list[RecordedEvent]) -> None:
    cases, case = OpenCases(size=2), OpenCase.load(lines)
    cases.put(CASE, case)
    cases.put(OTHER, case)
    assert cases.get(CASE) is case
    cases.put(THIRD, case)
    assert [name for name in (CASE, OTHER, THIRD) if cases.get(name)] == [CASE, THIRD]
