"""The primary is lost, kill -9 of all of it; its standby is promoted and the service goes on, at the same address."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from api.settings import Settings
from tests.api.visitor import Clock, Visitor
from tests.backup.operating import bidao
from tests.backup.replica import Pair, pair
from tests.lives import REPORT
from tests.server import serving, settings_for

PATIENCE = 60.0
Answers = dict[str, Any]
"""Idempotency key → the receipt it was answered with."""


@pytest.fixture
def servers() -> Iterator[Pair]:
    with pair() as both:
        yield both


def settings_of(servers: Pair, folder: Path) -> Settings:
    """A service told of both servers, that uses whichever takes writes."""
    return settings_for(folder, database_url=SecretStr(servers.url), wait_timeout=30)


def asked(visitor: Visitor, key: str) -> httpx.Response:
    return visitor.ask("officer-ge", "report", REPORT, headers={"Idempotency-Key": key})


def report_until(stop: Event, visitor: Visitor, told: Answers, in_doubt: set[str]) -> None:
    """Report case after case; what was not answered with a receipt is in doubt."""
    while not stop.is_set():
        key = visitor.new_key()
        answer = asked(visitor, key)
        if answer.is_success:
            told[key] = answer.json()
        else:
            assert answer.status_code == 503, answer.text
            in_doubt.add(key)
            sleep(0.05)


def insist(visitor: Visitor, key: str) -> Any:
    """As a front end does: the same command again until it is answered."""
    began = monotonic()
    while not (answer := asked(visitor, key)).is_success:
        assert answer.status_code == 503, answer.text
        assert monotonic() - began < PATIENCE, answer.text
        sleep(0.1)
    return answer.json()


def stored(url: str) -> list[tuple[Any, ...]]:
    """Every event by position, stream and version."""
    with psycopg.connect(url) as connection:
        query = "SELECT notification_id, originator_id, originator_version FROM stored_events ORDER BY 1"
        return connection.execute(query).fetchall()


def test_no_acknowledged_command_is_lost_with_the_primary(servers: Pair, tmp_path: Path) -> None:
    told, in_doubt, stop = Answers(), set[str](), Event()
    with (
        serving(settings_of(servers, tmp_path), Clock()) as url,
        httpx.Client(base_url=url, timeout=60) as client,
        ThreadPoolExecutor(4) as others,
    ):
        visitor = Visitor(client, Clock())
        insist(visitor, "before-anything")
        servers.synchronize()
        writing = [others.submit(report_until, stop, visitor, told, in_doubt) for _ in range(4)]
        while len(told) < 100:
            sleep(0.01)
        servers.lose_primary()
        servers.promote()
        again = insist(visitor, "after-the-loss")
        stop.set()
        for thread in writing:
            thread.result()
        for key, receipt in told.items():
            assert insist(visitor, key) == receipt, "an acknowledged command is lost, or written twice"
        for key in in_doubt:
            assert insist(visitor, key) == insist(visitor, key)
        assert visitor.read(f"/api/v1/incidents?after={again['position']}").is_success
    kept = stored(servers.standby)
    assert [position for position, *_ in kept] == list(range(1, len(kept) + 1))
    reported = {receipt["incident_id"] for receipt in told.values()}
    opened = [str(stream) for _, stream, version in kept if version == 1]
    assert reported <= set(opened)
    assert len(opened) == len(set(opened))


def test_without_synchronous_replication_one_can_be(servers: Pair, tmp_path: Path) -> None:
    """The control: an acknowledged command that had not come to the standby is gone with the primary."""
    with (
        serving(settings_of(servers, tmp_path), Clock()) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        visitor = Visitor(client, Clock())
        insist(visitor, "came-over")
        with psycopg.connect(servers.primary) as connection:
            [[here]] = connection.execute("SELECT max(notification_id) FROM stored_events").fetchall()
        began = monotonic()
        while stored(servers.standby)[-1][0] < here and monotonic() - began < PATIENCE:
            sleep(0.02)
        servers.part()
        lost = asked(visitor, "never-came-over")
        assert lost.is_success
        servers.lose_primary()
        servers.promote()
        assert insist(visitor, "came-over")["position"] <= here
        streams = {str(stream) for _, stream, _ in stored(servers.standby)}
        assert lost.json()["incident_id"] not in streams


def test_a_backup_is_taken_from_the_standby_and_asks_nothing_of_the_primary(servers: Pair, tmp_path: Path) -> None:
    settings = settings_of(servers, tmp_path)
    with serving(settings, Clock()) as url, httpx.Client(base_url=url, timeout=60) as client:
        insist(Visitor(client, Clock()), "to-be-saved")
    servers.lose_primary()
    standby = settings.model_copy(update={"database_url": SecretStr(servers.standby)})
    told = bidao(standby, "backup", tmp_path / "x.zip")
    assert told.exit_code == 0, told.output
    assert "逐条检查无误" in told.output
