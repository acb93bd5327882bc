"""Whatever goes wrong is told in one way: RFC 9457, a stable code, Chinese words, nothing of what was sent."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest

from api.metrics import Metrics
from api.opening import open_case_files
from domain.incident.commands import BY_NAME
from tests.api.visitor import Clock, Visitor, identity
from tests.casework.stores import event
from tests.lives import ACCEPTED, OFFICER, REPORT, REPORTED
from tests.server import serving, settings_for
from tests.stores import Store

JSON = {"Content-Type": "application/json"}


def told(answer: httpx.Response, status: int, code: str) -> httpx.Response:
    """Assert that the answer is this problem, well formed."""
    body = answer.json()
    assert (answer.status_code, body["code"], body["status"]) == (status, code, status), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert body["type"] == f"urn:bidao:problem:{code}"
    assert body["title"]
    assert body["detail"]
    return answer


def test_an_unknown_path(door: Visitor) -> None:
    for path in ("/nowhere", "/api/v1/incidents/", "/api/v2/incidents", "/docs/assets/none.js"):
        told(door.client.get(path), 404, "unknown-path")
    told(door.ask(OFFICER, "explode", {}, door.case(REPORTED)), 404, "unknown-path")


def test_a_method_that_is_not_served(door: Visitor) -> None:
    case = door.case(REPORTED)
    answer = told(door.client.put("/api/v1/incidents", json={}), 405, "method-not-allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "POST"}
    assert told(door.client.get(f"/api/v1/incidents/{case}/accept"), 405, "method-not-allowed").headers["Allow"]
    assert told(door.client.delete(f"/api/v1/incidents/{case}"), 405, "method-not-allowed").headers["Allow"] == "GET"


@pytest.mark.parametrize("case", ["00000000-0000-4000-8000-000000000000", "1", "葛岳辉", "%00", "a" * 5000])
def test_a_case_that_is_not_there(door: Visitor, case: str) -> None:
    told(door.ask(OFFICER, "arrive", {}, case), 404, "not-found")
    told(door.read(f"/api/v1/incidents/{case}"), 404, "not-found")
    told(door.read(f"/api/v1/incidents/{case}/history"), 404, "not-found")


UNREADABLE = {
    "empty": b"",
    "cut off": b"{",
    "GBK": b'{"note": "\xc9\xcf\xc3\xc5"}',
    "UTF-16": '{"note": "上门"}'.encode("utf-16"),
    "half a character": b'{"note": "\\ud800"}',
    "too deep": b"[" * 30_000,
    "two documents": b'{"note": "1"} {}',
}


@pytest.mark.parametrize("how", UNREADABLE)
def test_a_body_that_cannot_be_read(door: Visitor, how: str) -> None:
    answer = door.ask(OFFICER, "arrive", case=door.case(REPORTED), headers=JSON, content=UNREADABLE[how])
    told(answer, 400, "malformed")


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk", "nonsense"]
)
def test_a_body_of_another_kind(door: Visitor, kind: str | None) -> None:
    answer = door.ask(OFFICER, "report", headers={"Content-Type": kind}, content=b"{}")
    told(answer, 415, "unsupported-media-type")


def test_a_body_that_is_too_large(door: Visitor) -> None:
    before = door.stored()
    large = {**REPORT, "description": "水" * 30_000}
    told(door.ask(OFFICER, "report", large), 413, "body-too-large")
    told(door.ask(OFFICER, "report", headers=JSON, content=(b" " * 10_000 for _ in range(10))), 413, "body-too-large")
    assert door.stored() == before


def test_a_body_that_does_not_arrive_is_not_waited_for(tmp_path: Path) -> None:
    """Some of it is sent, then nothing."""
    with serving(settings_for(tmp_path, body_timeout=0.2)) as url:
        at = urlsplit(url)
        headers = {**identity(OFFICER), "Idempotency-Key": "k", **JSON, "Content-Length": "1000"}
        head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": at.netloc, **headers}.items())
        with socket.create_connection((at.hostname or "", at.port or 0)) as slow:
            slow.sendall(f"POST /api/v1/incidents HTTP/1.1\r\n{head}\r\n{{".encode())
            answer = b"".join(iter(lambda: slow.recv(65_536), b"")).decode()  # to the end: the connection is closed
    assert answer.startswith("HTTP/1.1 408")
    assert json.loads(answer.partition("\r\n\r\n")[2])["code"] == "body-too-slow"


def test_a_body_of_the_wrong_shape_is_told_field_by_field(door: Visitor) -> None:
    wrong = {
        **REPORT,
        "urgency": "1",
        "category": "一二",
        "colour": "red",
        "occurred_at": "2026-03-01T08:00:00",
        "began_at": 1700000000,
        "also_grids": "grid-yunjian-3",
        "reporter": {"name": "", "phone": "电话"},
        "on_behalf_of": {"name": "某某", "guardian": {"phone": None}},
    }
    del wrong["source"]
    answer = told(door.ask(OFFICER, "report", wrong), 422, "invalid")
    faults = {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]}
    assert faults["#/urgency"] == "应为整数。"
    assert faults["#/source"] == "缺少必填项。"
    assert faults["#/colour"] == "没有这一项，请删去或核对名称。"
    assert faults["#/occurred_at"].startswith("时间须带时区")
    assert faults["#/reporter/name"] == "不能为空，至少 1 个字。"
    assert faults["#/on_behalf_of/guardian/name"] == "缺少必填项。"
    assert {"#/category", "#/began_at", "#/also_grids", "#/reporter/phone"} <= faults.keys()


def test_a_time_in_the_future_and_an_unknown_grid_are_refused_by_their_rules(door: Visitor) -> None:
    later = {"occurred_at": "2199-01-01T00:00:00+08:00"}
    answer = told(door.ask(OFFICER, "arrive", later, door.case(REPORTED)), 409, "refused")
    assert answer.json()["rule"] == "not-in-future"
    assert told(door.report(grid="grid-nowhere"), 409, "refused").json()["rule"] == "grid-known"


@pytest.mark.parametrize("query", ["as_of=yesterday", "as_of=2026-03-01T08:00:00", "as_of_version=0", "colour=red"])
def test_a_parameter_that_does_not_fit(door: Visitor, query: str) -> None:
    answer = told(door.read(f"/api/v1/incidents/{door.case(REPORTED)}?{query}"), 422, "invalid")
    assert answer.json()["errors"][0]["parameter"] == query.split("=", maxsplit=1)[0]


def test_a_store_that_fails_is_503_and_the_retry_succeeds(lasting_store: Store, tmp_path: Path) -> None:
    settings = lasting_store.settings(tmp_path)
    with serving(settings, Clock()) as url, httpx.Client(base_url=url, timeout=60) as client:
        visitor = Visitor(client, Clock())
        key = {"Idempotency-Key": "once"}
        case = visitor.case(REPORTED)
        with lasting_store.owner_of(settings) as order:
            order("ALTER TABLE stored_events RENAME TO mislaid")
            for answer in (
                visitor.ask(OFFICER, "arrive", {}, case, headers=key),
                visitor.read(f"/api/v1/incidents/{case}"),
                client.get("/readyz"),
            ):
                assert told(answer, 503, "store-unavailable").headers["Retry-After"]
                asked_with_a_key = "Idempotency-Key" in answer.request.headers
                assert ("幂等键" in answer.json()["detail"]) is asked_with_a_key, "only what has a key is told of it"
            order("ALTER TABLE mislaid RENAME TO stored_events")
        assert visitor.ask(OFFICER, "arrive", {}, case, headers=key).json()["version"] == 3


def test_an_unexpected_error_tells_nothing_of_itself(lasting_store: Store, tmp_path: Path) -> None:
    settings = lasting_store.settings(tmp_path)
    with serving(settings, Clock()) as url, httpx.Client(base_url=url, timeout=60) as client:
        visitor = Visitor(client, Clock())
        case = visitor.case(ACCEPTED)
        with closing(open_case_files(settings)) as files:
            files.store.insert_events([event(UUID(case), 3, '{"secret": "曾竹英"}'.encode())])
        answer = told(client.get(f"/api/v1/incidents/{case}", headers=identity("district-desk")), 500, "unexpected")
        assert "Traceback" not in answer.text
        assert "曾竹英" not in answer.text
        assert answer.headers["X-Request-Id"]
        assert client.get("/livez").status_code == 200


def test_every_command_tells_what_it_lacks(door: Visitor) -> None:
    """What is required is said by name, for every command that requires something."""
    case = door.case(REPORTED)
    for name, command in BY_NAME.items():
        required = {f"#/{field}" for field, info in command.model_fields.items() if info.is_required()}
        answer = door.ask(OFFICER, name, {}, case)
        if required:
            assert {fault["pointer"] for fault in told(answer, 422, "invalid").json()["errors"]} == required
        else:
            assert answer.status_code in (200, 409)


def test_the_metrics_say_whether_the_store_answers() -> None:
    metrics = Metrics()
    metrics.positions(7, 5)
    assert metrics.registry.get_sample_value("bidao_store_up") == 1
    metrics.unanswered()
    assert metrics.registry.get_sample_value("bidao_store_up") == 0
    assert metrics.registry.get_sample_value("bidao_store_position") == 7
