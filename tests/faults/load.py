"""Clients under whom processes die: they ask, and ask again under the same key, until they are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from time import monotonic, time_ns
from typing import Any
from uuid import UUID

import httpx

from tests.api.visitor import identity
from tests.faults.journal import Asked, Journal, Told

ANSWERED_WITHIN = 60.0
"""Seconds after which a client that keeps asking should have been answered, whatever was killed."""
PATIENCE = 3.0
"""Seconds before a client tries elsewhere."""
PAUSE = 0.05
GIVES_UP, ASKS_TWICE, ASKS_LATE = 0.05, 0.03, 0.05
"""How often a client goes away after a failure, sends to two processes at once, or asks again once answered."""


def uuid7(draw: Random) -> str:
    """A time-ordered key, as RFC 9562 has it."""
    value = (time_ns() // 1_000_000) << 80 | draw.getrandbits(80)
    return str(UUID(int=value & ~(0xF << 76) & ~(3 << 62) | 7 << 76 | 2 << 62))


@dataclass(slots=True)
class Clients:
    """What all clients share: the addresses that answer, the journal, and whether it is time to go home."""

    addresses: Callable[[], Sequence[str]]
    http: httpx.AsyncClient
    draw: Random
    journal: Journal = field(default_factory=Journal)
    ended: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Something was acknowledged."""

    async def ask(self, actor: str, path: str, body: Any, *, if_match: int | None = None, sure: bool = True) -> Asked:
        """One command, until it is answered or the client goes away."""
        asked = Asked(uuid7(self.draw), actor, path, body, if_match, sure)
        self.journal.asked.append(asked)
        until = monotonic() + ANSWERED_WITHIN
        while monotonic() < until and not (asked.told or asked.refused):
            await asyncio.gather(*(self._try(asked) for _ in range(1 + self._happens(ASKS_TWICE))))
            if not (asked.told or asked.refused):
                if self._happens(GIVES_UP):
                    asked.given_up = True
                    return asked
                await asyncio.sleep(self.draw.uniform(0, 2 * PAUSE))
        if asked.acknowledged:
            self.journal.answered_at.append(monotonic())
            self.news.set()
            if self._happens(ASKS_LATE):
                await self._try(asked)
        return asked

    async def answered(self, more: int, seconds: float) -> None:
        """Until so many more commands were acknowledged, or so many seconds are over."""
        wanted = len(self.journal.answered_at) + more
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(self.journal.answered_at) < wanted:
                    self.news.clear()
                    await self.news.wait()

    async def read(self, path: str, actor: str = "district-desk") -> httpx.Response | None:
        """A read from any process; None when nobody answered."""
        if not (addresses := self.addresses()):
            await asyncio.sleep(PAUSE)
            return None
        try:
            answer = await self.http.get(self.draw.choice(addresses) + path, headers=identity(actor), timeout=PATIENCE)
        except httpx.TransportError:
            return None
        if answer.status_code not in (200, 503):
            self._note_odd(f"GET {path}", answer)
        return answer if answer.status_code == 200 else None

    async def _try(self, asked: Asked) -> None:
        """Send it once, to any process that answers."""
        if not (addresses := self.addresses()):
            asked.unavailable += 1
            await asyncio.sleep(PAUSE)
            return
        headers = {**identity(asked.actor), "Idempotency-Key": asked.key}
        if asked.if_match is not None:
            headers["If-Match"] = f'"{asked.if_match}"'
        to = self.draw.choice(addresses) + asked.path
        try:
            answer = await self.http.post(to, json=asked.body, headers=headers, timeout=PATIENCE)
        except httpx.TransportError:
            asked.broken += 1
        else:
            self._note(asked, answer)

    def _note(self, asked: Asked, answer: httpx.Response) -> None:
        status = answer.status_code
        if answer.is_success:
            said = answer.json()
            stream = said.get("incident_id") or asked.path.split("/")[3]
            request = answer.headers["X-Request-Id"]
            asked.told.append(Told(stream, said["version"], said["position"], said["changed"], request))
        elif status < 500:
            problem = answer.json()
            asked.refused.append(f"{status} {problem['code']} {problem.get('rule', '')}".strip())
        else:
            asked.unavailable += 1
            if status != 503 or "Retry-After" not in answer.headers:
                self._note_odd(f"POST {asked.path}", answer)

    def _note_odd(self, request: str, answer: httpx.Response) -> None:
        self.journal.odd.append(f"{request}: {answer.status_code} {answer.text[:300]}")

    def _happens(self, probability: float) -> bool:
        return self.draw.random() < probability
