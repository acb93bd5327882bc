"""并案: two files, one append. Both have it or neither, whoever else is writing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eventsourcing.persistence import PersistenceError

from domain.incident import commands as c
from domain.incident.words import Stage
from tests.casework.office import (
    EVIDENCE,
    Office,
    all_or_refused,
    broken_store,
    contiguous,
)
from tests.rules.scene import (
    CASE,
    MERGE,
    OFFICER,
    OTHER,
    SECRETARY,
    report,
    until,
)

pytestmark = pytest.mark.anyio


async def test_a_merger_is_waited_for_until_both_files_have_it(office: Office) -> None:
    """The receipt's position is the one to wait for in the views (`asking.Receipt`)."""
    process = office.process()
    await process.do(*until(Stage.REPORTED), *until(Stage.REPORTED, of=OTHER))
    merged = await process.do(SECRETARY(MERGE))
    assert merged.position > (await process.lines(OTHER))[-1].position


async def test_both_files_are_written_in_one_append(office: Office) -> None:
    process = office.process()
    await process.do(*until(Stage.HANDLING, of=OTHER), *until(Stage.REPORTED), SECRETARY(MERGE))
    merged, attached = (await process.lines())[-1], (await process.lines(OTHER))[-1]
    assert (merged.event.type, attached.event.type) == ("incident.merged", "incident.duplicate_attached")
    assert merged.position == attached.position + 1
    assert (merged.command_id, merged.recorded_at) == (attached.command_id, attached.recorded_at)
    await process.do(SECRETARY(c.Unmerge(reason="不是同一处")))
    assert (await process.told())[-2:] == ["merged", "unmerged"]
    assert (await process.told(OTHER))[-2:] == ["duplicate_attached", "duplicate_detached"]
    assert contiguous(await process.lines())
    assert contiguous(await process.lines(OTHER))


async def test_neither_file_is_written_if_one_cannot_be(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    process = office.process()
    await process.do(*until(Stage.HANDLING, of=OTHER), *until(Stage.REPORTED))
    before = await process.told(), await process.told(OTHER)
    broken = broken_store(process, monkeypatch)
    with pytest.raises(PersistenceError):
        await process.do(SECRETARY(MERGE))
    broken.undo()
    assert (await process.told(), await process.told(OTHER)) == before
    assert (await process.do(SECRETARY(MERGE))).version == 2


async def test_a_race_on_the_primary_is_run_again(office: Office) -> None:
    here, there = office.process(), office.process()
    await here.do(*until(Stage.HANDLING, of=OTHER), *until(Stage.REPORTED))
    await there.do(EVIDENCE, replace(EVIDENCE, of=OTHER))
    await here.do(replace(EVIDENCE, of=OTHER))
    assert (await there.do(SECRETARY(MERGE))).version == 3
    assert (await there.told(OTHER))[-3:] == ["evidence_added", "evidence_added", "duplicate_attached"]
    assert contiguous(await there.lines(OTHER))


async def test_while_others_write_to_the_primary(office: Office) -> None:
    processes = [office.process() for _ in range(2)]
    names = [f"duplicate {number}" for number in range(4)]
    await processes[0].do(*until(Stage.HANDLING, of=OTHER), *(OFFICER(report(), of=name) for name in names))
    merges = [worker.do(SECRETARY(MERGE, of=name)) for name, worker in zip(names, processes * 2, strict=True)]
    evidence = [worker.do(replace(EVIDENCE, of=OTHER)) for worker in processes * 2]
    assert (await all_or_refused([*merges, *evidence]))[1] == []
    told = await processes[0].told(OTHER)
    assert (told.count("duplicate_attached"), told.count("evidence_added")) == (4, 4)
    assert contiguous(await processes[0].lines(OTHER))


async def test_twenty_duplicates_at_once_become_one_matter(office: Office) -> None:
    """A whole estate rings about one thing; the desk merges in one process."""
    process, names = office.process(), [f"duplicate {number}" for number in range(20)]
    await process.do(*until(Stage.HANDLING, of=OTHER), *(OFFICER(report(), of=name) for name in names))
    assert (await all_or_refused(process.do(SECRETARY(MERGE, of=name)) for name in names))[1] == []
    assert (await process.told(OTHER)).count("duplicate_attached") == 20


async def test_two_cases_cannot_each_become_the_others_duplicate(office: Office) -> None:
    for here, there in ((office.process(), office.process()), (office.processes[0],) * 2):
        await here.do(*until(Stage.HANDLING, of=OTHER), *until(Stage.HANDLING))
        both = here.do(SECRETARY(MERGE)), there.do(SECRETARY(c.Merge(into=CASE), of=OTHER))
        merged, refused = await all_or_refused(both)
        assert (len(merged), refused) == (1, ["merge-no-chain"])
        told = sorted([(await here.told())[-1], (await here.told(OTHER))[-1]])
        assert told == ["duplicate_attached", "merged"]
