"""Keeping the watch: one process at a time ticks, takes calls in and sends them; the others stand by."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from api.logs import logger
from api.metrics import Metrics
from api.opening import open_outbox, open_watch_leadership
from api.settings import Settings
from api.watch.channels import Channel, open_channels
from api.watch.chores import Chores, Tally
from api.watch.delivery import Delivery
from api.watch.forgetting import Forgetting
from domain.casework.application import Casework
from domain.casework.erasing import Erasing
from projections.engine import Views

STAND_BY = 1.0
"""Seconds after which another process tries to take the watch, and the one that has it makes sure that it still has."""
GRACE = 3.0
"""Seconds for what is under way when the service stops."""
log = logger("bidao.watch")


class LeadershipLost(Exception):
    """Another process may keep the watch from now on."""


class Watch:
    """The watch of one process. `start` within the running loop, `aclose` before casework and views are closed."""

    def __init__(
        self,
        settings: Settings,
        casework: Casework,
        views: Views,
        metrics: Metrics,
        clock: Callable[[], datetime],
        *,
        channels: Sequence[Channel] | None = None,
    ) -> None:
        self.leading = False
        self._settings, self._casework = settings, casework
        self._metrics, self._clock = metrics, clock
        self._leadership = open_watch_leadership(settings)
        self.outbox = open_outbox(settings)
        self._channels = open_channels(settings, clock) if channels is None else channels
        self._chores = Chores(casework, views, self._count)
        self._forgetting = Forgetting(Erasing(casework))
        self._stopping, self._sendable = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Stand by, and keep the watch whenever nobody else does."""
        self._task = asyncio.get_running_loop().create_task(self._stand_by(), name="watch")

    async def aclose(self) -> None:
        """Let what is under way end, if it does soon; whatever is cut off is done again by the next."""
        self._stopping.set()
        self._sendable.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=GRACE)
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        for channel in self._channels:
            await channel.aclose()
        await asyncio.to_thread(self.outbox.close)

    async def tick(self) -> Tally:
        """One pass over everything that is due now."""
        with self._metrics.passes.time():
            return await self._chores.pass_once(self._clock())

    async def _stand_by(self) -> None:
        while not self._stopping.is_set():
            try:
                if await asyncio.to_thread(self._leadership.take):
                    await self._lead()
            except Exception:
                log.exception("the watch stops for a moment")
            finally:
                await asyncio.to_thread(self._leadership.release)
            await self._rest(STAND_BY)

    async def _lead(self) -> None:
        """Everything the watch does, until the service stops or another process leads."""
        await asyncio.to_thread(self.outbox.begin, self._clock())
        delivery = Delivery(
            self._casework,
            self.outbox,
            self._channels,
            self._clock,
            self._settings.message_tries,
            self._metrics,
        )
        self._lead_is(True)
        try:
            await delivery.clear()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._hold())
                group.create_task(self._again_and_again(partial(self._look, delivery)))
                group.create_task(self._again_and_again(self.forget))
                for channel in self._channels:
                    group.create_task(self._again_and_again(partial(delivery.send, channel)))
        finally:
            self._lead_is(False)

    def _lead_is(self, held: bool) -> None:
        self.leading = held
        self._metrics.watching.set(held)
        log.info("the watch is kept here" if held else "the watch is kept here no longer")

    async def _hold(self) -> None:
        """Stop everything as soon as another process may lead. What both do meanwhile counts once."""
        while not self._stopping.is_set():
            if not await asyncio.to_thread(self._leadership.take):
                raise LeadershipLost
            await self._rest(STAND_BY)

    async def forget(self) -> bool:
        """Carry out the erasures that are due; whether there were any."""
        return await self._forgetting.pass_once(self._clock())

    async def _look(self, delivery: Delivery) -> bool:
        """One pass, and the calls it wrote."""
        tally = await self.tick()
        while await delivery.take_in():
            pass
        self._sendable.set()
        self._sendable.clear()
        return tally.more

    async def _again_and_again(self, step: Callable[[], Awaitable[bool]]) -> None:
        """One step after another, at once while there is more to do. What fails is tried again at the next look, so
        that trouble holds up nothing once it is over; it is logged when it begins, and when it is over.
        """
        trouble = ""
        while not self._stopping.is_set():
            more = False
            try:
                more = await step()
            except Exception as error:
                if trouble != type(error).__name__:
                    trouble = type(error).__name__
                    log.exception("the watch tries again and again")
            else:
                if trouble:
                    trouble = ""
                    log.info("the watch goes on")
            if not more:
                await self._pause(self._settings.watch_period)

    async def _pause(self, seconds: float) -> None:
        """Wait so long; less when there is something to send, not at all when the service stops."""
        if not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._sendable.wait(), seconds)

    async def _rest(self, seconds: float) -> None:
        """Wait so long, unless the service stops."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _count(self, command: str, outcome: str) -> None:
        self._metrics.commands.labels(command, outcome).inc()
