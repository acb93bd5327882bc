"""疑似重复 at the door: offered with the receipt, asked for without a trace, listed in clusters; never merged."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api import offering
from api.app import create_app
from api.settings import Settings
from domain.casework.books import RULES
from projections.alike import Alike
from tests.api.visitor import Clock, Visitor, identity
from tests.lives import OFFICER, REPORT, RESIDENT, SECRETARY
from tests.rules.test_cells import HUAIHUA, gone
from tests.server import serving
from tests.stores import Store

YUNJIAN = "grid-yunjian-3"
PAGE = "/api/v1/views/clusters"


@pytest.fixture
def service(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    """A service with no case in it, and with time to look for what is alike however busy the machine is."""
    monkeypatch.setattr(offering, "LONGEST", 20)
    monkeypatch.setattr(offering, "FOLLOWED", 20)
    clock = Clock()
    settings = store.settings(tmp_path, wait_timeout=20)
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield Visitor(client, clock)


def at(metres: float, crs: str = "gcj02") -> dict[str, Any]:
    """So far east of the place all is about, as JSON."""
    point = gone(HUAIHUA, metres, 90)
    return {"longitude": point.longitude, "latitude": point.latitude, "crs": crs}


def report(visitor: Visitor, metres: float, actor: str = OFFICER, **changes: Any) -> dict[str, Any]:
    """The receipt of a report; by then the views have seen it."""
    receipt = receipt_of(visitor, metres, actor, **changes)
    visitor.read(f"/api/v1/incidents?limit=1&after={receipt['position']}")
    return receipt


def receipt_of(visitor: Visitor, metres: float, actor: str = OFFICER, **changes: Any) -> dict[str, Any]:
    answer = visitor.report(actor, position=at(metres), **changes)
    assert answer.status_code == 201, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def told(visitor: Visitor, path: str, actor: str = "district-desk") -> dict[str, Any]:
    answer = visitor.read(f"{path}?after={visitor.stored()}", actor)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [case["incident_id"] for case in found["items"]]


def find(visitor: Visitor, actor: str = OFFICER, **body: Any) -> httpx.Response:
    sent = {"category": "0101", **body}
    return visitor.client.post("/api/v1/alike", json=sent, headers=identity(actor))


def test_a_receipt_offers_what_was_reported_nearby(service: Visitor) -> None:
    first = report(service, 0)
    assert first["alike"] == []
    far, near = report(service, 200), report(service, 30)
    assert far["alike"] == []
    [offered] = near["alike"]
    assert (offered["incident_id"], offered["metres"], offered["same_building"]) == (first["incident_id"], 30, False)
    assert (offered["stage_label"], offered["number"]) == ("待受理", None)
    for receipt in (first, near):
        case = service.read(f"/api/v1/incidents/{receipt['incident_id']}").json()
        assert (case["stage"], case["duplicates"]) == ("reported", []), "nothing is merged by itself"


def test_of_reports_back_to_back_none_is_missed(service: Visitor) -> None:
    """The views follow a moment later: the offer waits for them, as long as it may."""
    receipts = [receipt_of(service, metres) for metres in range(8)]
    before: list[str] = []
    for receipt in receipts:
        assert {case["incident_id"] for case in receipt["alike"]} == set(before)
        before.append(receipt["incident_id"])


def test_the_same_report_sent_again_does_not_offer_itself(service: Visitor) -> None:
    body, headers = {**REPORT, "position": at(0)}, {"Idempotency-Key": "twice"}
    receipts = [service.ask(OFFICER, "report", body, headers=headers).json() for _ in range(2)]
    assert receipts[0] == receipts[1]
    assert receipts[0]["alike"] == []


def test_a_case_lists_what_is_like_it_nearest_first(service: Visitor) -> None:
    cases = [report(service, metres)["incident_id"] for metres in (0, 45, 10, 90)]
    found = told(service, f"/api/v1/incidents/{cases[0]}/alike")
    assert (ids(found), [case["metres"] for case in found["items"]]) == ([cases[2], cases[1]], [10, 45])
    assert found["capped"] is False


def test_what_was_merged_is_a_question_no_more(service: Visitor) -> None:
    primary, duplicate = (report(service, metres)["incident_id"] for metres in (0, 5))
    assert [cluster["count"] for cluster in told(service, PAGE)["clusters"]] == [2]
    merged = service.ask(SECRETARY, "merge", {"into": primary, "reason": "同一处"}, duplicate)
    assert merged.is_success, merged.text
    assert ids(told(service, f"/api/v1/incidents/{primary}/alike")) == []
    assert told(service, PAGE)["clusters"] == []
    assert report(service, 0)["alike"][0]["incident_id"] == primary


def test_before_reporting_one_may_look(service: Visitor, log: io.StringIO) -> None:
    there = report(service, 20)["incident_id"]
    stored = service.stored()
    found = find(service, position=at(0))
    assert (found.status_code, ids(found.json())) == (200, [there])
    assert found.headers["Cache-Control"] == "no-store"
    assert find(service, position=at(0, "wgs84")).json() == {"items": [], "capped": False}
    assert find(service, category="0102", position=at(0)).json()["items"] == []
    assert find(service).json()["items"] == []
    assert service.stored() == stored, "asking leaves no trace in the store"
    assert "/api/v1/alike" in log.getvalue()
    assert str(HUAIHUA.longitude) not in log.getvalue(), "and none of the place in the log"


def test_no_position_goes_into_an_address() -> None:
    """Positions are personal data (PIPL): no parameter of any operation takes one."""
    described = create_app(Settings()).openapi()
    named = {
        parameter["name"]
        for operations in described["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", ())
    }
    assert not named & {"longitude", "latitude", "position", "lng", "lat", "lon", "crs"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"category": "垃圾"}, "#/category"),
        ({"position": {"longitude": 200, "latitude": 27, "crs": "gcj02"}}, "#/position/longitude"),
        ({"position": {"longitude": 110, "latitude": 27}}, "#/position/crs"),
        ({"grid": "grid-chuangdan-1"}, "#/grid"),
    ],
)
def test_what_does_not_fit_is_told_where(service: Visitor, body: dict[str, Any], pointer: str) -> None:
    answer = find(service, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_a_colleague_across_the_border_is_offered_what_is_alike_and_no_more(service: Visitor) -> None:
    """A brief names nobody, and a grid's border runs through the middle of a street."""
    here = report(service, 0)["incident_id"]
    there = report(service, 5, "officer-zhang", grid=YUNJIAN)
    assert ids({"items": there["alike"]}) == [here]
    assert ids(find(service, "officer-zhang", position=at(0)).json()) == [here, there["incident_id"]]
    assert ids(told(service, f"/api/v1/incidents/{there['incident_id']}/alike", "officer-zhang")) == [here]
    listed = service.read("/api/v1/incidents?alike=true", "officer-zhang").json()["items"]
    assert [(row["incident_id"], row["alike"]) for row in listed] == [(there["incident_id"], 1)]
    assert told(service, PAGE, "officer-zhang")["clusters"] == []
    for path in ("", "/alike"):
        assert service.read(f"/api/v1/incidents/{here}{path}", "officer-zhang").status_code == 404
    assert [cluster["count"] for cluster in told(service, PAGE)["clusters"]] == [2], "the district sees both"


