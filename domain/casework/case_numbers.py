"""案号: date and a sequence that neither repeats nor races; a number not used up leaves a gap."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import datetime

from domain.casework.appending import GroupCommit
from domain.clocks import SHANGHAI

BLOCK = 20
"""Numbers reserved at a time: what a crash may leave as a gap."""


class CaseNumbers:
    """Hands out the numbers of the day from blocks reserved durably in the store."""

    def __init__(self, writer: GroupCommit) -> None:
        self._writer = writer
        self._day = ""
        self._free: deque[str] = deque()
        self._refilling = asyncio.Lock()

    def forget(self) -> None:
        """Reserve anew: somebody else may have been given the same ones since."""
        self._free.clear()
        self._day = ""

    async def take(self, at: datetime) -> str:
        """The next free number of the day in Asia/Shanghai, such as 20260216-000001."""
        day = at.astimezone(SHANGHAI).strftime("%Y%m%d")
        async with self._refilling:
            if day != self._day or not self._free:
                first = await self._writer.reserve_case_numbers(day, BLOCK)
                self._day, self._free = day, deque(f"{day}-{number:06d}" for number in range(first, first + BLOCK))
            return self._free.popleft()

    def give_back(self, number: str) -> None:
        """Return a number that was not used up."""
        if self._day and number.startswith(self._day):
            self._free.appendleft(number)
