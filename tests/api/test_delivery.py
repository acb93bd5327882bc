"""From calls in the log to messages: under the same ids whenever the log is read, and never years too late."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from api.metrics import Metrics
from api.opening import open_outbox
from api.watch import delivery as at_work
from api.watch.delivery import Delivery
from api.watch.messages import Message
from api.watch.outbox import Outbox
from tests.api.desk import Desk, desk
from tests.server import settings_for

DAYLONG = {"kind": "ordinary", "urgency": 2}

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def here() -> AsyncIterator[Desk]:
    async with desk() as opened:
        yield opened


@pytest.fixture
def outbox(here: Desk, tmp_path: Path) -> Iterator[Outbox]:
    with closing(new_outbox(tmp_path, here.clock.now)) as outbox:
        yield outbox


def new_outbox(folder: Path, now: datetime) -> Outbox:
    folder.mkdir(exist_ok=True)
    outbox = open_outbox(settings_for(folder))
    outbox.begin(now)
    return outbox


class Ear:
    """A channel that hears what it is told, unless it is deaf."""

    name = "ear"

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.deaf = False

    async def send(self, message: Message) -> None:
        if self.deaf:
            raise RuntimeError("曾竹英 13800000000")
        self.heard.append(message)

    async def aclose(self) -> None: ...


def to_ear(here: Desk, outbox: Outbox, ear: Ear) -> Delivery:
    return Delivery(here.casework, outbox, [ear], here.clock, 3, Metrics())


async def deliver(delivery: Delivery) -> None:
    while await delivery.take_in():
        pass
    while await delivery.send(delivery.channels[0]):
        pass


async def test_every_call_becomes_a_message_for_each_of_those_called(here: Desk, outbox: Outbox) -> None:
    ear = Ear()
    case = await here.report(**DAYLONG)
    await here.pass_once(hours=1)
    for _ in range(2):
        await deliver(to_ear(here, outbox, ear))
    assert [(one.incident_id, one.about) for one in ear.heard] == [(case, about) for about, _ in await here.calls(case)]
    assert len({one.id for one in ear.heard}) == len(ear.heard) == 2


async def test_a_long_log_is_read_in_pages(here: Desk, outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_work, "CALLS_READ", 2)
    monkeypatch.setattr(at_work, "SENT", 2)
    ear = Ear()
    cases = [await here.report(**DAYLONG) for _ in range(5)]
    await here.pass_once()
    await deliver(to_ear(here, outbox, ear))
    assert sorted(one.incident_id for one in ear.heard) == sorted(cases)


async def test_a_new_outbox_tells_of_the_last_hour_under_the_ids_they_had(here: Desk, tmp_path: Path) -> None:
    first, second = Ear(), Ear()
    await here.report(**DAYLONG)
    await here.pass_once()
    here.clock.now += timedelta(hours=2)
    recent = await here.report(**DAYLONG)
    await here.pass_once()
    for ear, name in ((first, "first"), (second, "second")):
        with closing(new_outbox(tmp_path / name, here.clock.now)) as outbox:
            await deliver(to_ear(here, outbox, ear))
    told = [one.about for one in first.heard if one.incident_id == recent]
    assert told == ["landed"]
    assert {one.called_at for one in first.heard} == {here.clock.now}, "what was two hours old is history"
    assert second.heard == first.heard


async def test_a_restored_store_is_read_from_its_beginning(here: Desk, outbox: Outbox) -> None:
    ear = Ear()
    outbox.take_in([], [], 1_000_000)  # as far as the store once went
    case = await here.report(**DAYLONG)
    await here.pass_once()
    await deliver(to_ear(here, outbox, ear))
    assert [one.incident_id for one in ear.heard] == [case]


async def test_whatever_a_channel_raises_is_a_failure_told_without_its_words(
    here: Desk, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    ear = Ear()
    ear.deaf = True
    await here.report(**DAYLONG)
    await here.pass_once()
    with caplog.at_level(logging.INFO):
        await deliver(to_ear(here, outbox, ear))
    [row] = outbox.listed("pending", None, 2**53, 10)
    assert (row.tries, row.trouble) == (1, "RuntimeError")
    assert "138" not in "".join(str(record.msg) for record in caplog.records)
