"""Casework: receipts, crowds, numbers, and what is remembered of what was written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from eventsourcing.persistence import PersistenceError

from domain.casework.asking import NotFound, VersionStale
from domain.casework.open_cases import OpenCase
from domain.clocks import SHANGHAI
from domain.incident import commands as c
from domain.incident import rules
from domain.incident.events import Accepted
from domain.incident.keys import keys_of
from domain.incident.words import Kind, Stage
from domain.model import Refused
from tests.casework.office import (
    ARRIVE,
    AT_ONCE,
    EVIDENCE,
    Office,
    Process,
    all_or_refused,
    broken_store,
    contiguous,
    refusal,
)
from tests.casework.stores import StoreKind
from tests.rules.scene import (
    CASE,
    CLOCKS,
    DISTRICT,
    MERGE,
    OFFICER,
    OTHER,
    SECRETARY,
    SOLVED,
    report,
    until,
)
from tests.rules.walk import Walk

pytestmark = pytest.mark.anyio


async def test_a_receipt_says_where_the_case_stands(office: Office) -> None:
    process = office.process()
    opened = await process.do(*until(Stage.REPORTED))
    assert (opened.incident_id, opened.version, opened.position) == (office.ids[CASE], 1, 1)
    await process.do(*until(Stage.REPORTED, of=OTHER))
    came = await process.do(ARRIVE)  # on a case nobody accepted: two events
    assert (came.version, came.position, came.changed) == (3, 4, True)
    accepted = await process.do(DISTRICT(c.Accept()))
    assert (accepted.version, accepted.position, accepted.changed) == (3, 4, False)
    assert [line.position for line in await process.lines()] == [1, 3, 4]


@pytest.mark.parametrize("id", ["", "case", "019cab84-b000-8123-9abc-0123456789ab", "../etc", "x" * 5000])
async def test_a_case_nobody_reported_is_not_found(office: Office, id: str) -> None:
    process = office.process()
    office.ids[CASE] = id
    with pytest.raises(NotFound):
        await process.do(ARRIVE)
    with pytest.raises(NotFound):
        await process.lines()


@pytest.mark.parametrize("spelled", [str.upper, lambda id: id.replace("-", ""), lambda id: f"{{{id}}}"])
async def test_another_spelling_of_an_id_is_no_id(office: Office, spelled: Callable[[str], str]) -> None:
    process = office.process()
    await process.do(*until(Stage.REPORTED), *until(Stage.REPORTED, of=OTHER))
    real = dict(office.ids)
    office.ids = {name: spelled(id) for name, id in real.items()}
    with pytest.raises(NotFound):
        await process.do(ARRIVE)
    office.ids[CASE] = real[CASE]
    assert await refusal(process, SECRETARY(MERGE)) == rules.MERGE_KNOWN


async def test_a_version_that_is_not_the_latest_is_told_what_happened_since(office: Office) -> None:
    process = office.process()
    await process.do(*until(Stage.DISPATCHED))
    with pytest.raises(VersionStale) as stale:
        await process.do(ARRIVE, if_match=1)
    assert stale.value.version == 3
    assert [line.event.label for line in stale.value.since] == ["受理立案", "派遣"]
    with pytest.raises(VersionStale) as stale:
        await process.do(ARRIVE, if_match=4)
    assert (stale.value.version, stale.value.since) == (3, [])
    assert (await process.do(ARRIVE, if_match=3)).version == 4


async def test_a_refused_command_leaves_nothing_not_even_a_gap_in_the_case_numbers(office: Office) -> None:
    process = office.process()
    await process.do(*until(Stage.REPORTED))
    for _ in range(3):
        assert await refusal(process, OFFICER(SOLVED)) == rules.STAGE
    assert await process.told() == ["reported"]
    await process.do(DISTRICT(c.Accept()))
    [accepted] = [line.event for line in await process.lines() if isinstance(line.event, Accepted)]
    assert accepted.number == "20260302-000001"


async def test_a_crowd_at_one_case_is_served_in_turn(office: Office) -> None:
    process = office.process()
    await process.do(*until(Stage.REPORTED))
    receipts, refused = await all_or_refused(process.do(EVIDENCE) for _ in range(50))
    assert refused == []
    assert sorted(receipt.version for receipt in receipts) == list(range(2, 52))
    assert contiguous(await process.lines())


async def test_a_crowd_at_one_case_in_several_processes(office: Office) -> None:
    processes = [office.process() for _ in range(3)]
    await processes[0].do(*until(Stage.REPORTED))
    receipts, refused = await all_or_refused(process.do(EVIDENCE) for process in processes * 3)
    assert refused == []
    assert sorted(receipt.version for receipt in receipts) == list(range(2, 11))
    assert contiguous(await processes[0].lines())


async def test_of_many_who_do_the_same_one_does_it(office: Office) -> None:
    here, there = office.process(), office.process()
    await here.do(*until(Stage.REPORTED))
    accepted, refused = await all_or_refused(worker.do(DISTRICT(c.Accept())) for worker in (here, there) * 5)
    assert ([receipt.changed for receipt in accepted].count(True), refused) == (1, [])
    await here.do(ARRIVE)
    resolved, refused = await all_or_refused(worker.do(OFFICER(SOLVED)) for worker in (here, there) * 5)
    assert ([receipt.changed for receipt in resolved], refused) == ([True], ["stage"] * 9)
    assert await here.told() == ["reported", "accepted", "arrived", "resolved"]


async def test_an_append_that_failed_is_forgotten(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    process = office.process()
    await process.do(*until(Stage.REPORTED, Kind.EMERGENCY), DISTRICT(c.Accept()))
    broken = broken_store(process, monkeypatch)
    for move in (ARRIVE, ARRIVE, OFFICER(report(), of=OTHER)):
        with pytest.raises(PersistenceError):
            await process.do(move)
    broken.undo()
    assert await refusal(process, OFFICER(SOLVED)) == rules.STAGE  # nobody has come yet
    assert (await process.do(ARRIVE)).version == 3
    assert contiguous(await process.lines())


async def test_case_numbers_are_dated_in_shanghai_and_never_given_twice(office: Office) -> None:
    processes = [office.process() for _ in range(2)]
    office.now = office.now.replace(hour=23, minute=30)
    names = [f"case {number}" for number in range(60)]
    for name, worker in zip(names, processes * 30, strict=True):
        await worker.do(OFFICER(report(), of=name))  # a minute each: half of them before midnight
        if int(name.split()[1]) % 7 == 0:
            await refusal(worker, OFFICER(SOLVED, of=name, after=AT_ONCE))
        await worker.do(DISTRICT(c.Accept(), of=name, after=AT_ONCE))
    lines = [line for name in names for line in await processes[0].lines(name) if isinstance(line.event, Accepted)]
    numbers = [line.event.number for line in lines if isinstance(line.event, Accepted)]
    assert len(set(numbers)) == 60
    assert [number[:8] for number in numbers] == [f"{line.recorded_at.astimezone(SHANGHAI):%Y%m%d}" for line in lines]
    assert {number[:8] for number in numbers} == {"20260302", "20260303"}


async def test_numbers_wanted_at_once_are_different(office: Office) -> None:
    processes = [office.process() for _ in range(2)]
    names = [f"case {number}" for number in range(40)]
    await processes[0].do(*(OFFICER(report(), of=name, after=AT_ONCE) for name in names))
    await all_or_refused(
        worker.do(replace(ARRIVE, of=name)) for name, worker in zip(names, processes * 20, strict=True)
    )
    files = [await processes[0].lines(name) for name in names]
    assert len({line.event.number for file in files for line in file if isinstance(line.event, Accepted)}) == 40


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_remembered_is_what_was_written(office: Office, seed: int) -> None:
    """Over a random history: refusals leave nothing, and memory, file and a fresh reading agree."""
    process, walk = office.process(), Walk(seed)
    for _ in range(60):
        cases = {name: (await known(process, id)).state for name, id in office.ids.items()}
        move = walk.next(cases)
        before = [await process.told(name) for name in office.ids]
        try:
            receipt = await process.do(move)
        except Refused:
            assert [await process.told(name) for name in office.ids] == before
        else:
            assert receipt.version == len(await process.lines(move.of))
    for name, id in office.ids.items():
        lines = await process.lines(name)
        assert contiguous(lines)
        assert OpenCase.load(lines) == await known(process, id) == await known(office.process(), id)
        assert lines[-1].keys == keys_of(OpenCase.load(lines).state, CLOCKS)


async def known(process: Process, case_id: str) -> OpenCase:
    """The case as this process would decide by it."""
    case = await process.casework._known.case(case_id)
    assert case is not None
    return case


async def test_nothing_is_accepted_after_closing_time(kind: StoreKind, tmp_path: Path) -> None:
    office = Office(kind, tmp_path)
    process = office.process()
    await process.do(*until(Stage.REPORTED))
    await office.aclose()
    with pytest.raises(PersistenceError):
        await process.do(ARRIVE)
