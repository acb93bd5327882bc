"""What the watch does in one pass: everything that is due, once, and nothing held up by anything else."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from api.watch import chores as at_work
from api.watch.chores import Chores, Registers, Tally
from domain.books import PublishCalendar
from domain.casework.asking import Receipt
from domain.casework.books import RULES, published_calendar
from domain.clocks import Clocks
from domain.incident.events import DeadlineDetermined, DutyCalled, HandedOver, Redrawn
from domain.model import Role
from domain.registry.commands import Part, ReleaseStaff, SplitGrid
from domain.territory import Staff, Territory
from tests.api.desk import Desk, desk
from tests.api.visitor import REGISTRY, START
from tests.lives import RESIDENT

OFFICER, SECRETARY = "officer-ge", "secretary-sanjiaoping"
DAYLONG = {"kind": "ordinary", "urgency": 2}
"""To be accepted within 15 minutes, and handled within 24 hours."""
LANDED = ("landed", None)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def here() -> AsyncIterator[Desk]:
    async with desk() as opened:
        yield opened


async def test_a_case_that_lands_and_every_light_that_turns_is_told_once(here: Desk) -> None:
    case = await here.report(**DAYLONG)
    for _ in range(3):
        await here.pass_once()
    assert await here.calls(case) == [LANDED]
    await here.pass_once(hours=0.19)
    assert await here.calls(case) == [LANDED]
    await here.pass_once(hours=0.02)
    await here.pass_once(hours=0.02)
    assert await here.calls(case) == [LANDED, ("yellow", "accept")]
    await here.pass_once(hours=1)
    await here.pass_once(hours=100)
    assert await here.calls(case) == [LANDED, ("yellow", "accept"), ("red", "accept")]


async def test_an_extension_moves_the_light_and_it_is_told_anew(here: Desk) -> None:
    case = await here.report(**DAYLONG)
    await here.ask(OFFICER, "take-action", case, note="到场查看")
    await here.pass_once(hours=20)
    assert (await here.calls(case))[-1] == ("yellow", "handle")
    await here.ask(OFFICER, "request-extension", case)
    await here.ask(SECRETARY, "grant-extension", case)
    before = await here.calls(case)
    await here.pass_once(hours=10)
    assert await here.calls(case) == before, "the limit is 48 hours now"
    await here.pass_once(hours=9)
    await here.pass_once(hours=20)
    assert (await here.calls(case))[len(before) :] == [("yellow", "handle"), ("red", "handle")]


async def test_what_has_ended_or_was_merged_is_not_called_for(here: Desk) -> None:
    rejected, withdrawn, duplicate, primary = [await here.report(**DAYLONG) for _ in range(4)]
    await here.ask(SECRETARY, "reject", rejected)
    await here.ask(RESIDENT, "withdraw", withdrawn)
    await here.ask(SECRETARY, "merge", duplicate, into=primary, reason="同一件事")
    tally = await here.pass_once(hours=1)
    assert [await here.calls(case) for case in (rejected, withdrawn, duplicate)] == [[], [], []]
    assert LANDED in await here.calls(primary)
    assert tally.changed == 1


async def test_views_that_lag_and_a_crash_before_they_follow_repeat_nothing(here: Desk) -> None:
    case = await here.report(**DAYLONG)
    await here.pass_once(hours=1)
    written = await here.events(case)
    restarted = Chores(here.casework, here.views)  # the views still show the case before it was called for
    tally = await restarted.pass_once(here.clock.now)
    assert tally.changed == 1, "the receipt of what is written already"
    assert await here.events(case) == written


async def test_a_pass_waits_for_the_views(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_work, "VIEWS_MAY_TAKE", 0.01)
    case = await here.report(**DAYLONG)
    await here.pass_once()
    here.clock.forward(1)
    assert await here.chores.pass_once(here.clock.now) == Tally(), "they do not show yet what the last pass wrote"
    await here.pass_once()
    assert ("red", "accept") in await here.calls(case)


@pytest.fixture
def broken(here: Desk, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Cases whose file cannot be worked on, whatever is asked."""
    cases: set[str] = set()
    act = here.casework.act

    async def try_to(case_id: str, *asked: Any, **more: Any) -> Receipt:
        if case_id in cases:
            raise OSError("曾竹英 13800000000")
        return await act(case_id, *asked, **more)

    monkeypatch.setattr(here.casework, "act", try_to)
    return cases


async def test_a_case_that_fails_blocks_no_other_and_waits_longer_each_time(here: Desk, broken: set[str]) -> None:
    cases = [await here.report(**DAYLONG) for _ in range(5)]
    broken.add(cases[0])
    assert await here.pass_once() == Tally(changed=4, failed=1)
    failures = [(await here.pass_once(hours=1 / 3600)).failed for _ in range(20)]
    assert [nth for nth, failed in enumerate(failures, start=1) if failed] == [1, 3, 7, 15]
    broken.clear()
    await here.pass_once(hours=1 / 60)
    assert await here.calls(cases[0]) == [LANDED]


