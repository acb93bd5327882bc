"""依法删除 on every store: what is said of a person is gone, whatever breaks off meanwhile, and the rest stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from domain.casework.erasing import Erasing
from domain.casework.kept_keys import DESTROYED
from domain.casework.recording import RegisterLine
from domain.casework.redactions import shown
from domain.erasure import ApproveErasure, ErasureCompleted, ErasureRestricted, Ground, RequestErasure
from domain.incident import commands as c
from domain.incident.events import Reported
from domain.incident.events.redaction import Redaction
from domain.incident.words import Stage
from domain.model import Person, Refused, Retention, Role
from domain.privacy import ERASED
from tests.casework.office import Office, Process, caller_of
from tests.rules.scene import CASE, DISTRICT, OTHER, RESIDENT, SECRETARY, days, report, until

pytestmark = pytest.mark.anyio
WHO, NAME, PHONE = RESIDENT.id, "曾竹英", "13900000123"
REPORT = RESIDENT(report(reporter=Person(subject=WHO, name=NAME, phone=PHONE)))
ARCHIVED = (REPORT, *until(Stage.ARCHIVED)[1:])
REDACTED = Redaction(version=1, field="description", text="一名住户反映")
TEN_YEARS = days(3653)


async def ready(process: Process, *, approved: bool = True) -> Erasing:
    """An archived case, an erasure asked for, the texts looked through; and approved."""
    await process.do(*ARCHIVED)
    await process.casework.enact(
        RequestErasure(subject=WHO, ground=Ground.CONSENT_WITHDRAWN), caller_of(RESIDENT, "request")
    )
    await process.do(SECRETARY(c.RedactText(subject=WHO, redactions=(REDACTED,))))
    erasing = Erasing(process.casework)
    if approved:
        await erasing.enact(ApproveErasure(subject=WHO), caller_of(DISTRICT, "approve"))
    return erasing


async def reported(process: Process) -> tuple[Reported, tuple[str, ...]]:
    """The report as it is read now, and what is erased in it."""
    first, *_ = await process.lines()
    return cast(Reported, first.event), first.erased


async def written(process: Process) -> list[RegisterLine]:
    return await process.casework.register_history("erasure")


async def test_contacts_go_at_once_and_the_rest_when_its_term_is_over(office: Office) -> None:
    process = office.process()
    erasing = await ready(process)
    told, gone = await reported(process)
    assert told.reporter is not None
    assert (told.reporter.name, told.reporter.phone, gone) == (NAME, None, ("reporter.phone",))
    [restricted] = [line.event for line in await written(process) if isinstance(line.event, ErasureRestricted)]
    assert [kept.retention for kept in restricted.kept] == [Retention.CASE]
    assert [key.retention for key in restricted.keys] == [Retention.CONTACT]
    assert erasing.due() == ()
    office.now += TEN_YEARS
    assert erasing.due() == (WHO,)
    await erasing.conclude(WHO)
    told, gone = await reported(process)
    assert told.reporter is not None
    assert (told.reporter.name, told.reporter.subject) == (ERASED, WHO)
    assert gone == ("description", "reporter.name", "reporter.phone")
    assert isinstance((await written(process))[-1].event, ErasureCompleted)
    assert erasing.due() == ()


async def test_what_is_kept_for_a_term_is_shown_to_auditors_only(office: Office) -> None:
    process = office.process()
    await ready(process)
    lines, erasures = await process.lines(), process.casework.registers.erasures
    for role in Role:
        told = cast(Reported, shown(lines, erasures, role)[0].event)
        assert told.reporter is not None
        assert (told.reporter.name == NAME) is (role is Role.AUDITOR), role
        assert (told.description == REDACTED.text) is (role is not Role.AUDITOR), role


async def test_the_case_goes_on_as_it_stood(office: Office) -> None:
    """No rule asks for anything that can be erased."""
    process = office.process()
    await ready(process)
    before = [line.keys for line in await process.lines()]
    office.now += TEN_YEARS
    await Erasing(process.casework).conclude(WHO)
    assert [line.keys for line in await process.lines()] == before
    with pytest.raises(Refused) as no:
        await process.do(SECRETARY(c.Reopen(reason="又外溢")))
    assert no.value.rule.id == "stage"


async def test_nothing_more_is_sealed_for_whoever_is_forgotten(office: Office) -> None:
    process, elsewhere = office.process(), office.process()
    await elsewhere.do(replace(REPORT, of=OTHER))  # its keys are known there
    await elsewhere.do(*until(Stage.ARCHIVED, of=OTHER)[1:])
    erasing = await ready(process, approved=False)
    await process.do(SECRETARY(c.RedactText(subject=WHO), of=OTHER))
    await erasing.enact(ApproveErasure(subject=WHO), caller_of(DISTRICT, "approve"))
    for where in (elsewhere, process):
        with pytest.raises(Refused) as no:
            await where.do(replace(REPORT, of="yet another"))
        assert no.value.rule.id == "subject-forgotten"


async def test_another_process_forgets_too(office: Office) -> None:
    process, elsewhere = office.process(), office.process()
    erasing = await ready(process, approved=False)
    read = [line.erased for line in await elsewhere.lines()]
    assert not any(read)
    await erasing.enact(ApproveErasure(subject=WHO), caller_of(DISTRICT, "approve"))
    await elsewhere.casework.refresh()
    assert (await reported(elsewhere))[1] == ("reporter.phone",)


@pytest.mark.parametrize("broken", ["before the keys are destroyed", "before it is written down"])
async def test_broken_off_it_is_finished_by_another_process(
    office: Office, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = office.process()
    erasing = await ready(process, approved=False)

    async def dies(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        if broken == "before the keys are destroyed":
            patch.setattr(erasing, "conclude", dies)
        else:
            enact = process.casework.enact
            asked: list[str] = []

            async def once(command: Any, *more: Any, **named: Any) -> Any:
                asked.append(command.name)
                return await (enact(command, *more, **named) if command.name == "approve-erasure" else dies())

            patch.setattr(process.casework, "enact", once)
        with pytest.raises(ConnectionError):
            await erasing.enact(ApproveErasure(subject=WHO), caller_of(DISTRICT, "approve"))
    another = office.process()
    await another.casework.refresh()
    finishing = Erasing(another.casework)
    assert finishing.due() == (WHO,)
    await finishing.conclude(WHO)
    [restricted] = [line.event for line in await written(another) if isinstance(line.event, ErasureRestricted)]
    assert [key.retention for key in restricted.keys] == [Retention.CONTACT]
    assert (await reported(another))[1] == ("reporter.phone",)


async def test_approved_again_under_the_same_key_answers_the_same(office: Office) -> None:
    process = office.process()
    erasing = await ready(process)
    before = len(await written(process))
    receipt = await erasing.enact(ApproveErasure(subject=WHO), caller_of(DISTRICT, "approve"))
    assert receipt.changed
    assert len(await written(process)) == before


async def test_what_is_rehearsed_destroys_nothing(office: Office) -> None:
    process = office.process()
    erasing = await ready(process, approved=False)
    await erasing.enact(ApproveErasure(subject=WHO), caller_of(DISTRICT, "approve"), dry_run=True)
    assert (await reported(process))[1] == ()
    assert not process.casework.registers.erasures.underway


async def test_the_text_of_one_case_is_forgotten_and_no_other(office: Office) -> None:
    process = office.process()
    await process.do(*ARCHIVED)
    await process.do(*until(Stage.ARCHIVED, of=OTHER))
    text = office.ids[CASE].replace("-", "")
    await process.casework.enact(RequestErasure(subject=text, ground=Ground.TERM_OVER), caller_of(SECRETARY, "request"))
    erasing = Erasing(process.casework)
    office.now += TEN_YEARS
    await erasing.enact(ApproveErasure(subject=text), caller_of(DISTRICT, "approve"))
    told, gone = await reported(process)
    assert told.reporter is not None
    assert (told.description, told.reporter.name) == (ERASED, NAME)
    assert "description" in gone
    assert not any(line.erased for line in await process.lines(OTHER))


async def test_a_destroyed_key_is_a_tombstone(office: Office) -> None:
    process = office.process()
    await ready(process)
    kept = {key.id.retention: key.wrapped for key in process.casework.files.store.select_keys([WHO])}
    assert kept["contact"] == DESTROYED
    assert kept["case"] != DESTROYED
