"""Somebody at a service in trouble: asks, is told to ask again, and asks again with the same key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import sleep
from typing import Any

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.service import Service
from api.settings import Settings
from tests.api.visitor import Clock, Visitor
from tests.lives import OFFICER, REPORT
from tests.server import answering

Ask = Callable[[str], httpx.Response]
"""Sends one command with the idempotency key given."""
TRIES = 2000
COUNTED = ("reported", "arrived")


@dataclass
class Desk:
    """A client of a service; of one in this process a test may reach the insides."""

    visitor: Visitor
    app: FastAPI | None = None

    @property
    def service(self) -> Service:
        """The running service in this process."""
        assert self.app is not None
        service: Service = self.app.state.service
        return service

    def report(self, key: str) -> httpx.Response:
        return self.visitor.ask(OFFICER, "report", REPORT, headers={"Idempotency-Key": key})

    def arriving(self) -> Ask:
        """At a case of its own."""
        case = self.insist(self.report, self.visitor.new_key()).json()["incident_id"]
        return lambda key: self.visitor.ask(OFFICER, "arrive", {}, case, headers={"Idempotency-Key": key})

    def insist(self, ask: Ask, key: str) -> httpx.Response:
        """Ask until it is done. Raises `AssertionError` when it never is."""
        for _ in range(TRIES):
            if (answer := ask(key)).is_success:
                return answer
            told_to_wait(answer)
            sleep(0.02)
        raise AssertionError("the service did not recover")


def told_to_wait(answer: httpx.Response) -> None:
    """Assert that this is no answer but a clear word: not now, and when to ask again."""
    assert (answer.status_code, answer.json().get("code")) == (503, "store-unavailable"), answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"] == "application/problem+json"


@contextmanager
def desk(settings: Settings) -> Iterator[Desk]:
    """A service under these settings, until the block ends."""
    clock = Clock()
    app = create_app(settings, clock)
    with answering(app, settings) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield Desk(Visitor(client, clock), app)


def shown_once(visitor: Visitor) -> None:
    """The store has no gap, and the views count what the files tell of and nothing else."""
    after = patiently(visitor, "/readyz")["store_position"]
    files = [patiently(visitor, f"/api/v1/incidents/{case}/history")["events"] for case in cases(visitor, after)]
    told = [line["type"].removeprefix("incident.") for file in files for line in file]
    rows = patiently(visitor, f"/api/v1/views/workload?after={after}&by=district")["rows"]
    assert {name: sum(row[name] for row in rows) for name in COUNTED} == {name: told.count(name) for name in COUNTED}
    positions = sorted(line["position"] for file in files for line in file)
    assert positions == list(range(after - len(positions) + 1, after + 1)), "what else is stored came before all cases"


def cases(visitor: Visitor, after: int) -> list[str]:
    """The ids of all cases, as the docket shows them."""
    found: list[str] = []
    cursor = ""
    while True:
        page = patiently(visitor, f"/api/v1/incidents?limit=200&after={after}{cursor}")
        found += [item["incident_id"] for item in page["items"]]
        if not page["next"]:
            return found
        cursor = f"&cursor={page['next']}"


def patiently(visitor: Visitor, path: str) -> Any:
    """Read until there is an answer. Raises `AssertionError` when there never is."""
    for _ in range(TRIES):
        if (answer := visitor.read(path)).is_success:
            return answer.json()
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["Retry-After"]) > 0
        sleep(0.02)
    raise AssertionError("the service did not recover")
