"""查阅留痕 on every store: durable before anything is shown, apart from the case, once for each key, and forgotten."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from domain.access import Purpose, Reveal
from domain.casework.accesses import Revealed
from domain.casework.asking import Caller, KeyReused, NotFound, StoreUnavailable
from domain.casework.erasing import Erasing
from domain.casework.recording import AccessLine
from domain.casework.redactions import RESTRICTED
from domain.erasure import ApproveErasure, Ground, RequestErasure
from domain.incident import commands as c
from domain.incident.words import Answer, Stage
from domain.model import CRS, Minor, Person, Point, Refused, Role
from domain.privacy import ERASED
from tests.casework.office import Office, Process, caller_of
from tests.rules.scene import CASE, DISTRICT, OFFICER, RESIDENT, SECRETARY, days, report, until

pytestmark = pytest.mark.anyio
CHILD, NAME, WORDS = "s-child", "小满", "小满开门时在哭"
MINOR = Minor(subject=CHILD, name=NAME, guardian=Person(subject=RESIDENT.id, name="刘桂香"))
REPORT = RESIDENT(report(on_behalf_of=MINOR))
POINT = Point(longitude=109.95, latitude=27.55, crs=CRS.GCJ02)
ARRIVE = OFFICER(c.Arrive(position=POINT))
HANDLING = Reveal(purpose=Purpose.HANDLING, words=WORDS)
ARCHIVED = (
    REPORT,
    *until(Stage.CHECKED)[1:],
    *(RESIDENT(c.FollowUp(person=person, answer=Answer.SATISFIED)) for person in (RESIDENT.id, CHILD)),
    *until(Stage.ARCHIVED)[-2:],
)
BY_CHILD, BY_PLACE = "on_behalf_of.name", "position"


async def reveal(
    process: Process, key: str = "a", command: Reveal = HANDLING, role: Role = Role.GRID_OFFICER
) -> Revealed:
    caller = Caller("desk", key, OFFICER.id, role, "grid")
    return await process.casework.accesses.reveal(process.office.ids[CASE], command, caller)


async def kept(process: Process) -> list[AccessLine]:
    return await process.casework.accesses.of_case(await process.lines())


def told(revealed: Revealed) -> dict[str, Any]:
    return {one.at.field: one.value for one in revealed.fields}


def stored(process: Process) -> int:
    return process.casework.files.store.max_notification_id()


async def forget_child(process: Process) -> None:
    """Whoever has it in a case that is archived: restricted at once, gone when the term is over."""
    await process.casework.enact(
        RequestErasure(subject=CHILD, ground=Ground.TERM_OVER), caller_of(SECRETARY, "request")
    )
    await process.do(SECRETARY(c.RedactText(subject=CHILD)))
    await Erasing(process.casework).enact(ApproveErasure(subject=CHILD), caller_of(DISTRICT, "approve"))


async def test_what_is_shown_another_process_can_tell_of(office: Office) -> None:
    here, there = office.process(), office.process()
    receipt = await here.do(REPORT, ARRIVE)
    revealed = await reveal(here)
    assert told(revealed) == {BY_CHILD: NAME, BY_PLACE: POINT.model_dump(mode="json")}
    lines = await kept(there)
    assert [(line.subject, [one.field for one in line.event.fields]) for line in lines] == [
        (CHILD, [BY_CHILD]),
        (there.office.ids[CASE].replace("-", ""), [BY_PLACE]),
    ]
    assert {(line.actor, line.role, line.event.purpose, line.event.words) for line in lines} == {
        (OFFICER.id, Role.GRID_OFFICER, Purpose.HANDLING, WORDS)
    }
    assert {line.event.seen for line in lines} == {receipt.version}
    assert revealed.receipt.position == lines[-1].position == stored(there)


async def test_the_case_does_not_move(office: Office) -> None:
    process = office.process()
    before = (await process.do(REPORT, ARRIVE)).version
    await reveal(process)
    lines = await process.lines()
    assert lines[-1].version == before
    assert not {line.originator_id for line in await kept(process)} & {line.originator_id for line in lines}
    assert (await process.do(OFFICER(c.TakeAction(note="联系了监护人")), if_match=before)).version == before + 1


async def test_nothing_is_shown_when_it_cannot_be_recorded(office: Office) -> None:
    process = office.process()
    await process.do(REPORT)
    before = stored(process)
    await process.casework.writer.aclose()
    assert len(await process.lines()) == 1  # it can still be read
    with pytest.raises(StoreUnavailable):
        await reveal(process)
    assert stored(process) == before


async def test_a_refusal_and_a_case_that_is_not_there_write_nothing(office: Office) -> None:
    process = office.process()
    await process.do(REPORT)
    before = stored(process)
    with pytest.raises(Refused):
        await reveal(process, command=Reveal())
    with pytest.raises(NotFound):
        await process.casework.accesses.reveal(
            "00000000-0000-8000-8000-000000000000", HANDLING, caller_of(OFFICER, "b")
        )
    assert (stored(process), await kept(process)) == (before, [])


async def test_the_same_key_is_recorded_once_and_shows_what_was_recorded(office: Office) -> None:
    here, there = office.process(), office.process()
    await here.do(REPORT)
    first = await reveal(here)
    await here.do(ARRIVE)
    again = await reveal(there)
    assert (again.receipt, told(again)) == (first.receipt, {BY_CHILD: NAME})
    assert len(await kept(here)) == 1
    with pytest.raises(KeyReused):
        await reveal(there, command=Reveal(purpose=Purpose.INSPECTION))
    assert told(await reveal(there, "b")).keys() == {BY_CHILD, BY_PLACE}


async def test_of_many_at_once_every_one_is_recorded(office: Office) -> None:
    processes = [office.process() for _ in range(3)]
    await processes[0].do(REPORT)
    await asyncio.gather(*(reveal(processes[nth % 3], f"key-{nth}") for nth in range(12)))
    lines = await kept(processes[1])
    assert sorted(line.command_id for line in lines) == sorted(f"key-{nth}" for nth in range(12))
    assert [line.version for line in lines] == list(range(1, 13))


async def test_another_process_has_it_restricted_and_then_forgotten(office: Office) -> None:
    here, there = office.process(), office.process()
    await here.do(*ARCHIVED)
    assert told(await reveal(here)) == {BY_CHILD: NAME}
    await forget_child(there)
    with pytest.raises(Refused) as no:
        await reveal(here, "b")
    assert no.value.rule.id == "access-nothing"
    assert told(await reveal(here)) == {BY_CHILD: RESTRICTED}, "nor is it shown under the key it was shown under before"
    plain = Reveal(purpose=Purpose.INSPECTION)
    assert told(await reveal(here, "c", plain, Role.AUDITOR)) == {BY_CHILD: NAME}
    office.now += days(4000)
    await Erasing(there.casework).conclude(CHILD)
    assert told(await reveal(here, "c", plain, Role.AUDITOR)) == {BY_CHILD: ERASED}
    assert [line.event.words for line in await kept(here)] == [ERASED, ""]


async def test_nothing_of_the_child_or_why_is_stored_in_plain_words(office: Office) -> None:
    process = office.process()
    await process.do(REPORT)
    await reveal(process)
    rows = process.casework.files.store.select_notifications(1, 1000)
    assert "access.granted" in {row.topic for row in rows}
    assert not [row.topic for row in rows if NAME.encode() in row.state]
