"""What a line of a case file holds besides the event: who, in which capacity, when, through which door."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import orjson
import pytest
from pydantic import ValidationError

from domain.casework.asking import Caller
from domain.casework.identifying import mac_of
from domain.casework.open_cases import OpenCase
from domain.casework.recording import RecordedEvent, UnreadableEvent
from domain.incident import commands as c
from domain.incident.events import Arrived
from domain.incident.keys import keys_of
from domain.incident.state import Incident
from domain.incident.words import Kind, Stage
from domain.model import Role
from domain.territory import Level
from tests.casework.office import SECRET, Office, Process, uuid7
from tests.casework.stores import MEMORY
from tests.rules.recipes import RECIPES
from tests.rules.scene import (
    CASE,
    CHECKER,
    CLOCKS,
    DISTRICT,
    MERGE,
    MORNING,
    OFFICER,
    OTHER,
    RESIDENT,
    SECRETARY,
    STREET,
    Actor,
    Scene,
    minutes,
    report,
    until,
)

pytestmark = pytest.mark.anyio
CALLER = Caller(
    client="desk-hotline",
    key=uuid7(MORNING),
    actor="officer",
    role=Role.GRID_OFFICER,
    scope="grid",
    unit="unit-lead",
    channel="console",
    causation="cause-1",
    correlation="trace-1",
)
ARRIVE = OFFICER(c.Arrive(note="到了"))


async def test_every_line_says_who_asked_what_and_when(office: Office) -> None:
    process = office.process()
    await process.do(*until(Stage.REPORTED, Kind.EMERGENCY))
    done = office.now = office.now + minutes(30)
    command = c.Arrive(note="到了", occurred_at=done - minutes(20))
    receipt = await process.casework.act(office.ids[CASE], command, CALLER)
    *_, accepted, arrived = await process.lines()
    for line, version in ((accepted, 2), (arrived, 3)):
        assert (line.case_id, line.version, line.position) == (receipt.incident_id, version, version)
        assert (line.command, line.command_id, line.client) == ("arrive", CALLER.key, "desk-hotline")
        assert (line.actor, line.role, line.level, line.scope, line.unit) == (
            "officer", Role.GRID_OFFICER, Level.GRID, "grid", "unit-lead",
        )  # fmt: skip
        assert (line.channel, line.causation, line.correlation) == ("console", "cause-1", "trace-1")
        assert (line.occurred_at, line.recorded_at, line.effective_at) == (done - minutes(20), done, done - minutes(20))
        assert line.schema_version == line.event.schema_version
        assert line.body_mac == mac_of(SECRET, receipt.incident_id, command)


ELSEWHERE = [
    Actor("lead-desk", Role.DEPARTMENT, "district", "unit-lead"),  # a unit's seat gives no level
    Actor("officer", Role.GRID_OFFICER, "nowhere"),
    Actor("officer", Role.GRID_OFFICER),
]
LEVELS = [
    (OFFICER, Level.GRID),
    (SECRETARY, Level.COMMUNITY),
    (STREET, Level.STREET),
    (DISTRICT, Level.DISTRICT),
    (CHECKER, Level.DISTRICT),
    *((actor, None) for actor in ELSEWHERE),
]


@pytest.mark.parametrize(("actor", "level"), LEVELS)
async def test_the_level_is_that_of_the_node_somebody_answers_for(
    office: Office, actor: Actor, level: Level | None
) -> None:
    process = office.process()
    await process.do(*until(Stage.REPORTED), replace(ARRIVE, actor=actor))
    assert {line.level for line in (await process.lines())[1:]} == {level}


async def test_the_keys_are_the_case_as_it_stood_just_after(office: Office) -> None:
    process = office.process()
    moves = RECIPES["exempt-timeout"].leading_to(Stage.CLOSED)
    await process.do(*moves, SECRETARY(c.Reopen(reason="又外溢")), *until(Stage.RESOLVED, of=OTHER))
    for name in (CASE, OTHER):
        lines = await process.lines(name)
        for count, line in enumerate(lines, 1):
            assert line.keys == keys_of(OpenCase.load(lines[:count]).state, CLOCKS)
    stages = [line.keys.stage for line in await process.lines()]
    assert stages[0] is Stage.REPORTED
    assert Stage.CLOSED in stages
    assert stages[-1] is Stage.HANDLING


async def test_the_casework_and_the_bare_rules_tell_the_same_story(office: Office) -> None:
    """The same moves, once through the store and once on the stage of the rule tables."""
    process, moves = office.process(), (*until(Stage.CLOSED, Kind.DISPUTE), SECRETARY(c.Reopen(reason="又改了门")))
    await process.do(*moves)
    scene = Scene().play(*moves)
    lines = await process.lines()
    assert [line.event.type for line in lines] == [event.type for _, event, _ in scene.lines]
    assert [line.by for line in lines] == [by for _, _, by in scene.lines]
    assert as_told(OpenCase.load(lines).state) == as_told(scene.case)


def as_told(case: Incident) -> Incident:
    return replace(case, id=CASE)


async def stored(process: Process, name: str = CASE) -> list[tuple[str, bytes]]:
    rows = process.casework.files.store.select_notifications(1, 1000)
    ids = {line.position for line in await process.lines(name)}
    return [(row.topic, bytes(row.state)) for row in rows if row.id in ids]


async def test_what_is_stored_is_json_a_person_can_read_under_our_own_names(office: Office) -> None:
    process = office.process()
    await process.do(*until(Stage.CLOSED, Kind.DISPUTE))
    for topic, state in await stored(process):
        told = json.loads(state)
        assert topic == told["event"]["type"]
        assert "null" not in state.decode()
        assert {"case_id", "version", "position"}.isdisjoint(told)
        assert all(told[time].endswith("Z") for time in ("occurred_at", "recorded_at", "effective_at"))
        assert state.decode().isprintable()


async def test_times_are_stored_in_utc_whatever_zone_was_claimed(office: Office) -> None:
    process = office.process()
    await process.do(*until(Stage.REPORTED), OFFICER(c.Arrive(), claimed=minutes(-5)))
    for line in await process.lines():
        assert {time.utcoffset() for time in (line.occurred_at, line.recorded_at, line.effective_at)} == {
            UTC.utcoffset(None)
        }


async def test_a_line_that_cannot_be_read_stops_the_case_and_is_never_skipped(office: Office) -> None:
    process = office.process()
    await process.do(*until(Stage.HANDLING))
    good = process.casework.files.mapper.to_stored_event((await process.lines())[-1])
    store = process.casework.files.store
    store.insert_events([replace(good, originator_version=5, state=good.state[:-9])])
    for worker in (process, office.process()):
        with pytest.raises(UnreadableEvent):
            await worker.do(OFFICER(c.Archive()))
        with pytest.raises(UnreadableEvent):
            await worker.lines()


@pytest.mark.parametrize("odd", ["\x9b31m", "\u202e", "\u2028"])
async def test_what_a_terminal_would_obey_is_read_from_old_events_as_a_mark(office: Office, odd: str) -> None:
    """It was taken for text once; the stored bytes stay as they are."""
    process = office.process()
    await process.do(*until(Stage.HANDLING), ARRIVE)
    last = (await process.lines())[-1]
    assert isinstance(last.event, Arrived)
    said = last.event.model_copy(update={"note": f"到{odd}了"})
    old = process.casework.files.mapper.to_stored_event(
        last.model_copy(update={"event": said, "version": last.version + 1})
    )
    process.casework.files.store.insert_events([old])
    read = (await office.process().lines())[-1].event
    assert isinstance(read, Arrived)
    assert read.note == f"到\N{REPLACEMENT CHARACTER}{odd[1:]}了"
    with pytest.raises(ValidationError):
        c.Arrive(note=f"到{odd}了")


class TestBodyMac:
    """An HMAC of what was asked; never a plain hash, for a phone number in a body could be guessed."""

    BODY = report(Kind.EMERGENCY)

    def test_it_depends_on_the_secret(self) -> None:
        assert mac_of(b"one secret", "case", self.BODY) != mac_of(b"another", "case", self.BODY)

    def test_it_is_not_a_hash_of_the_body_or_of_what_it_covers(self) -> None:
        mac = mac_of(SECRET, "case", self.BODY)
        body = self.BODY.model_dump(mode="json", exclude_unset=True)
        covered = orjson.dumps(["case", "report", body], option=orjson.OPT_SORT_KEYS)
        guesses = [
            orjson.dumps(body),
            orjson.dumps(body, option=orjson.OPT_SORT_KEYS),
            self.BODY.model_dump_json().encode(),
            covered,
        ]
        for guess in guesses:
            for plain in (hashlib.sha256, hashlib.sha1, hashlib.md5, hashlib.blake2b):
                assert not plain(guess, usedforsecurity=False).hexdigest().startswith(mac)
            assert not hmac.new(b"", guess, hashlib.sha256).hexdigest().startswith(mac)

    def test_it_covers_the_case_the_command_and_every_field(self) -> None:
        macs = {
            mac_of(SECRET, case, command)
            for case in ("case", "other")
            for command in (
                c.Accept(),
                c.Close(),
                c.Arrive(),
                c.Arrive(note=""),
                c.Arrive(note="到了"),
                c.Arrive(occurred_at=MORNING),
            )
        }
        assert len(macs) == 12
        assert all(len(mac) == 4 for mac in macs)

    def test_it_leaves_too_many_phone_numbers_to_guess_one(self) -> None:
        """Even with the secret and all but the number known: of those tried, as many fit as would by chance."""
        said = mac_of(SECRET, "case", c.Arrive(note="13800000000"))
        tried = 20_000
        fit = sum(mac_of(SECRET, "case", c.Arrive(note=f"138{nth:08}")) == said for nth in range(1, tried))
        assert abs(fit - tried / 65_536) < 5
        assert 10**8 / 65_536 > 1_000, "of the numbers of one prefix alone"

    async def test_two_services_store_different_ones(self, tmp_path: Path) -> None:
        macs = set()
        for secret in (b"one secret", b"another"):
            office = Office(MEMORY, tmp_path)
            process = office.process(secret=secret)
            await process.do(OFFICER(report()), key=uuid7(MORNING))
            macs |= {line.body_mac for line in await process.lines()}
            await office.aclose()
        assert len(macs) == 2


async def test_the_lines_of_a_merger_share_their_command(office: Office) -> None:
    process = office.process()
    await process.do(*until(Stage.HANDLING, of=OTHER), *until(Stage.REPORTED))
    await process.do(SECRETARY(MERGE), key="merge-1")
    merged, attached = (await process.lines())[-1], (await process.lines(OTHER))[-1]
    shared = RecordedEvent.model_fields.keys() - {"case_id", "version", "position", "keys", "event", "effective_at"}
    assert {field: getattr(merged, field) for field in shared} == {field: getattr(attached, field) for field in shared}
    assert merged.keys.counts is False
    assert attached.keys.counts is True
    assert RESIDENT.id in attached.event.model_dump_json()
