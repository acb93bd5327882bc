"""A service that is closed while somebody still reads."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event, Timer

import pytest

from api.service import Service
from domain.casework.application import now
from tests.server import settings_for

LAST_RESORT = 20.0


def test_readers_that_hang_do_not_hold_the_loop_and_those_in_line_are_sent_away(tmp_path: Path) -> None:
    asyncio.run(_close_while_reading(tmp_path))


async def _close_while_reading(tmp_path: Path) -> None:
    service = Service.open(settings_for(tmp_path), now)
    begun, free, told = [Event(), Event()], Event(), list[str]()

    def hang(nth: int) -> None:
        begun[nth].set()
        free.wait()

    running = [asyncio.ensure_future(service.read(lambda nth=nth: hang(nth))) for nth in range(2)]  # type: ignore[misc] # bound early
    for one in begun:
        await asyncio.to_thread(one.wait)
    in_line = asyncio.ensure_future(service.read(lambda: told.append("asked")))
    await asyncio.sleep(0)

    def let_go() -> None:
        told.append("held")
        free.set()

    last_resort = Timer(LAST_RESORT, let_go)
    last_resort.start()
    in_line.add_done_callback(lambda _: free.set())  # which a loop that is held would never come to
    await service.aclose()
    last_resort.cancel()
    with pytest.raises(asyncio.CancelledError):
        await in_line
    await asyncio.gather(*running)
    assert told == []
