"""What the district keeps beside its cases: written by command, folded over what was given, shared by processes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.books import VERSION_NEW as TAKEN
from domain.books import AdoptRuleTable, PublishCalendar
from domain.casework.asking import Caller, KeyReused, NotFound, RegisterReceipt
from domain.casework.books import RULES, books
from domain.casework.furnishing import furnish
from domain.casework.recording import STREAMS
from domain.casework.registers import Registers
from domain.casework.streams import Streams
from domain.clocks import Clocks
from domain.incident import commands as c
from domain.incident.words import Kind, Stage
from domain.model import Refused, Role
from domain.registry.commands import ImportTerritory
from domain.territory import Level, Node, NodeListing, Territory
from tests.casework.office import SECRET, Office, Process, caller_of, uuid7
from tests.rules.scene import CLOCKS, DISTRICT, MORNING, SECRETARY, TERRITORY, WAITING, until

pytestmark = pytest.mark.anyio

STRICTER = RULES.model_copy(update={"version": "rules-2026.2", "valid_from": MORNING + timedelta(days=30)})
ADOPT = AdoptRuleTable(table=STRICTER)
PUBLISH = PublishCalendar(version="cn-2027", years=(2027,))
NO_BOOKS = Clocks(tables={}, calendars={})


def keeper(key: str, client: str = "desk") -> Caller:
    return caller_of(DISTRICT, key, client)


def stored(process: Process) -> int:
    return process.casework.files.store.max_notification_id()


async def test_what_is_adopted_is_in_force_here_at_once_and_there_after_a_refresh(office: Office) -> None:
    here, there = office.process().casework, office.process().casework
    receipt = await here.enact(ADOPT, keeper("k"))
    assert (receipt.version, receipt.changed) == (1, True)
    assert here.clocks.tables["rules-2026.2"] == STRICTER
    assert here.clocks.table_at(MORNING) == RULES
    assert here.clocks.table_at(STRICTER.valid_from) == STRICTER
    assert "rules-2026.2" not in there.clocks.tables
    assert await there.refresh()
    assert there.clocks == here.clocks == office.process().casework.clocks
    assert not await there.refresh()


async def test_what_they_said_when_the_store_had_come_to_a_position(office: Office) -> None:
    """Whatever was written since, by whomever."""
    here, there = office.process().casework, office.process().casework
    adopted = (await here.enact(ADOPT, keeper("k"))).position
    published = (await there.enact(PUBLISH, keeper("l"))).position
    await here.refresh()
    said = {position: here.registers.as_of(position).clocks for position in (adopted - 1, adopted, published)}
    assert said[adopted - 1] == CLOCKS
    assert said[adopted].tables == here.clocks.tables
    assert said[adopted].calendars == CLOCKS.calendars
    assert said[published] == here.clocks


async def test_the_line_says_who_when_and_by_which_command(office: Office) -> None:
    process = office.process()
    receipt = await process.casework.enact(ADOPT, keeper("k"))
    [line] = await process.casework.register_history("books")
    assert (line.version, line.position) == (receipt.version, receipt.position) == (1, stored(process))
    assert (line.actor, line.role, line.scope) == (DISTRICT.id, Role.DISTRICT, DISTRICT.scope)
    assert (line.command, line.command_id, line.client) == ("adopt-rule-table", "k", "desk")
    assert line.recorded_at == line.effective_at == MORNING
    assert line.event.type == "books.rule_table_adopted"


async def test_a_key_gets_its_receipt_again_whoever_is_asked(office: Office) -> None:
    here, there = office.process(), office.process()
    first = await here.casework.enact(ADOPT, keeper("k"))
    await here.casework.enact(PUBLISH, keeper("later"))
    assert await there.casework.enact(ADOPT, keeper("k")) == await here.casework.enact(ADOPT, keeper("k")) == first
    assert stored(here) == 2
    with pytest.raises(KeyReused):
        await there.casework.enact(PUBLISH, keeper("k"))


async def test_a_key_belongs_to_a_client_and_a_register(office: Office) -> None:
    process = office.process()
    await process.casework.enact(ADOPT, keeper("k"))
    assert (await process.casework.enact(PUBLISH, keeper("k", client="another"))).version == 2
    listing = ImportTerritory(nodes=(NodeListing(id="grid-new", level=Level.GRID, name="新网格", parent="community"),))
    assert (await process.casework.enact(listing, keeper("k"))).version == 1


async def test_nothing_new_writes_nothing_and_leaves_the_key_unused(office: Office) -> None:
    process = office.process()
    first = await process.casework.enact(ADOPT, keeper("k"))
    again = await process.casework.enact(ADOPT, keeper("another"))
    assert again == RegisterReceipt(version=1, position=first.position, changed=False)
    assert (await process.casework.enact(PUBLISH, keeper("another"))).changed


async def test_a_dry_run_says_what_it_would_write_and_writes_nothing(office: Office) -> None:
    process = office.process()
    told = await process.casework.enact(ADOPT, keeper("k"), dry_run=True)
    assert told.changed
    assert [event.type for event in told.events] == ["books.rule_table_adopted"]
    assert (stored(process), told.version) == (0, 0)
    assert process.casework.clocks == CLOCKS
    assert (await process.casework.enact(ADOPT, keeper("k"))).version == 1
    assert not (await process.casework.enact(ADOPT, keeper("k"), dry_run=True)).changed


async def test_neither_refusal_nor_no_change_is_said_from_memory(office: Office) -> None:
    here, there = office.process().casework, office.process().casework
    await here.enact(ADOPT, keeper("k"))
    assert not (await there.enact(ADOPT, keeper("another"))).changed
    other = AdoptRuleTable(table=STRICTER.model_copy(update={"returns": 1}))
    await here.enact(PUBLISH, keeper("l"))
    with pytest.raises(Refused) as no:
        await there.enact(other, keeper("third"))
    assert no.value.rule == TAKEN


async def test_a_place_somebody_else_just_listed_is_no_reason_to_refuse_a_report(office: Office) -> None:
    here, there = office.process(), office.process()
    listing = ImportTerritory(nodes=(NodeListing(id="grid-new", level=Level.GRID, name="新网格", parent="community"),))
    await here.casework.enact(listing, keeper("k"))
    report = until(Stage.REPORTED, Kind.ORDINARY)[0]
    command = report.sent(office.now).model_copy(update={"grid": "grid-new"})
    assert isinstance(command, c.Report)
    assert (await there.casework.report(command, caller_of(SECRETARY, "r"))).version >= 1


async def test_what_another_register_says_is_asked_again_when_it_changed_meanwhile(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = office.process().casework, office.process().casework
    grid = NodeListing(id="grid-new", level=Level.GRID, name="新网格", parent="community")
    append, known = there._streams.append, []

    async def overtaken(lines: Any, free: Any) -> Any:
        known.append(there.territory.place("grid-new") is not None)
        if len(known) == 1:
            await here.enact(ImportTerritory(nodes=(grid,)), keeper("map"))
        return await append(lines, free)

    monkeypatch.setattr(there._streams, "append", overtaken)
    assert (await there.enact(ADOPT, keeper("k"))).version == 1
    assert known == [False, True]


async def test_processes_that_adopt_at_once_each_get_a_version(office: Office) -> None:
    processes = [office.process().casework for _ in range(3)]
    calendars = [PublishCalendar(version=f"cn-{year}", years=(year,)) for year in range(2027, 2036)]
    asked = [processes[nth % 3].enact(calendar, keeper(f"k-{nth}")) for nth, calendar in enumerate(calendars)]
    receipts = await asyncio.gather(*asked)
    assert sorted(receipt.version for receipt in receipts) == list(range(1, 10))
    for casework in processes:
        await casework.refresh()
        assert list(casework.clocks.calendars.values())[-1].years >= set(range(2027, 2036))
        assert casework.clocks == processes[0].clocks


async def test_a_change_of_the_map_shows_from_its_date_and_not_before(office: Office) -> None:
    casework = office.process().casework
    listing = NodeListing(id="grid-new", level=Level.GRID, name="新网格", parent="community")
    later = office.now + timedelta(days=1)
    await casework.enact(ImportTerritory(nodes=(listing,), effective_from=later), keeper("k"))
    assert casework.territory.place("grid-new") is None
    office.now = later
    assert casework.territory.place("grid-new") is not None
    office.now -= timedelta(seconds=1)
    assert casework.territory.place("grid-new") is None


async def test_a_register_is_no_case(office: Office) -> None:
    process = office.process()
    await process.casework.enact(ADOPT, keeper("k"))
    for stream in STREAMS.values():
        with pytest.raises(NotFound):
            await process.casework.history(str(stream))
        with pytest.raises(NotFound):
            await process.casework.act(str(stream), c.Accept(), keeper(uuid7(office.now)))


async def test_only_keepers_write_and_nobody_in_the_future(office: Office) -> None:
    casework = office.process().casework
    with pytest.raises(Refused) as no:
        await casework.enact(ADOPT, caller_of(SECRETARY, "k"))
    assert no.value.rule.id == "keeper-only"
    ahead = ADOPT.model_copy(update={"occurred_at": office.now + timedelta(hours=1)})
    with pytest.raises(Refused) as no:
        await casework.enact(ahead, keeper("k"))
    assert no.value.rule.id == "stated-before"


REGISTRY = Territory(nodes=tuple(Node.model_validate(dict(node)) for node in TERRITORY.nodes))


def opened(office: Office, library: Clocks = WAITING, registry: Territory = REGISTRY) -> Registers:
    """A store as a process finds it that furnishes it."""
    files = office.process().casework.files
    given = Territory(), NO_BOOKS
    registers = Registers(Streams(files.lines, files.store), given, secret=SECRET, clock=lambda: office.now)
    furnish(registers, library, lambda: registry)
    return registers


async def test_an_empty_store_is_furnished_once(office: Office) -> None:
    first = opened(office)
    lines = stored(office.processes[0])
    assert first.clocks == WAITING
    assert first.territory.names == REGISTRY.names
    again = opened(office, registry=Territory(nodes=REGISTRY.nodes[:1]))
    assert stored(office.processes[0]) == lines
    assert (again.clocks, again.territory.names) == (first.clocks, first.territory.names)


async def test_two_that_open_an_empty_store_at_once_furnish_it_once(office: Office) -> None:
    files = office.process().casework.files
    streams = Streams(files.lines, files.store)
    given = Territory(), NO_BOOKS
    here, there = (Registers(streams, given, secret=SECRET, clock=lambda: office.now) for _ in range(2))
    furnish(here, WAITING, lambda: REGISTRY)
    lines = stored(office.processes[0])
    furnish(there, WAITING, lambda: REGISTRY)  # it looked before the other had written
    assert stored(office.processes[0]) == lines
    assert there.clocks == here.clocks


async def test_a_newer_library_adds_its_years_and_leaves_every_version_as_it_was(office: Office) -> None:
    before = opened(office)
    office.now += timedelta(days=1)
    newer = Clocks(
        tables={"rules-9": RULES.model_copy(update={"version": "rules-9"})},
        calendars={"cn-now": books().calendar_at(MORNING).model_copy(update={"version": "cn-now"})},
    )
    after = opened(office, newer)
    assert set(after.clocks.tables) == set(before.clocks.tables)
    assert {version: after.clocks.calendars[version] for version in before.clocks.calendars} == before.clocks.calendars
    added = after.clocks.calendars["cn-now"]
    assert added.valid_from == office.now
    assert added.years > before.clocks.calendar_at(MORNING).years
    assert after.clocks.calendar_at(MORNING) == before.clocks.calendar_at(MORNING)


async def test_a_store_of_cases_without_registers_is_furnished_and_its_cases_go_on(office: Office) -> None:
    process = office.process()
    await process.do(*until(Stage.REPORTED, Kind.EMERGENCY))
    cases = stored(process)
    registers = opened(office, CLOCKS)
    assert stored(process) > cases
    [reported, *_] = await process.lines()
    assert reported.event.type == "incident.reported"
    assert registers.clocks == CLOCKS
    assert (await process.do(DISTRICT(c.Accept()))).changed


async def test_streams_of_registers_are_the_same_in_every_store() -> None:
    assert {name: str(stream) for name, stream in STREAMS.items()} == {
        "territory": "a040d0ff-76b1-5909-9db8-de43595595c5",
        "books": "d63ee3b0-8b7f-563f-a1bf-bdef5a4c24dc",
        "duty": "60642941-ba4d-5e49-beb5-131ce1000659",
        "erasure": "9348c4ce-ca7e-5025-b9dc-26037fd4bcc9",
    }
