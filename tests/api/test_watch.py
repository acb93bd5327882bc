"""The watch on the running service: a call goes out by webhook, and people see what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from api.opening import open_watch_leadership
from api.settings import Settings
from api.watch.chores import Chores, Tally
from api.watch.outbox import Listed, Outbox
from projections.database import DatabaseUnavailable
from tests.api.receiver import PATIENCE, SECRET, Post, Receiver, answering, is_signed, receiving
from tests.api.visitor import Clock, Visitor
from tests.lives import OFFICER, REPORT, RESIDENT
from tests.server import serving, settings_for
from tests.stores import Store

Data = Callable[..., Settings]
DAYLONG: dict[str, Any] = {"kind": "ordinary", "urgency": 2}


@pytest.fixture
def data(store: Store, tmp_path: Path) -> Data:
    """Of each store in turn."""
    return partial(store.settings, tmp_path)


@contextmanager
def watching(data: Data, url: str, **changes: Any) -> Iterator[Visitor]:
    """The service with its watch on, its clock set by hand, and calls posted to this address."""
    settings = data(watch=True, watch_period=0.02, webhook_url=url, webhook_secret=SECRET, webhook_timeout=5, **changes)
    clock = Clock()
    with serving(settings, clock) as base, httpx.Client(base_url=base, timeout=60) as client:
        yield Visitor(client, clock)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def until(visitor: Visitor, true: Callable[[list[dict[str, Any]]], object], **query: Any) -> list[dict[str, Any]]:
    """The messages people see, as soon as they are as expected; those of the webhook."""
    end = monotonic() + PATIENCE
    while True:
        answer = visitor.client.get("/api/v1/duty/messages", params=query, headers=DISTRICT)
        assert answer.is_success, answer.text
        messages = [item for item in answer.json()["items"] if item["channel"] == "webhook"]
        if true(messages):
            return messages
        assert monotonic() < end, messages
        sleep(0.02)


DISTRICT = {"Bidao-Actor": "district-desk; role=district; scope=district-hecheng"}


def test_whoever_is_on_duty_is_told_in_words_that_name_no_resident(data: Data, receiver: Receiver) -> None:
    with watching(data, receiver.url) as visitor:
        case = visitor.report(**DAYLONG).json()["incident_id"]
        [landed] = receiver.wait(lambda posts: posts)
        assert is_signed(landed)
        assert (landed.data["incident_id"], landed.data["staff"], landed.data["about"]) == (case, OFFICER, "landed")
        assert landed.data["text"] == (
            f"【必到】一般事件，编号{case}，三角坪社区 床单厂小区网格：来件待办，2026-03-02 10:00到。"
        )
        visitor.ask(OFFICER, "take-action", {"note": "到场查看"}, case)
        visitor.clock.forward(20)
        _, yellow = receiver.wait(lambda posts: len(posts) == 2)
        number = visitor.read(f"/api/v1/incidents/{case}").json()["number"]
        assert yellow.data["text"] == (
            f"【必到】一般事件，案号{number}，三角坪社区 床单厂小区网格："
            "处置时限亮黄灯，2026-03-03 10:00到期，请抓紧办理。"
        )
        visitor.clock.forward(5)
        *_, red = receiver.wait(lambda posts: len(posts) == 3)
        assert "处置时限亮红灯，已于2026-03-03 10:00到期" in red.data["text"]
        everything = b"".join(post.body for post in receiver.posts).decode()
        assert not any(word in everything for word in (RESIDENT, "曾竹英", "13800000000", "化粪池"))


def test_a_receiver_that_is_down_gets_it_later_and_the_log_is_not_held_up(data: Data, receiver: Receiver) -> None:
    receiver.answers = answering(503)
    with watching(data, receiver.url) as visitor:
        visitor.report(**DAYLONG)
        [waiting] = until(visitor, lambda found: found and found[0]["tries"] == 1)
        assert (waiting["status"], waiting["trouble"], waiting["next_at"]) == (
            "pending",
            "status-503",
            "2026-03-02T02:00:01Z",
        )
        logged = visitor.client.get("/api/v1/duty/messages", params={"status": "delivered"}, headers=DISTRICT).json()
        assert [item["channel"] for item in logged["items"]] == ["log"]
        receiver.answers = answering(204)
        visitor.clock.forward(1 / 3600)
        [delivered] = until(visitor, lambda found: found and found[0]["status"] == "delivered")
        assert (delivered["tries"], delivered["trouble"], delivered["next_at"]) == (2, None, None)
    first, second = receiver.posts
    assert first.id == second.id == delivered["id"]


def test_what_cannot_be_delivered_becomes_a_dead_letter_for_people_to_see(data: Data, receiver: Receiver) -> None:
    receiver.answers = answering(None)
    with watching(data, receiver.url, message_tries=3) as visitor:
        case = visitor.report(**DAYLONG).json()["incident_id"]
        until(visitor, lambda found: found and found[0]["tries"] == 1)
        visitor.clock.forward(1 / 3600)
        until(visitor, lambda found: found and found[0]["tries"] == 2)
        visitor.clock.forward(2 / 3600)
        [dead] = until(visitor, lambda found: found, status="dead")
        assert (dead["incident_id"], dead["tries"], dead["trouble"]) == (case, 3, "unreachable")
        receiver.answers = answering(204)
        visitor.clock.forward(0.05)
        other = visitor.report(**DAYLONG).json()["incident_id"]
        until(visitor, lambda found: [item["incident_id"] for item in found] == [other], status="delivered")
        assert metric(visitor, "bidao_messages_total", channel="webhook", result="dead") == 1
        assert metric(visitor, "bidao_messages_total", channel="webhook", result="failed") == 2
        assert metric(visitor, "bidao_messages_total", channel="webhook", result="delivered") == 1
        assert metric(visitor, "bidao_watch_leader") == 1
        assert metric(visitor, "bidao_watch_pass_seconds_count") > 0
        assert metric(visitor, "bidao_commands_total", command="call-duty", outcome="changed") == 2
    assert len({post.id for post in receiver.posts}) == 2


def metric(visitor: Visitor, name: str, **labels: str) -> float:
    families = text_string_to_metric_families(visitor.client.get("/metrics").text)
    [sample] = [one for family in families for one in family.samples if one.name == name and one.labels == labels]
    return sample.value


def test_messages_are_for_district_admin_and_auditor_page_by_page(data: Data, receiver: Receiver) -> None:
    with watching(data, receiver.url) as visitor:
        for _ in range(3):
            visitor.report(**DAYLONG)
        until(visitor, lambda found: len(found) == 3, status="delivered")
        for actor, status in (
            ("district-desk", 200),
            ("auditor-wang", 200),
            ("secretary-sanjiaoping", 403),
            (OFFICER, 403),
        ):
            assert visitor.read("/api/v1/duty/messages", actor).status_code == status
        assert visitor.read("/api/v1/duty/messages", RESIDENT).status_code == 403
        assert visitor.client.get("/api/v1/duty/messages").status_code == 401
        page = visitor.read("/api/v1/duty/messages?limit=4").json()
        rest = visitor.read(f"/api/v1/duty/messages?limit=4&before={page['next']}").json()
        numbers = [item["nth"] for item in (*page["items"], *rest["items"])]
        assert numbers == sorted(numbers, reverse=True)
        assert len(set(numbers)) == 6
        assert rest["next"] is None
        assert visitor.read("/api/v1/duty/messages?status=lost").status_code == 422


def test_messages_that_cannot_be_read_now_can_be_asked_for_again(
    data: Data, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> list[Listed]:
        raise DatabaseUnavailable("full")

    with watching(data, receiver.url) as visitor:
        monkeypatch.setattr(Outbox, "listed", fail)
        answer = visitor.read("/api/v1/duty/messages")
        assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")
        assert int(answer.headers["Retry-After"]) > 0


def test_the_watch_goes_on_when_every_connection_was_cut(tmp_path: Path, receiver: Receiver, postgres_url: str) -> None:
    name = uuid4().hex
    store = Store("postgres", make_conninfo(postgres_url, application_name=name))
    with watching(partial(store.settings, tmp_path), receiver.url) as visitor:
        for _ in range(3):
            case = reported(visitor)
            receiver.wait(about(case))
            with psycopg.connect(postgres_url) as postgres:
                postgres.execute(CUT, (name,))
    ids = {(post.data["incident_id"], post.id) for post in receiver.posts}
    assert len(ids) == 3, "what was not known to have arrived came again under its own id"


def test_trouble_is_over_for_the_watch_at_its_next_look(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """However long it lasted; and it is logged once."""
    pass_once, failures = Chores.pass_once, list[int]()

    async def failing(chores: Chores, now: datetime) -> Tally:
        if len(failures) < 30:
            failures.append(1)
            raise DatabaseUnavailable("restarting")
        return await pass_once(chores, now)

    monkeypatch.setattr(Chores, "pass_once", failing)
    caplog.set_level("INFO", "bidao.watch")
    with watching(partial(settings_for, tmp_path), receiver.url) as visitor:
        receiver.wait(about(reported(visitor)))
    told = [record.getMessage() for record in caplog.records if record.name == "bidao.watch"]
    assert len([line for line in told if "tries again and again" in line]) == 1
    assert len([line for line in told if "goes on" in line]) == 1


def about(case: str) -> Callable[[list[Post]], bool]:
    """Whether the receiver heard of a case."""
    return lambda posts: any(post.data["incident_id"] == case for post in posts)


def test_who_lost_the_watch_to_another_process_stops_at_once(
    tmp_path: Path, receiver: Receiver, postgres_url: str
) -> None:
    name = f"test_{uuid4().hex}"
    data = partial(settings_for, tmp_path, database_schema=name)
    url = make_conninfo(postgres_url, application_name=name)
    with watching(partial(data, database_url=SecretStr(url)), receiver.url) as visitor:
        leads(visitor, 1)
        other = open_watch_leadership(data(database_url=SecretStr(postgres_url)))
        with psycopg.connect(postgres_url, autocommit=True) as postgres:
            while not other.take():
                postgres.execute(CUT, (name,))
        leads(visitor, 0)
        other.release()
        leads(visitor, 1)


def leads(visitor: Visitor, expected: float) -> None:
    end = monotonic() + PATIENCE
    while metric(visitor, "bidao_watch_leader") != expected:
        assert monotonic() < end
        sleep(0.02)


CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"


def reported(visitor: Visitor) -> str:
    """The id of a case, reported under the same key until the service says that it is."""
    again, end = {"Idempotency-Key": visitor.new_key()}, monotonic() + PATIENCE
    while (answer := visitor.ask(OFFICER, "report", {**REPORT, **DAYLONG}, headers=again)).status_code == 503:
        assert monotonic() < end, answer.text
        sleep(0.05)
    case: str = answer.json()["incident_id"]
    return case


def test_a_service_told_not_to_watch_does_not(data: Data, tmp_path: Path) -> None:
    with serving(data()) as base, httpx.Client(base_url=base) as client:
        visitor = Visitor(client, Clock())
        assert metric(visitor, "bidao_watch_leader") == 0
        assert visitor.read("/api/v1/duty/messages").json() == {"items": [], "next": None}
    assert not (tmp_path / "watch.lock").exists()
