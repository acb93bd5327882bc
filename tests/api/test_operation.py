"""What whoever runs the service sees of it: alive, ready, counted, logged, and a page that needs no network."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from uuid import uuid4

import httpx
from prometheus_client.parser import text_string_to_metric_families

from api.operation import BOOKS_OF_RULES
from tests.api.visitor import Clock, Visitor
from tests.lives import HANDLING, OFFICER, REPORT, REPORTED, RESIDENT
from tests.server import serving
from tests.stores import Store


def test_alive_and_ready(door: Visitor) -> None:
    assert door.client.get("/livez").json() == {"status": "alive"}
    position = door.report().json()["position"]
    ready = door.client.get("/readyz").json()
    assert ready["status"] == "ready"
    assert ready["following"]
    assert ready["store_position"] == position
    assert ready["lag"] == position - ready["views_position"]


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
