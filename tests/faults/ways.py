"""What the clients do: whole lives, many on one case, mergers into it, registers, and reading meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from domain.incident.commands import BY_NAME
from tests.faults.journal import Asked, Told
from tests.faults.load import PAUSE, Clients
from tests.lives import ASKED_BEFORE, LIVES, OFFICER, PRIMARY, REPORT, SECRETARY, SYSTEM, Life

INCIDENTS = "/api/v1/incidents"
UNPLAYABLE = {"appeal-timeout", "request-suspension", *ASKED_BEFORE, SYSTEM}
"""Commands whose example wants another date than today, or something of a register; an actor who is no client."""
PLAYED = [life for life in LIVES.values() if not UNPLAYABLE & {word for turn in life for word in turn[:2]}]
LONGEST = 25
"""Commands of one client on a case that several write to, before another one is begun."""
PRESSED = ("take-action", "advance-cost", "receive-contribution", "escalate")
NODES = ("estate-chuangdan", "building-chuangdan-1-2", "grid-huafeng-1")
FIRST_SHIFT = datetime(2030, 1, 1, tzinfo=UTC)
Way = Callable[[Clients], Awaitable[None]]


async def live(clients: Clients) -> None:
    """One life after another, each turn on the version the last receipt named: nobody else moves the case."""
    while not clients.ended:
        await play(clients, clients.draw.choice(PLAYED))


async def play(clients: Clients, life: Life) -> None:
    """A whole life, unless the client goes away in the middle."""
    cases: dict[bool, Told] = {}
    for turn in life:
        own, other = cases.get(turn.primary), cases.get(True)
        path = f"{INCIDENTS}/{own.stream}/{turn.command}" if own else INCIDENTS
        body = {key: other.stream if value == PRIMARY and other else value for key, value in turn.asked.items()}
        asked = await clients.ask(turn.actor, path, body, if_match=own.version if own else None)
        if not asked.told:
            return
        cases[turn.primary] = asked.told[0]


async def crowd(clients: Clients) -> None:
    """Several at once on one case, and duplicates merged into it and parted again; then on the next case."""
    while not clients.ended:
        opened = await clients.ask(OFFICER, INCIDENTS, REPORT)
        if told := opened.acknowledged:
            await asyncio.gather(*(press(clients, told.stream) for _ in range(3)), merge(clients, told.stream))


async def press(clients: Clients, case: str) -> None:
    """Whatever is allowed at any time must be done; what is decided on a version may come too late."""
    version = 1
    for _ in range(LONGEST):
        if clients.ended:
            return
        command = clients.draw.choice(PRESSED)
        decided = command == "escalate"
        path, body = f"{INCIDENTS}/{case}/{command}", dict(BY_NAME[command].example)
        asked = await clients.ask(OFFICER, path, body, if_match=version if decided else None, sure=not decided)
        if asked.told:
            version = asked.told[0].version


async def merge(clients: Clients, primary: str) -> None:
    """Report the same matter again, merge it while others write to the primary, and now and then part them."""
    for _ in range(LONGEST // 5):
        if clients.ended:
            return
        opened = await clients.ask("s-lin", INCIDENTS, REPORT | {"reporter": {"subject": "s-lin", "name": "林"}})
        if not (told := opened.acknowledged):
            continue
        merged = await on_case(clients, told, "merge", {"into": primary, "reason": "同一处积水"})
        if (told := merged.acknowledged) and clients.draw.random() < 0.5:
            await on_case(clients, told, "unmerge", {"reason": "两处积水"})


async def on_case(clients: Clients, told: Told, command: str, body: Any) -> Asked:
    """What the community secretary decides on the version just read."""
    return await clients.ask(SECRETARY, f"{INCIDENTS}/{told.stream}/{command}", body, if_match=told.version)


def keeping(staff: str, nth: int) -> Way:
    """Shifts for one person, and names for one place; others write to the same registers."""

    async def keep(clients: Clients) -> None:
        for shift in count():
            if clients.ended:
                return
            starts = FIRST_SHIFT + timedelta(hours=shift)
            shifts = {"shifts": [shift_of(staff, starts)]}
            await clients.ask("district-desk", "/api/v1/duty/assign-shifts", shifts)
            renamed = {"node": NODES[nth], "new_name": f"第{shift}次更名"}
            await clients.ask("district-desk", "/api/v1/territory/rename-node", renamed)
            await asyncio.sleep(PAUSE)

    return keep


def shift_of(staff: str, starts: datetime) -> dict[str, str]:
    return {
        "node": "community-sanjiaoping",
        "staff": staff,
        "starts": starts.isoformat(),
        "ends": (starts + timedelta(hours=1)).isoformat(),
    }


async def look(clients: Clients) -> None:
    """The views and a case file, as somebody at a desk would; whatever has been acknowledged may be waited for."""
    after = 0
    while not clients.ended:
        answered = [one for one in clients.journal.asked[-50:] if one.acknowledged]
        paths = ["/views/workload?by=grid&", "/views/response-times?by=grid&", "/incidents?light=green&"]
        if answered and (told := answered[-1].acknowledged):
            after = told.position
        await clients.read(f"/api/v1{clients.draw.choice(paths)}after={after}")
        await asyncio.sleep(2 * PAUSE)


WAYS: tuple[Way, ...] = (*[live] * 6, *[crowd] * 2, keeping("secretary-sanjiaoping", 0), keeping(OFFICER, 1), look)
