"""Response times, the cases behind them and whose hands they were in, as the door tells them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.test_views import SANJIAOPING, YUNJIAN, shown
from tests.api.visitor import Clock, Visitor, identity
from tests.lives import ASSIGNED, CLOSED, DISPATCHED, HANDLING, LATE, OFFICER, REPORTED, RESIDENT, SUSPENDED, Turn
from tests.server import serving
from tests.stores import Store

TIMES, CASES, HOLDING = (f"/api/v1/views/{view}" for view in ("response-times", "response-times/cases", "holding"))
VIEWS = (TIMES, CASES, HOLDING)
MEASURES = ("gross", "net", "worked", "worked_net")


@pytest.fixture(scope="module")
def service(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A service of its own, with cases in two grids."""
    clock = Clock()
    settings = store.settings(tmp_path_factory.mktemp("times"), wait_timeout=20)
    resumed = (*SUSPENDED, Turn(OFFICER, "resume", hours=30), Turn(OFFICER, "resolve"))
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        visitor = Visitor(client, clock)
        for life in (REPORTED, HANDLING, CLOSED, LATE, ASSIGNED, DISPATCHED, resumed):
            visitor.case(life)
        visitor.report("officer-zhang", grid=YUNJIAN)
        yield visitor


@pytest.mark.parametrize("stage", ["accept", "arrive", "resolve", "close"])
@pytest.mark.parametrize("by", ["all", "grid", "building", "street", "kind", "officer", "unit", "day", "week", "month"])
def test_every_row_leads_to_its_cases(service: Visitor, stage: str, by: str) -> None:
    told = shown(service, TIMES, stage=stage, by=by)
    exact = shown(service, TIMES, stage=stage, by=by, exact=True)
    assert told["rows"]
    for row, exactly in zip(told["rows"], exact["rows"], strict=True):
        page = service.client.get(row["cases"], headers=identity("district-desk")).json()
        assert page["count"] == row["n"] == len(page["items"])
        assert sum(case["on_time"] is True for case in page["items"]) == row["on_time"]
        assert {case["stage"] for case in page["items"]} == {stage}
        for measure in MEASURES:
            durations = [case[measure] for case in page["items"]]
            assert exactly[measure]["max"] == pytest.approx(max(durations), abs=0.01)
            assert row[measure]["max"] == pytest.approx(max(durations), rel=0.01, abs=1)


def test_gross_and_net_stand_side_by_side(service: Visitor) -> None:
    rows = [case for case in shown(service, CASES, stage="resolve")["items"] if case["gross"] != case["net"]]
    [suspended] = rows
    assert suspended["gross"] - suspended["net"] == pytest.approx(30 * 3600)
    assert (suspended["number"], suspended["stage_label"]) != (None, "")


def test_everybody_sees_the_cases_where_they_are_responsible(service: Visitor) -> None:
    assert {case["place"]["grid"] for case in shown(service, CASES, OFFICER, stage="accept")["items"]} == {SANJIAOPING}
    assert shown(service, CASES, "officer-zhang", stage="accept")["items"] == []
    assert shown(service, HOLDING, "officer-zhang")["rows"] == []


def test_cases_are_turned_page_by_page(service: Visitor) -> None:
    query: dict[str, Any] = {"stage": "accept", "limit": 2}
    seen: list[str] = []
    while page := shown(service, CASES, **query):
        seen += [case["incident_id"] for case in page["items"]]
        assert page["count"] == 6
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert len(seen) == len(set(seen)) == 6
    answer = service.client.get(CASES, params={**query, "stage": "close"}, headers=identity("district-desk"))
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-cursor")


def test_time_per_holder_and_nobody_can_be_ranked(service: Visitor) -> None:
    rows = shown(service, HOLDING, by="officer")["rows"]
    assert [row["key"] for row in rows] == sorted((row["key"] for row in rows), key=lambda key: key or "")
    assert all(row["seconds"] >= 0 for row in rows)
    answer = service.read(f"{HOLDING}?sort=seconds")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize("path", VIEWS)
@pytest.mark.parametrize("claim", [f"{RESIDENT}; role=resident", "somebody; role=street"])
def test_residents_and_staff_without_a_place_see_none(service: Visitor, path: str, claim: str) -> None:
    answer = service.client.get(path, headers={"Bidao-Actor": claim})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("path", VIEWS)
def test_what_has_not_moved_is_not_sent_again(service: Visitor, path: str) -> None:
    shown(service, path)
    tag = service.read(path).headers["ETag"]
    assert service.read(path, **{"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("path", VIEWS)
@pytest.mark.parametrize("query", ["stage=soon&by=no", "from_day=0", "limit=0&level=planet", "territory=nowhere"])
def test_a_query_that_does_not_fit(service: Visitor, path: str, query: str) -> None:
    answer = service.read(f"{path}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_the_clocks_of_a_case_say_in_whose_hands_it_was(door: Visitor) -> None:
    """And while only time goes by nothing is sent again."""
    case = door.case(DISPATCHED)
    path = f"/api/v1/incidents/{case}/clocks"
    answer = door.read(path)
    nobody, unit = answer.json()["holders"]
    assert (nobody["lead"], nobody["until"]) == (None, unit["since"])
    assert (unit["lead_name"], unit["until"], unit["level_label"]) != (None, None, None)
    assert unit["until"] is None
    assert nobody["seconds"] > 0
    door.clock.forward(hours=1 / 60)
    assert door.read(path, **{"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert door.read(path).json()["holders"][1]["seconds"] == unit["seconds"] + 60
