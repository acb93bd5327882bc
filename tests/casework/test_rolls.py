"""Rolls as they are kept: once for each key, all or nothing, and never decided on what is no longer so."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.casework.asking import Caller, KeyReused, NotFound, RollReceipt
from domain.casework.recording import stream_of_entry
from domain.casework.rolls import AnyCommand
from domain.household import EnrolHousehold, Group, ListMustVisit, RecordDeparture, RecordVisit
from domain.membership import CheckIn, Sort
from domain.model import Refused, Role
from domain.registry.commands.redrawing import Part, SplitGrid
from tests.casework.office import Office, Process

pytestmark = pytest.mark.anyio

ENROL = EnrolHousehold(grid="grid-2", building="building-2")
VISIT = RecordVisit(met=True)
OFFICER = Caller("desk", "", "colleague", Role.GRID_OFFICER, "grid-2")
SECRETARY = Caller("desk", "", "secretary", Role.COMMUNITY, "community")


async def ask(
    process: Process, command: AnyCommand, key: str, by: Caller = SECRETARY, entry: str = "entry-1"
) -> RollReceipt:
    caller = Caller(by.client, key, by.actor, by.role, by.scope)
    return await process.casework.rolls.ask(entry, command, caller)


async def types(process: Process) -> list[str]:
    return [line.event.type for line in await process.casework.rolls.history("household", "entry-1")]


async def test_what_was_asked_is_kept_and_read_again_anywhere(office: Office) -> None:
    here, there = office.process(), office.process()
    first = await ask(here, ENROL, "a")
    assert (first.entry, first.version, first.changed) == ("entry-1", 1, True)
    listed = await ask(there, ListMustVisit(group=Group.UNEMPLOYED), "b")
    assert listed.position > first.position
    left = await ask(here, RecordDeparture(reason="搬走了"), "c")
    assert (left.version, left.changed) == (4, True)
    assert await types(there) == [
        *("household.enrolled", "household.must_visit_listed", "household.must_visit_delisted", "household.left")
    ]
    assert (await ask(there, ENROL, "d")).version == 5


async def test_the_same_key_gives_the_same_receipt_and_another_body_is_refused(office: Office) -> None:
    here, there = office.process(), office.process()
    await ask(here, ENROL, "a")
    first = await ask(here, VISIT, "b")
    await ask(there, VISIT, "c")
    assert await ask(there, VISIT, "b") == first
    with pytest.raises(KeyReused):
        await ask(here, RecordVisit(met=False), "b")
    assert len(await types(here)) == 3


async def test_what_is_so_already_changes_nothing(office: Office) -> None:
    here = office.process()
    first = await ask(here, ENROL, "a")
    again = await ask(here, ENROL, "b")
    assert (again.version, again.position, again.changed) == (first.version, first.position, False)


async def test_nothing_is_kept_of_whom_nobody_enrolled(office: Office) -> None:
    here = office.process()
    with pytest.raises(NotFound):
        await ask(here, VISIT, "a")
    with pytest.raises(NotFound):
        await here.casework.rolls.history("household", "entry-1")


async def test_what_another_wrote_meanwhile_is_not_opened_with_a_key_that_was_only_guessed(office: Office) -> None:
    here, there = office.process(), office.process()
    guessed = here.casework.files.keyring.to_seal(stream_of_entry("member", "entry-1").hex, "roll")
    await ask(there, CheckIn(community="community", sort=Sort.PERSON, called="某党员"), "a")
    [line] = await here.casework.rolls.history("member", "entry-1")
    assert line.event.model_dump()["called"] == "某党员"
    made = here.casework.files.keyring.to_seal(guessed.kept.id.subject, "roll")
    assert (made == guessed) is (office.shared is not None), "one keyring guesses, and keeps to it"


async def test_of_many_at_once_every_one_is_kept_once(office: Office) -> None:
    processes = [office.process() for _ in range(3)]
    await ask(processes[0], ENROL, "a")
    receipts = await asyncio.gather(*(ask(processes[nth % 3], VISIT, f"visit-{nth}") for nth in range(12)))
    assert sorted(receipt.version for receipt in receipts) == list(range(2, 14))
    assert len(await types(processes[0])) == 13


async def test_rolls_of_one_name_are_not_mixed_up(office: Office) -> None:
    here = office.process()
    await ask(here, ENROL, "a")
    await ask(here, CheckIn(community="community", sort=Sort.UNIT, called="某单位"), "a")
    assert len(await here.casework.rolls.history("member", "entry-1")) == 1
    assert await types(here) == ["household.enrolled"]


async def test_a_map_drawn_elsewhere_is_in_force_for_the_next_command(office: Office) -> None:
    """And no refusal is said from memory: whose grid it was yesterday is not theirs today."""
    here, there = office.process(), office.process()
    await ask(here, ENROL, "a")
    split = SplitGrid(
        grid="grid-2",
        into=(Part(id="grid-east", name="东", buildings=("building-2",)), Part(id="grid-west", name="西")),
    )
    await there.casework.enact(split, Caller("desk", "split", "district-desk", Role.DISTRICT, "district"))
    office.now += timedelta(minutes=1)
    with pytest.raises(Refused) as no:
        await ask(here, VISIT, "b", Caller("desk", "", "west", Role.GRID_OFFICER, "grid-west"))
    assert no.value.rule.id == "roll-own-place"
    assert (await ask(here, VISIT, "c", Caller("desk", "", "east", Role.GRID_OFFICER, "grid-east"))).changed


async def test_an_entry_is_no_case(office: Office) -> None:
    here = office.process()
    await ask(here, ENROL, "a")
    [line] = await here.casework.rolls.history("household", "entry-1")
    with pytest.raises(NotFound):
        await here.casework.history(str(line.originator_id))