async def test_a_failure_is_logged_without_its_words(
    here: Desk, broken: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    broken.add(case := await here.report(**DAYLONG))
    with caplog.at_level(logging.INFO):
        await here.pass_once()
    [line] = [json.dumps(record.msg, default=str) for record in caplog.records if record.name == "bidao.watch"]
    assert case in line
    assert "OSError" in line
    assert "138" not in line


async def test_what_fails_at_the_front_does_not_starve_the_rest(
    here: Desk, broken: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_work, "LOOKED_AT", 3)
    cases = [await here.report(**DAYLONG) for _ in range(8)]
    broken.update(cases[:4])
    for _ in range(3):
        await here.pass_once()
    assert [await here.calls(case) for case in cases[4:]] == [[LANDED]] * 4


async def test_a_pass_is_bounded_and_says_that_there_is_more(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_work, "LOOKED_AT", 4)
    cases = [await here.report(**DAYLONG) for _ in range(10)]
    passes = [await here.pass_once() for _ in range(4)]
    assert [tally.changed for tally in passes] == [4, 4, 2, 0]
    assert [tally.more for tally in passes] == [True, True, False, False]
    assert [await here.calls(case) for case in cases] == [[LANDED]] * 10


async def test_every_open_case_is_looked_at_when_the_map_changed_and_some_at_a_time_otherwise(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_work, "GLANCED_AT", 2)
    cases = [await here.report(**DAYLONG) for _ in range(7)]
    while (await here.pass_once()).more:
        pass
    assert not (await here.pass_once()).more
    await here.enact(SplitGrid(grid="grid-chuangdan-1", into=(Part(name="东网格"), Part(name="西网格"))))
    passes = 1
    while (await here.pass_once()).more:
        passes += 1
    assert passes == 4
    for case in cases:
        assert [type(event) for event in await here.events(case)].count(Redrawn) == 1


async def test_open_cases_of_a_released_officer_go_to_the_successor(here: Desk) -> None:
    case, resolved, others = [await here.report(**DAYLONG) for _ in range(3)]
    for each, officer in ((case, OFFICER), (resolved, OFFICER), (others, "officer-chen")):
        await here.ask(OFFICER, "take-action", each, note="到场查看")
        await here.ask(SECRETARY, "assign", each, officer=officer)
    await here.ask(OFFICER, "resolve", resolved)
    await here.enact(ReleaseStaff(staff=OFFICER, successor="officer-zhang"))
    await here.pass_once(hours=0.1)
    await here.pass_once(hours=0.1)
    [handed] = [event for event in await here.events(case) if isinstance(event, HandedOver)]
    assert (handed.from_officer, handed.officer) == (OFFICER, "officer-zhang")
    assert handed.reason
    last = (await here.casework.history(case))[-1]
    assert (last.actor, last.role, last.channel) == ("bidao", Role.SYSTEM, "watch")
    assert not any(isinstance(event, HandedOver) for event in await here.events(others))
    assert any(isinstance(event, HandedOver) for event in await here.events(resolved)), "and what waits for its check"


def member(id: str, **more: Any) -> Staff:
    return Staff(id=id, name=id, role=Role.GRID_OFFICER, scope="grid-chuangdan-1", **more)


async def test_a_successor_may_have_left_as_well() -> None:
    gone = {"a": "b", "b": "c", "lonely": None, "round": "about", "about": "round"}
    staff = [member(left, released=True, successor=follower) for left, follower in gone.items()]
    registers = Registers(Territory(nodes=REGISTRY.nodes, staff=(*staff, member("c"))))
    followers = [registers.successor(officer, "grid-yunjian-3") for officer in ("a", "b", "c", "lonely", "round", "")]
    assert followers == ["c", "c", None, None, None, None]
    assert registers.successor("lonely", "grid-chuangdan-1") == "c", "the grid's own officer, where nobody was named"


async def test_nobody_to_call_is_said_in_the_log_and_somebody_is_called_later(
    here: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    case = await here.report(**DAYLONG)
    with monkeypatch.context() as nobody:
        nobody.setattr("domain.incident.commands.upkeep.on_duty", lambda *_: ())
        await here.pass_once()
    assert any("nobody to call" in str(record.msg) and case in str(record.msg) for record in caplog.records)
    await here.pass_once(hours=0.1)
    assert isinstance((await here.events(case))[-1], DutyCalled)


async def test_open_cases_follow_the_map(here: Desk) -> None:
    at_building, in_grid = await here.report(**DAYLONG, building="building-chuangdan-1-2"), await here.report(**DAYLONG)
    east, west = (
        Part(id="grid-east", name="东网格", buildings=("building-chuangdan-1-2",)),
        Part(id="grid-west", name="西网格"),
    )
    tomorrow = START + timedelta(days=1)
    await here.enact(SplitGrid(grid="grid-chuangdan-1", into=(east, west), effective_from=tomorrow))
    await here.pass_once(hours=23)
    assert not any(isinstance(event, Redrawn) for event in await here.events(in_grid)), "the map is redrawn tomorrow"
    await here.pass_once(hours=2)
    await here.pass_once(hours=2)
    places = [
        [event.place.grid for event in await here.events(case) if isinstance(event, Redrawn)]
        for case in (at_building, in_grid)
    ]
    assert places == [["grid-east"], [None]]


async def test_a_due_time_that_waits_for_a_calendar_is_determined_when_it_comes() -> None:
    calendar = published_calendar()
    known = calendar.model_copy(update={"version": "cn-2025", "years": frozenset(range(2020, 2026))})
    async with desk(Clocks(tables={RULES.version: RULES}, calendars={known.version: known})) as here:
        case = await here.report(kind="ordinary", urgency=3)
        await here.ask(OFFICER, "take-action", case, note="到场查看")
        await here.pass_once(hours=0.1)
        await here.pass_once(hours=0.1)
        assert (await here.calls(case))[-1] == ("undetermined", "handle")
        assert not any(isinstance(event, DeadlineDetermined) for event in await here.events(case))
        await here.enact(PublishCalendar(version="cn-2026", years=(2026,), holidays=("2026-03-03",)))
        await here.pass_once(hours=0.1)
        await here.pass_once(hours=0.1)
        assert [type(event) for event in await here.events(case)].count(DeadlineDetermined) == 1
        assert (await here.casework.history(case))[-1].keys.handle_due_at is not None
