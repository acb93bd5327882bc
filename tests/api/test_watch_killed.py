"""The watch is killed wherever it matters: each call is decided once, no message is lost or gets a second id."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic, sleep
from typing import cast
from uuid import uuid4

import httpx
import pytest

from api.metrics import Metrics
from api.opening import open_case_files, open_outbox
from api.secret import secret_of
from api.service import Service
from api.settings import Settings
from api.watch.channels import Channel, Webhook
from api.watch.delivery import CALL
from api.watch.keeping import Watch
from api.watch.messages import Message
from domain.casework.application import now
from domain.casework.asking import Caller
from domain.casework.recording import RecordedEvent
from domain.incident.commands import Report
from domain.incident.events import DutyCalled
from domain.model import Role
from tests.api.receiver import PATIENCE, SECRET, Receiver, receiving
from tests.api.visitor import identity
from tests.lives import REPORT
from tests.server import serving
from tests.stores import Store

DAYLONG = {**REPORT, "kind": "ordinary", "urgency": 2}
OFFICER = identity("officer-ge")
SPAWN = get_context("spawn")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def settings(lasting_store: Store, tmp_path: Path, receiver: Receiver) -> Settings:
    """A watch over a store in files, then over one in PostgreSQL."""
    return lasting_store.settings(
        tmp_path, watch=True, watch_period=0.1, webhook_url=receiver.url, webhook_secret=SECRET
    )


def elsewhere(settings: Settings) -> Settings:
    """A second process of the store: in PostgreSQL from a data folder of its own, with nothing in it but the secret."""
    if settings.postgres is None:
        return settings
    data = settings.data / "elsewhere"
    data.mkdir()
    (data / "secret.key").write_bytes(secret_of(settings.secret_key))
    return settings.model_copy(update={"data": data})


def wait_until(true: Callable[[], object], seconds: float = PATIENCE) -> float:
    """Wait for it; gives the seconds it took."""
    began = monotonic()
    while not true():
        assert monotonic() < began + seconds
        sleep(0.01)
    return monotonic() - began


def calls_in(settings: Settings) -> list[tuple[str, str]]:
    """What the store says was decided: whose case, and what about."""
    files = open_case_files(settings)
    try:
        rows = files.store.select_notifications(None, 100_000, topics=[CALL])
        lines = [cast(RecordedEvent, files.mapper.to_domain_event(row)) for row in rows]
        return [(line.case_id, str(line.event.about)) for line in lines if isinstance(line.event, DutyCalled)]
    finally:
        files.close()


# Killed at a marked point


async def settle_once(settings: Settings, prepare: Callable[[Service], Service]) -> None:
    """A service without a door: one case is reported, and the watch works until somebody kills the process."""
    service = prepare(Service.open(settings, now))
    service.watch.start()
    caller = Caller("officer-ge", str(uuid4()), "officer-ge", Role.GRID_OFFICER, "grid-chuangdan-1")
    await service.casework.report(Report.model_validate(DAYLONG), caller)
    await asyncio.Event().wait()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def once_decided(service: Service) -> Service:
    """Dies when the call is durable, and nobody in this process knows yet."""

    def look(position: int) -> None:
        [row] = service.casework.files.store.select_notifications(position, 1)
        if row.topic == CALL:
            die()

    service.casework.writer.on_commit.append(look)
    return service


@dataclass
class Deadly:
    """The webhook, but the process dies before the message goes out, or after the receiver said yes."""

    webhook: Channel
    after: bool
    name: str = "webhook"

    async def send(self, message: Message) -> None:
        if self.after:
            await self.webhook.send(message)
        die()

    async def aclose(self) -> None:
        await self.webhook.aclose()


def once_taken_in(service: Service) -> Service:
    """Dies when the message is in the outbox, and nothing was sent."""
    return deadly(service, after=False)


def once_sent(service: Service) -> Service:
    """Dies when the receiver has it, and nobody noted that."""
    return deadly(service, after=True)


def deadly(service: Service, *, after: bool) -> Service:
    settings = service.settings
    assert settings.webhook_url is not None
    webhook = Webhook(settings.webhook_url.get_secret_value(), settings.webhook_key, 10, now)
    channels = [Deadly(webhook, after)]
    watch = Watch(settings, service.casework, service.views, Metrics(), now, channels=channels)
    return replace(service, watch=watch)


POINTS = {"decided": (once_decided, 1), "taken in": (once_taken_in, 1), "sent": (once_sent, 2)}
"""How often the message reaches the receiver: at least once; twice only where nobody could know."""


def live_and_die(settings: Settings, point: str) -> None:
    """In a process of its own."""
    prepare, _ = POINTS[point]
    asyncio.run(settle_once(settings, prepare))


@pytest.mark.parametrize("point", POINTS)
def test_killed_between_decision_sending_and_marking(point: str, settings: Settings, receiver: Receiver) -> None:
    _, times = POINTS[point]
    process = SPAWN.Process(target=live_and_die, args=(settings, point))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == -signal.SIGKILL
    process.close()
    [(case, about)] = calls_in(settings)
    assert about == "landed"
    assert len(receiver.posts) == times - 1
    with serving(settings) as url, httpx.Client(base_url=url, timeout=30) as client:
        receiver.wait(lambda posts: len(posts) == times)
        other = client.post(
            "/api/v1/incidents",
            json=DAYLONG,
            headers={"Idempotency-Key": "other", **OFFICER},
        ).json()["incident_id"]
        posts = receiver.wait(lambda posts: posts[-1].data["incident_id"] == other)
    assert [post.data["incident_id"] for post in posts] == [case] * times + [other]
    assert len({post.id for post in posts}) == 2
    assert len(calls_in(settings)) == 2
    with closing(open_outbox(settings)) as outbox:
        webhook = [row for row in outbox.listed(None, None, 2**53, 100) if row.channel == "webhook"]
    assert {row.message.id: row.state for row in webhook} == {post.id: "delivered" for post in posts}


# Two processes, one store


def serve(settings: Settings, told: Connection) -> None:
    """In a process of its own: the whole service, until it is killed."""
    with serving(settings) as base:
        told.send(base)
        told.recv()


@dataclass
class Running:
    """One of the processes, and a client of it."""

    process: BaseProcess
    client: httpx.Client

    @property
    def leads(self) -> bool:
        return "bidao_watch_leader 1.0" in self.client.get("/metrics").text

    def report(self, nth: int) -> str:
        headers = {"Idempotency-Key": f"case-{nth}", **OFFICER}
        answer = self.client.post("/api/v1/incidents", json=DAYLONG, headers=headers)
        assert answer.is_success, answer.text
        case: str = answer.json()["incident_id"]
        return case


@contextmanager
def running(settings: Settings) -> Iterator[Running]:
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=serve, args=(settings, theirs))
    process.start()
    theirs.close()
    try:
        with httpx.Client(base_url=ours.recv(), timeout=30) as client:
            yield Running(process, client)
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


def test_two_processes_tell_each_call_once_and_one_takes_over_from_the_dead(
    settings: Settings, receiver: Receiver
) -> None:
    with ExitStack() as stack:
        both = [stack.enter_context(running(one)) for one in (settings, elsewhere(settings))]
        wait_until(lambda: any(one.leads for one in both))
        cases = {both[nth % 2].report(nth) for nth in range(40)}
        receiver.wait(lambda posts: {post.data["incident_id"] for post in posts} == cases)
        assert [one.leads for one in both].count(True) == 1
        leader, follower = sorted(both, key=lambda one: not one.leads)
        more = {leader.report(nth) for nth in range(100, 110)}
        leader.process.kill()  # in the middle of telling, or just before, or just after
        took = wait_until(lambda: follower.leads, seconds=10)  # 2 s are promised; the machine may be busy
        print(f"the watch was taken over after {took:.2f} s")  # noqa: T201 - the figure people ask for
        more |= {follower.report(nth) for nth in range(110, 120)}
        posts = receiver.wait(lambda posts: {post.data["incident_id"] for post in posts} == cases | more)
    assert Counter(calls_in(settings)) == Counter((case, "landed") for case in cases | more)
    told = {(post.data["incident_id"], post.data["about"]): post.id for post in posts}
    assert {post.id for post in posts} == set(told.values()), "a message that came again came under its own id"
    assert len(told) == len(cases | more)
