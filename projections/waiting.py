"""Readers who wait until the views show what they have just written."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from threading import Lock


class Waiters:
    """The position reached, and the coroutines, of any loop, that wait for a later one."""

    def __init__(self, position: int) -> None:
        self.position = position
        self._waiting: dict[asyncio.Future[None], int] = {}
        self._lock = Lock()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def arrived(self, position: int) -> None:
        """Let everybody go on who waits for this position or an earlier one. From any thread."""
        with self._lock:
            self._arrived(position)

    def corrected(self, believed: int, position: int) -> None:
        """The same, also for an earlier position than was believed; not if another was learned of meanwhile."""
        with self._lock:
            if self.position == believed:
                self._arrived(position)

    async def wait(self, position: int, seconds: float) -> bool:
        """Whether the position was reached within so many seconds."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            if self.position >= position:
                return True
            self._waiting[future] = position
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            return False
        finally:
            with self._lock:
                self._waiting.pop(future, None)
        return True

    def _arrived(self, position: int) -> None:
        self.position = position
        for future in [future for future, wanted in self._waiting.items() if wanted <= position]:
            del self._waiting[future]
            with suppress(RuntimeError):  # its loop was closed: nobody is waiting any more
                future.get_loop().call_soon_threadsafe(_settle, future)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():  # its caller may have given up
        future.set_result(None)
