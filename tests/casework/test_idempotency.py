"""The same key gives the same answer, whoever died in between (ledger.md §2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import RFC_4122, UUID

import pytest
from eventsourcing.persistence import PersistenceError

from domain.casework.asking import KeyReused, KeyStale
from domain.casework.identifying import case_id_of, fresh
from domain.erasure import Ground, RequestErasure
from domain.incident import commands as c
from domain.incident.words import Stage
from domain.model import Refused
from tests.casework.office import Office, caller_of, uuid7
from tests.rules.recipes import RECIPES
from tests.rules.scene import (
    DISTRICT,
    MERGE,
    MORNING,
    OFFICER,
    OTHER,
    SECRETARY,
    days,
    minutes,
    report,
    until,
)
from tests.rules.test_stages import ALLOWED, NO_REQUEST_LEFT, NOTHING_NEW_YET

pytestmark = pytest.mark.anyio
KEY, DAY = uuid7(MORNING), timedelta(hours=24)
MOMENT = timedelta(milliseconds=1)
FILED = until(Stage.ACCEPTED)
ARRIVE = OFFICER(c.Arrive(note="到了"))


class TestIds:
    """Of cases, from the keys they were reported with."""

    def test_a_time_ordered_key_gives_a_time_ordered_id(self) -> None:
        made = case_id_of("desk", KEY)
        assert (made.version, made.variant) == (8, RFC_4122)
        assert made.int >> 80 == UUID(KEY).int >> 80 == int(MORNING.timestamp() * 1000)
        assert made.int < case_id_of("desk", uuid7(MORNING + MOMENT)).int

    def test_the_rest_is_a_hash_of_client_and_key(self) -> None:
        tails = {case_id_of(client, uuid7(MORNING, tail)) for client in ("desk", "app") for tail in range(500)}
        assert len(tails) == 1000
        assert all((made.version, made.variant) == (8, RFC_4122) for made in tails)
        assert case_id_of("desk", KEY) == case_id_of("desk", KEY)

    @pytest.mark.parametrize("key", ["an order number 42", "6d0b8b5e-1d0c-4c1b-9d53-6b1d0a0e4a11"])
    def test_any_other_key_gives_a_name_based_id(self, key: str) -> None:
        assert case_id_of("desk", key).version == 5
        assert case_id_of("desk", key) == case_id_of("desk", key) != case_id_of("app", key)

    def test_client_and_key_are_told_apart(self) -> None:
        assert case_id_of("a", "b c") != case_id_of("a b", "c")

    @pytest.mark.parametrize(
        ("off", "good"), [(DAY, True), (-DAY, True), (DAY + MOMENT, False), (-DAY - MOMENT, False)]
    )
    def test_a_time_ordered_key_is_fresh_for_a_day_either_way(self, off: timedelta, good: bool) -> None:
        assert fresh(uuid7(MORNING), MORNING + off) is good
        assert fresh("an order number 42", MORNING + off)


async def test_a_report_is_opened_once_whatever_happens_in_between(office: Office) -> None:
    first = office.process()
    receipt = await first.do(OFFICER(report()), key=KEY)
    assert (receipt.incident_id, receipt.version) == (str(case_id_of("desk", KEY)), 1)
    assert receipt.changed
    await first.do(DISTRICT(c.Accept()), ARRIVE)
    assert await first.do(OFFICER(report()), key=KEY) == receipt
    restarted = office.process()
    assert await restarted.do(OFFICER(report()), key=KEY) == receipt
    assert await restarted.told() == ["reported", "accepted", "arrived"]


async def test_an_old_key_opens_nothing_but_finds_what_it_opened(office: Office) -> None:
    process = office.process()
    receipt = await process.do(OFFICER(report()), key=KEY)
    office.now += days(30)
    assert await process.do(OFFICER(report()), key=KEY) == receipt
    assert await office.process().do(OFFICER(report()), key=KEY) == receipt
    with pytest.raises(KeyStale):
        await process.do(OFFICER(report()), key=uuid7(MORNING, tail=2))
    with pytest.raises(KeyStale):
        await process.do(OFFICER(report()), key=uuid7(office.now + days(2)))
    assert (await process.do(OFFICER(report(), of=OTHER), key="an order number 42")).version == 1


@pytest.mark.parametrize("key", ["ffffffff-ffff-7fff-bfff-ffffffffffff", "00000000-0000-7000-8000-000000000000"])
async def test_a_key_from_the_end_of_time_is_stale_like_any_other(office: Office, key: str) -> None:
    with pytest.raises(KeyStale):
        await office.process().do(OFFICER(report()), key=key)


async def test_a_person_without_an_id_gets_one_once(office: Office) -> None:
    """The front end sends the same body again; the server made the subject up."""
    body = {**report().model_dump(mode="json", exclude_unset=True), "reporter": {"name": "曾竹英"}}
    process = office.process()
    receipt = await process.do(OFFICER(c.Report.model_validate(body)), key=KEY)
    assert await process.do(OFFICER(c.Report.model_validate(body)), key=KEY) == receipt


async def test_the_same_key_with_another_body_is_refused(office: Office) -> None:
    process = office.process()
    await process.do(OFFICER(report()), key=KEY)
    for worker in (process, office.process()):
        with pytest.raises(KeyReused):
            await worker.do(OFFICER(report(urgency=1)), key=KEY)
    await process.do(DISTRICT(c.Accept()), key="once")
    for worker in (process, office.process()):
        with pytest.raises(KeyReused):
            await worker.do(DISTRICT(c.Escalate(to="community")), key="once")
        with pytest.raises(KeyReused):
            await worker.do(DISTRICT(c.Accept(occurred_at=MORNING)), key="once")
    assert await process.told() == ["reported", "accepted"]


async def test_a_retry_gets_the_first_answer_though_the_case_has_moved_on(office: Office) -> None:
    process = office.process()
    await process.do(*until(Stage.REPORTED))
    receipt = await process.do(ARRIVE, key="came")  # accepts the case as well: the second of two events
    assert (receipt.version, receipt.changed) == (3, True)
    await process.do(*until(Stage.RESOLVED)[-1:])
    for worker in (process, office.process()):
        assert await worker.do(ARRIVE, key="came") == receipt  # refused by its stage, were it new
        assert await worker.do(ARRIVE, key="came", if_match=1) == receipt  # stale, were it new
    assert await process.told() == ["reported", "accepted", "arrived", "resolved"]


async def test_a_keys_scope_is_client_and_case(office: Office) -> None:
    process = office.process()
    await process.do(*FILED, *until(Stage.ACCEPTED, of=OTHER))
    receipts = [
        await process.do(ARRIVE, key="same"),
        await process.do(replace(ARRIVE, of=OTHER), key="same"),
        await process.do(ARRIVE, key="same", client="app"),
    ]
    assert [receipt.version for receipt in receipts] == [3, 3, 4]
    assert all(receipt.changed for receipt in receipts)


async def test_what_changed_nothing_leaves_its_key_unused(office: Office) -> None:
    process = office.process()
    await process.do(*FILED)
    again = await process.do(DISTRICT(c.Accept()), key="again")
    assert (again.version, again.changed) == (2, False)
    assert (await process.do(ARRIVE, key="again")).changed
    with pytest.raises(Refused):
        await process.do(DISTRICT(c.Reject(reason="不归本区")), key="no")
    assert (await process.do(ARRIVE, key="no")).version == 4


async def test_a_key_used_on_a_duplicate_is_free_on_its_primary(office: Office) -> None:
    process = office.process()
    await process.do(*FILED, *until(Stage.ACCEPTED, of=OTHER))
    merged = await process.do(SECRETARY(MERGE), key="same")
    assert (await process.do(replace(ARRIVE, of=OTHER), key="same")).version == 4
    assert await process.do(SECRETARY(MERGE), key="same") == merged
    assert await office.process().do(SECRETARY(MERGE), key="same") == merged


async def test_the_same_key_at_the_same_time_is_one_command(office: Office) -> None:
    here, there = office.process(), office.process()
    report_it = replace(OFFICER(report()), after=minutes(0))
    opened = await asyncio.gather(*(worker.do(report_it, key=KEY) for worker in (here, there) * 4))
    assert len(set(map(str, opened))) == 1
    come = replace(ARRIVE, after=minutes(0))
    arrived = await asyncio.gather(*(worker.do(come, key="came") for worker in (here, there) * 4))
    assert len(set(map(str, arrived))) == 1
    assert await here.told() == ["reported", "accepted", "arrived"]


Insert = Callable[[Sequence[Any], Sequence[Any]], list[Any]]


@pytest.mark.parametrize("stored", [True, False], ids=["after the commit", "before the commit"])
async def test_a_connection_cut_is_answered_by_asking_again(
    office: Office, stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = office.process()
    await process.do(*FILED)
    insert: Insert = process.casework.files.store.insert_batch

    def cut(appends: Sequence[Any], free: Sequence[Any]) -> list[Any]:
        if stored:
            insert(appends, free)
        raise PersistenceError("the connection was cut")

    for move, key in ((ARRIVE, "came"), (OFFICER(report(), of=OTHER), KEY)):
        monkeypatch.setattr(process.casework.files.store, "insert_batch", cut)
        with pytest.raises(PersistenceError):
            await process.do(move, key=key)
        monkeypatch.undo()
        assert (await process.do(move, key=key)).changed
    assert await process.told() == ["reported", "accepted", "arrived"]
    assert await process.told(OTHER) == ["reported"]


@pytest.mark.parametrize("name", [name for name in ALLOWED if name not in NOTHING_NEW_YET])
async def test_every_command_twice_with_one_key_is_one_command(office: Office, name: str) -> None:
    recipe = RECIPES[name]
    stage = next(one for one in Stage if one in ALLOWED[name] - NO_REQUEST_LEFT.get(name, set()))
    process = office.process()
    await process.do(*recipe.leading_to(stage), *recipe.first)
    if isinstance(recipe.move.command, c.RedactText):
        asked = RequestErasure(subject=recipe.move.command.subject, ground=Ground.TERM_OVER)
        await process.casework.enact(asked, caller_of(SECRETARY, "forget"))
    receipt = await process.do(recipe.move, key="once")
    written = [await process.told(of) for of in office.ids]
    assert receipt.changed
    for worker in (process, office.process()):
        assert await worker.do(recipe.move, key="once") == receipt
        assert [await worker.told(of) for of in office.ids] == written
