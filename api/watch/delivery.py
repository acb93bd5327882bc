"""Delivery: from calls in the log to messages taken by their channels; nothing is lost, nothing gets a second id."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from api.logs import logger
from api.metrics import Metrics
from api.watch.channels import Channel, NotDelivered
from api.watch.messages import Message, messages_of
from api.watch.outbox import Outbox, Waiting
from api.watch.patience import pause
from domain.casework.application import Casework
from domain.casework.recording import RecordedEvent
from domain.incident.events import Accepted, DutyCalled
from projections.reading import microseconds

CALL, ACCEPTED = (str(kind.model_fields["type"].default) for kind in (DutyCalled, Accepted))
CALLS_READ, SENT = 500, 100
"""At most so many calls, and so many messages of a channel, at a time."""
ABREAST = 8
log = logger("bidao.duty")


@dataclass(frozen=True, slots=True)
class Delivery:
    """Works for whoever keeps the watch; each step does a bounded part, and says whether there is more."""

    casework: Casework
    outbox: Outbox
    channels: Sequence[Channel]
    clock: Callable[[], datetime]
    tries: int
    metrics: Metrics

    async def take_in(self) -> bool:
        """Make messages of the calls written since the last time."""
        return await asyncio.to_thread(self._take_in)

    def _take_in(self) -> bool:
        store = self.casework.files.store
        position, since = self.outbox.follows()
        head = store.max_notification_id()
        if position > head:
            log.error("the log ends before where it was read: reading it again", position=position, head=head)
            self.outbox.begin_again(self.clock())
            return True
        if position == head:
            return False
        rows = store.select_notifications(position, CALLS_READ, head, [CALL], inclusive_of_start=False)
        lines = cast(list[RecordedEvent], self.casework.files.lines.to_lines(rows))
        recent = [line for line in lines if microseconds(line.recorded_at) >= since]
        messages = [one for line in recent for one in self._messages(line)]
        more = len(rows) == CALLS_READ
        self.outbox.take_in(messages, [one.name for one in self.channels], rows[-1].id if more else head)
        return more

    def _messages(self, line: RecordedEvent) -> list[Message]:
        return list(messages_of(line, self.casework.territory.names, self._number(line)))

    def _number(self, line: RecordedEvent) -> str | None:
        """The case number as of that line, if there was one; from the case file, since views may be behind."""
        files = self.casework.files
        rows = [row for row in files.store.select_case(line.originator_id) if row.topic == ACCEPTED]
        accepted = cast(list[RecordedEvent], files.lines.to_lines(rows))
        known = (one.event.number for one in accepted if isinstance(one.event, Accepted) and one.version < line.version)
        return next(known, None)

    async def send(self, channel: Channel) -> bool:
        """Send what a channel has to send by now."""
        due = await asyncio.to_thread(self.outbox.due, channel.name, self.clock(), SENT)
        waiting = iter(due)

        async def work() -> None:
            for one in waiting:
                await self._send(channel, one)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(ABREAST, len(due))):
                group.create_task(work())
        return len(due) == SENT

    async def _send(self, channel: Channel, waiting: Waiting) -> None:
        """One message, once. Between a channel's yes and our note of it the process may die: then it goes again."""
        try:
            await channel.send(waiting.message)
        except Exception as error:
            trouble = str(error) if isinstance(error, NotDelivered) else type(error).__name__
            await self._not_sent(channel, waiting, trouble)
        else:
            await asyncio.to_thread(self.outbox.delivered, waiting.nth, self.clock())
            self.metrics.messages.labels(channel.name, "delivered").inc()

    async def _not_sent(self, channel: Channel, waiting: Waiting, trouble: str) -> None:
        tries, now = waiting.tries + 1, self.clock()
        dead = tries >= self.tries
        if dead:
            await asyncio.to_thread(self.outbox.given_up, waiting.nth, trouble, now)
        else:
            await asyncio.to_thread(self.outbox.failed, waiting.nth, trouble, now + pause(tries))
        self.metrics.messages.labels(channel.name, "dead" if dead else "failed").inc()
        tell = log.error if dead else log.warning
        tell(
            "message not delivered",
            message=waiting.message.id,
            channel=channel.name,
            trouble=trouble,
            tries=tries,
            given_up=dead,
        )

    async def clear(self) -> None:
        """Let go of what was delivered long ago."""
        await asyncio.to_thread(self.outbox.clear, self.clock())