def test_residents_are_told_of_no_other_case(service: Visitor) -> None:
    case = report(service, 0)["incident_id"]
    assert report(service, 1, RESIDENT)["alike"] == []
    assert find(service, RESIDENT, position=at(0)).status_code == 403
    assert service.read(PAGE, RESIDENT).status_code == 403
    assert service.read(f"/api/v1/incidents/{case}/alike", RESIDENT).status_code == 403


def test_answers_are_tagged_and_wait_for_what_was_just_written(service: Visitor) -> None:
    case = report(service, 0)
    for path in (PAGE, f"/api/v1/incidents/{case['incident_id']}/alike"):
        first = service.read(f"{path}?after={case['position']}")
        again = service.read(path, **{"If-None-Match": first.headers["ETag"]})
        assert (first.status_code, again.status_code) == (200, 304)
        assert service.read(f"{path}?after={10**9}").status_code == 422
    assert service.read("/api/v1/incidents/00000000-0000-4000-8000-000000000000/alike").status_code == 404


def test_a_tag_does_not_outlive_the_rule_table(service: Visitor) -> None:
    """From a moment on cases further apart are alike: nothing was written, and the answer is another."""
    case = report(service, 0)["incident_id"]
    report(service, 100)
    valid_from = (service.clock.now + timedelta(hours=1)).isoformat()
    table = {**RULES.model_dump(mode="json"), "version": "rules-wider", "alike_metres": 500, "valid_from": valid_from}
    assert service.enact("books", "adopt-rule-table", {"table": table}).is_success
    after = f"?after={service.stored()}"
    paths = (PAGE + after, f"/api/v1/incidents/{case}/alike{after}")
    before = {path: service.read(path) for path in paths}
    for path, first in before.items():
        assert service.read(path, **{"If-None-Match": first.headers["ETag"]}).status_code == 304
    service.clock.forward(2)
    for path, first in before.items():
        then = service.read(path, **{"If-None-Match": first.headers["ETag"]})
        assert then.status_code == 200
        assert then.json() != first.json()


def test_clusters_are_narrowed_and_limited(service: Visitor) -> None:
    pairs = [report(service, metres, category=category) for category in ("0101", "0102") for metres in (0, 9)]
    found = told(service, PAGE)["clusters"]
    assert [(cluster["category"], cluster["count"]) for cluster in found] == [("0102", 2), ("0101", 2)]
    assert {case["incident_id"] for cluster in found for case in cluster["cases"]} == {
        receipt["incident_id"] for receipt in pairs
    }
    for query, count in (
        ("limit=1", 1),
        ("category=0101", 1),
        ("territory=grid-chuangdan-1", 2),
        ("territory=street-tuoyuan", 0),
    ):
        assert len(service.read(f"{PAGE}?{query}").json()["clusters"]) == count


@pytest.mark.parametrize("slow", [True, False], ids=["too slow", "broken"])
def test_a_report_is_stored_and_answered_whatever_becomes_of_the_offer(
    service: Visitor, monkeypatch: pytest.MonkeyPatch, slow: bool
) -> None:
    report(service, 0)

    monkeypatch.setattr(offering, "LONGEST", 0.1)

    def failing(*_: Any) -> Alike:
        if slow:
            time.sleep(3 * offering.LONGEST)
            return Alike(items=(), capped=True)
        raise RuntimeError("the views are gone")

    monkeypatch.setattr(offering, "alike", failing)
    before = service.stored()
    answer = service.report(position=at(1))
    assert (answer.status_code, answer.json()["alike"]) == (201, [])
    assert service.stored() == before + 1
