"""What whoever runs the service sees of it: alive, ready, counted, logged, and a page that needs no network."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.findings import followed
from api.opening import open_case_files
from api.operation import BOOKS_OF_RULES
from projections.engine import Standing
from tests.api.visitor import Clock, Visitor
from tests.lives import HANDLING, OFFICER, REPORT, REPORTED, RESIDENT
from tests.server import serving
from tests.stores import Store, store_named


def test_alive_and_ready(door: Visitor) -> None:
    assert door.client.get("/livez").json() == {"status": "alive"}
    position = door.report().json()["position"]
    ready = door.client.get("/readyz").json()
    assert ready["status"] == "ready"
    assert ready["following"]
    assert ready["store_position"] == position
    assert ready["lag"] == position - ready["views_position"]


@pytest.mark.parametrize(
    ("views", "fine", "sentence"),
    [
        (Standing(5, kept=True), True, "视图已跟到第5条，共5条"),
        (Standing(5, kept=None), True, "视图已跟到第5条，共5条"),
        (Standing(5, kept=False), True, "没有进程在维护：请启动服务并打开 BIDAO_FOLLOW，或运行 bidao follow"),
        (Standing(4, kept=False), False, "没有进程在维护：请启动服务并打开 BIDAO_FOLLOW，或运行 bidao follow"),
        (Standing(4, kept=None), False, "共5条：请启动服务并打开 BIDAO_FOLLOW，或运行 bidao follow"),
        (Standing(4, kept=True), False, "有进程在维护：请稍后再查，仍不前进请看它的日志"),
    ],
)
def test_the_doctor_says_what_to_do_for_views_that_stand_still(views: Standing, fine: bool, sentence: str) -> None:
    finding = followed(views, 5)
    assert finding.fine is fine
    assert finding.sentence.endswith(sentence)


def test_of_two_workers_one_keeps_the_views_and_the_other_says_that_it_waits(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    settings = store_named("postgres", request).settings(tmp_path)
    open_case_files(settings).close()
    environment = {
        "BIDAO_DATABASE_URL": settings.postgres or "",
        "BIDAO_DATABASE_SCHEMA": settings.database_schema,
    }
    with working(tmp_path, environment) as one:
        assert "视图从第0条事件起由本进程维护" in one.said()
        with working(tmp_path, environment) as other:
            assert "待命：视图由别的进程维护" in other.said()
            one.process.kill()
            assert "由本进程维护" in other.said()


@dataclass(frozen=True, slots=True)
class Worker:
    """`bidao follow` in a process of its own."""

    process: subprocess.Popen[str]

    def said(self) -> str:
        """Its next line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@contextmanager
def working(data: Path, environment: dict[str, str]) -> Iterator[Worker]:
    with subprocess.Popen(
        [sys.executable, "-m", "api", "follow", "--data", str(data)],
        env={**os.environ, **environment, "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield Worker(process)
        finally:
            process.kill()


def test_the_rule_book_is_public(door: Visitor) -> None:
    book = door.client.get("/api/v1/rules").json()
    every = {rule.id: rule.sentence for rules in BOOKS_OF_RULES for rule in rules.values()}
    assert {entry["rule"]: entry["sentence"] for entry in book} == every


def counted(door: Visitor) -> dict[tuple[str, str], float]:
    """The counter of commands, by name and outcome."""
    families = text_string_to_metric_families(door.client.get("/metrics").text)
    samples = [sample for family in families for sample in family.samples if sample.name == "bidao_commands_total"]
    return {(sample.labels["command"], sample.labels["outcome"]): sample.value for sample in samples}


def test_commands_are_counted_by_name_and_outcome(door: Visitor) -> None:
    case = door.case(HANDLING)
    before = counted(door)
    door.ask(OFFICER, "escalate", {"to": "community"}, case)
    door.ask(OFFICER, "escalate", {"to": "grid"}, case)
    door.ask(OFFICER, "escalate", {"to": "moon"}, case)
    door.ask(OFFICER, "accept", {}, case)
    after = counted(door)
    grown = {key for key, value in after.items() if value > before.get(key, 0)}
    assert grown == {("escalate", "changed"), ("escalate", "refused"), ("escalate", "invalid"), ("accept", "unchanged")}


def test_metrics_name_no_case_and_no_person(door: Visitor) -> None:
    case = door.case(REPORTED)
    door.read(f"/api/v1/incidents/{case}", RESIDENT)
    door.client.get(f"/nowhere/{case}")
    answer = door.client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    text = answer.text
    assert 'route="/api/v1/incidents/{incident_id}"' in text
    assert 'route="unmatched"' in text
    assert re.search(r"^bidao_store_position [1-9]", text, re.MULTILINE)
    assert "bidao_views_lag_events" in text
    assert case not in text
    assert RESIDENT not in text
    assert OFFICER not in text


def test_a_request_keeps_its_id(door: Visitor, log: io.StringIO) -> None:
    given = str(uuid4())
    answer = door.ask(OFFICER, "report", REPORT, headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] == given
    case = answer.json()["incident_id"]
    door.read(f"/api/v1/incidents/{case}")
    first, second = [json.loads(line) for line in log.getvalue().splitlines()]
    assert first == {
        "event": "request",
        "method": "POST",
        "route": "/api/v1/incidents",
        "status": 201,
        "outcome": "changed",
        "request_id": given,
        "actor": OFFICER,
        "level": "info",
        "logger": "bidao.request",
        "milliseconds": first["milliseconds"],
        "timestamp": first["timestamp"],
    }
    assert (second["method"], second["route"]) == ("GET", "/api/v1/incidents/{incident_id}")
    assert second["request_id"] != given


def test_an_id_that_is_no_id_is_replaced(door: Visitor) -> None:
    for given in ("13800000000", "", "x" * 500, "a\tb"):
        answer = door.client.get("/livez", headers={"X-Request-Id": given})
        assert answer.headers["X-Request-Id"] != given
        assert len(answer.headers["X-Request-Id"]) == 36


class Links(HTMLParser):
    """Every address a page loads something from."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("src", "href") and value]


def test_the_docs_need_no_outside_network(door: Visitor) -> None:
    assert door.client.get("/").headers["Location"] == "/docs"
    page = door.client.get("/docs")
    assert "://" not in page.text
    links = Links(page.text).found
    assert len(links) == 3
    for link in links:
        asset = door.client.get(link)
        assert asset.status_code == 200, link
        assert len(asset.content) > 1000
    script = door.client.get(next(link for link in links if link.endswith(".js"))).text
    assert re.search(r'PACKAGE_VERSION:"[5-9]', script), "older pages do not know OpenAPI 3.1"
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert "'/openapi.json'" in page.text or '"/openapi.json"' in page.text
    assert door.client.get("/redoc").status_code == 404


def test_a_restart_keeps_what_was_acknowledged(lasting_store: Store, tmp_path: Path) -> None:
    settings, clock = lasting_store.settings(tmp_path), Clock()
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=60) as client:
        case = Visitor(client, clock).case(HANDLING)
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=60) as client:
        visitor = Visitor(client, clock)
        assert visitor.read(f"/api/v1/incidents/{case}").json()["version"] == 3
        assert visitor.ask(OFFICER, "escalate", {"to": "community"}, case, headers={"If-Match": '"3"'}).is_success
