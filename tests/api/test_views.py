"""The docket and the figures: each sees what lies where they are responsible, and what they just did."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.visitor import Clock, Visitor, identity
from tests.lives import ACCEPTED, CLOSED, HANDLING, OFFICER, REPORTED, RESIDENT
from tests.server import serving, settings_for
from tests.stores import Store

VIEWS = ("/api/v1/incidents", "/api/v1/views/workload", "/api/v1/views/response-times")
SANJIAOPING, YUNJIAN = "grid-chuangdan-1", "grid-yunjian-3"


@pytest.fixture(scope="module")
def service(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A service of its own, with five cases in one grid and one in another."""
    clock = Clock()
    settings = store.settings(tmp_path_factory.mktemp("views"), wait_timeout=20, page_size=4)
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        visitor = Visitor(client, clock)
        for life in (REPORTED, REPORTED, HANDLING, HANDLING, CLOSED):
            visitor.case(life)
        visitor.report("officer-zhang", grid=YUNJIAN)
        yield visitor


def shown(visitor: Visitor, path: str, actor: str = "district-desk", **query: Any) -> dict[str, Any]:
    """A view that has caught up with everything stored."""
    answer = visitor.client.get(path, params={**query, "after": visitor.stored()}, headers=identity(actor))
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_the_docket_lists_and_counts(service: Visitor) -> None:
    page = shown(service, VIEWS[0])
    assert page.keys() == {"items", "next", "count", "capped"}
    assert (page["count"], page["capped"], len(page["items"])) == (6, False, 4)
    newest = page["items"][0]
    assert (newest["place"]["grid"], newest["stage_label"], newest["kind_label"]) == (YUNJIAN, "待受理", "突发事件")


def test_the_docket_is_turned_page_by_page(service: Visitor) -> None:
    seen: list[str] = []
    query: dict[str, Any] = {"sort": "reported_at"}
    while page := shown(service, VIEWS[0], **query):
        seen += [row["incident_id"] for row in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert len(seen) == len(set(seen)) == 6


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"territory": SANJIAOPING}, 5),
        ({"territory": "street-tuoyuan"}, 1),
        ({"stage": "reported"}, 3),
        ({"stage": ["reported", "closed"]}, 4),
        ({"open": "false"}, 1),
        ({"kind": "dispute"}, 0),
        ({"kind": "emergency", "territory": YUNJIAN, "stage": "reported"}, 1),
        ({"urgency": 1, "reported_from": "2026-03-02T00:00:00+08:00"}, 6),
        ({"territory": "city-huaihua"}, 6),
    ],
)
def test_the_docket_is_filtered(service: Visitor, query: dict[str, Any], count: int) -> None:
    assert shown(service, VIEWS[0], **query)["count"] == count


@pytest.mark.parametrize(
    ("asked", "count"),
    [("三角坪社区", 5), ("云箭　待受理", 1), ("坨院街道 一般事件", 0), ("已结案", 1), ("怀化市", 6), ("20260302", 3)],
)
def test_the_docket_is_searched(service: Visitor, asked: str, count: int) -> None:
    page = shown(service, VIEWS[0], q=asked)
    assert (page["count"], [word["count"] > 0 for word in page["words"]]) == (count, [True] * len(asked.split()))


def test_a_word_that_is_nothings_name_is_told(service: Visitor) -> None:
    page = shown(service, VIEWS[0], q="三角坪社区 曾竹英")
    assert (page["items"], page["next"], page["count"]) == ([], None, 0)
    assert page["words"][1] == {"word": "曾竹英", "meanings": [], "count": 0}


@pytest.mark.parametrize(("actor", "count"), [("district-desk", 6), (OFFICER, 5), ("officer-zhang", 1)])
def test_a_search_stays_where_one_is_responsible(service: Visitor, actor: str, count: int) -> None:
    assert shown(service, VIEWS[0], actor, q="社区")["count"] == count


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("长" * 101, "太长，至多 100 个字。"),
        ("长" * 2_500, "太长，至多 100 个字。"),
        ("一 二 三 四 五 六 七 八 九", "太多，至多 8 项。"),
        ("红灯\u0000", "格式不对，请按接口说明填写。"),
        ("红\u202e灯", "格式不对，请按接口说明填写。"),
    ],
)
def test_what_cannot_be_searched_for_is_refused_in_chinese(service: Visitor, asked: str, sentence: str) -> None:
    answer = service.client.get(VIEWS[0], params={"q": asked}, headers=identity("district-desk"))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"] == [{"detail": sentence, "parameter": "q"}]
    assert asked not in answer.text


@pytest.mark.parametrize(
    ("actor", "count"),
    [("city", 6), ("district-desk", 6), ("street-desk", 5), (OFFICER, 5), ("officer-zhang", 1), ("officer-chen", 0)],
)
def test_everybody_sees_where_they_are_responsible(service: Visitor, actor: str, count: int) -> None:
    claim = identity(actor) if actor != "city" else {"Bidao-Actor": "mayor; role=auditor; scope=city-huaihua"}
    query = {"after": str(service.stored())}
    docket = service.client.get(VIEWS[0], params=query, headers=claim).json()
    assert docket["count"] == count
    workload = service.client.get(VIEWS[1], params=query, headers=claim).json()
    assert sum(row["reported"] for row in workload["rows"]) == count


COLLEAGUE = "officer-zhang; role=grid_officer; scope=grid-yunjian-3"
UNIT = "x; role=department; scope=community-yunjian"


@pytest.mark.parametrize(
    ("claim", "query", "theirs"),
    [
        (COLLEAGUE, {"officer": "officer-zhang"}, True),
        (COLLEAGUE, {}, False),
        (COLLEAGUE, {"unit": "unit-drainage"}, False),
        (f"{UNIT}; unit=unit-drainage", {"unit": "unit-drainage"}, True),
        (f"{UNIT}; unit=unit-drainage", {"officer": "officer-zhang"}, False),
        (f"{UNIT}; unit=unit-property", {"unit": "unit-drainage"}, False),
        (UNIT, {"unit": "unit-drainage"}, False),
    ],
)
def test_what_was_handed_to_somebody_is_theirs_wherever_it_lies(
    door: Visitor, claim: str, query: dict[str, str], theirs: bool
) -> None:
    case = door.case(ACCEPTED)
    for command, body in (
        ("assign", {"officer": OFFICER}),
        ("hand-over", {"officer": "officer-zhang"}),
        ("dispatch", {"lead": "unit-drainage"}),
    ):
        assert door.ask("secretary-sanjiaoping", command, body, case).is_success
    headers = {"Bidao-Actor": claim}
    asked = {**query, "after": str(door.stored())}
    listed = door.client.get(VIEWS[0], params=asked, headers=headers).json()["items"]
    assert (case in [row["incident_id"] for row in listed]) is theirs
    for row in listed:
        assert door.client.get(f"{VIEWS[0]}/{row['incident_id']}", headers=headers).is_success, "and they may read it"


@pytest.mark.parametrize("path", VIEWS)
@pytest.mark.parametrize("claim", [f"{RESIDENT}; role=resident", "somebody; role=street"])
def test_residents_and_staff_without_a_place_see_no_views(service: Visitor, path: str, claim: str) -> None:
    answer = service.client.get(path, headers={"Bidao-Actor": claim})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_workload_and_response_times_say_how_far_they_come(service: Visitor) -> None:
    stored = service.stored()
    workload = shown(service, VIEWS[1], by="grid")
    assert workload["position"] >= stored
    assert {row["key"]: (row["reported"], row["arrived"], row["closed"]) for row in workload["rows"]} == {
        SANJIAOPING: (5, 3, 1),
        YUNJIAN: (1, 0, 0),
    }
    times = shown(service, VIEWS[2], stage="arrive", by="grid")
    assert times["position"] >= stored
    [row] = times["rows"]
    assert (row["key"], row["n"]) == (SANJIAOPING, 3)
    assert row["gross"]["p50"] == pytest.approx(360, rel=0.01)  # lives go on after six minutes


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("building", {(None, "community-sanjiaoping", "三角坪社区"): 5, (None, "community-yunjian", "云箭社区"): 1}),
        ("grid", {(SANJIAOPING, None, "床单厂小区网格"): 5, (YUNJIAN, None, "云箭社区第三网格"): 1}),
        ("estate", {("estate-chuangdan", None, "床单厂小区"): 5, (None, "community-yunjian", "云箭社区"): 1}),
        ("community", {("community-sanjiaoping", None, "三角坪社区"): 5, ("community-yunjian", None, "云箭社区"): 1}),
        ("street", {("street-chengzhong", None, "城中街道"): 5, ("street-tuoyuan", None, "坨院街道"): 1}),
        ("district", {("district-hecheng", None, "鹤城区"): 6}),
        ("city", {("city-huaihua", None, "怀化市"): 6}),
    ],
)
def test_figures_are_rolled_up_to_any_level(service: Visitor, by: str, rows: dict[tuple[str, ...], int]) -> None:
    for drawn in ("then", "now"):
        told = shown(service, VIEWS[1], by=by, drawn=drawn)["rows"]
        assert {(row["key"], row["community"], row["name"]): row["reported"] for row in told} == rows
    arrived = {key for key, reported in rows.items() if reported >= 5}  # nobody came to the one case of the other grid
    times = shown(service, VIEWS[2], by=by, stage="arrive")["rows"]
    assert {(row["key"], row["community"], row["name"]) for row in times} == arrived


def test_a_grid_is_split_tomorrow(store: Store, tmp_path: Path) -> None:
    """Its figures stay where they were then; as drawn now they follow the building, from the day on which it holds."""
    clock = Clock()
    with (
        serving(store.settings(tmp_path, wait_timeout=20), clock) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        visitor = Visitor(client, clock)
        visitor.report(building="building-chuangdan-1-2")
        visitor.report()
        split = {
            "grid": SANJIAOPING,
            "into": [
                {"id": "grid-east", "name": "东网格", "buildings": ["building-chuangdan-1-2"]},
                {"id": "grid-west", "name": "西网格"},
            ],
            "effective_from": (clock.now + timedelta(days=1)).isoformat(),
        }
        headers = identity("district-desk") | {"Idempotency-Key": visitor.new_key()}
        assert client.post("/api/v1/territory/split-grid", json=split, headers=headers).status_code == 200

        def by_grid(drawn: str, actor: str = "district-desk") -> dict[tuple[str | None, str | None], int]:
            rows = shown(visitor, VIEWS[1], actor, drawn=drawn)["rows"]
            return {(row["key"], row["name"]): row["reported"] for row in rows}

        before = {(SANJIAOPING, "床单厂小区网格"): 2}
        assert by_grid("then") == by_grid("now") == before
        today = visitor.read(f"{VIEWS[1]}?drawn=now").headers["ETag"]
        clock.forward(hours=25)
        assert visitor.read(f"{VIEWS[1]}?drawn=now", **{"If-None-Match": today}).status_code == 200, "only time passed"
        assert by_grid("then") == before
        assert by_grid("now") == {(None, "三角坪社区"): 1, ("grid-east", "东网格"): 1}
        assert shown(visitor, VIEWS[1], territory=SANJIAOPING, drawn="now")["rows"] == []
        assert by_grid("now", OFFICER) == {}, "nothing is drawn there any more"


@pytest.mark.parametrize("path", VIEWS)
def test_a_view_that_has_not_moved_is_not_sent_again(service: Visitor, path: str) -> None:
    shown(service, path)
    tag = service.read(path).headers["ETag"]
    assert service.read(path, **{"If-None-Match": tag}).status_code == 304
    service.report()
    shown(service, path)
    assert service.read(path, **{"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("path", VIEWS)
@pytest.mark.parametrize(
    "query", ["colour=red", "after=-1", "after=soon", "from_day=0&reported_from=0", "limit=0&by=no"]
)
def test_a_query_that_does_not_fit(service: Visitor, path: str, query: str) -> None:
    answer = service.read(f"{path}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_what_may_be_said_instead_is_listed_in_chinese(service: Visitor) -> None:
    [fault] = service.read(f"{VIEWS[0]}?light=blue").json()["errors"]
    assert fault["detail"] == "只能取 green、yellow、red、undetermined 之一。"
    [fault] = service.read(f"{VIEWS[0]}?sort=name").json()["errors"]
    assert " or " not in fault["detail"]


def test_a_position_nobody_was_given(service: Visitor) -> None:
    answer = service.read(f"{VIEWS[0]}?after={service.stored() + 1}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "after"


@pytest.mark.parametrize("cursor", ["x", "曾竹英", "eyJhIjogMX0", "0" * 300])
def test_a_cursor_nobody_was_given(service: Visitor, cursor: str) -> None:
    answer = service.client.get(VIEWS[0], params={"cursor": cursor}, headers=identity("district-desk"))
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-cursor")


def test_a_cursor_of_another_query(service: Visitor) -> None:
    cursor = shown(service, VIEWS[0])["next"]
    answer = service.client.get(
        VIEWS[0], params={"cursor": cursor, "sort": "updated_at"}, headers=identity("district-desk")
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-cursor")


def test_views_that_nobody_keeps_are_503(store: Store, tmp_path: Path) -> None:
    settings = store.settings(tmp_path, wait_timeout=0.1, follow=False)
    with serving(settings, Clock()) as url, httpx.Client(base_url=url, timeout=60) as client:
        visitor = Visitor(client, Clock())
        position = visitor.report().json()["position"]
        answer = visitor.read(f"{VIEWS[0]}?after={position}")
        assert (answer.status_code, answer.json()["code"]) == (503, "views-behind")
        assert answer.headers["Retry-After"] == "1"
        ready = client.get("/readyz").json()
        assert (ready["lag"], ready["following"]) == (position, False)


def test_views_that_cannot_follow_in_time_are_503(tmp_path: Path) -> None:
    """The file is held by somebody."""
    settings = settings_for(tmp_path, wait_timeout=0.1)
    with serving(settings, Clock()) as url, httpx.Client(base_url=url, timeout=60) as client:
        visitor = Visitor(client, Clock())
        with closing(sqlite3.connect(settings.views_db, isolation_level=None)) as views:
            views.execute("BEGIN IMMEDIATE")
            position = visitor.report().json()["position"]
            answer = visitor.read(f"{VIEWS[0]}?after={position}")
            assert (answer.status_code, answer.json()["code"]) == (503, "views-behind")
            assert answer.headers["Retry-After"] == "1"
            assert client.get("/readyz").json()["lag"] > 0
            views.execute("ROLLBACK")


@pytest.mark.parametrize("view", VIEWS)
def test_a_place_that_never_was_is_said_to_be_unknown(door: Visitor, view: str) -> None:
    answer = door.read(f"{view}?territory=nowhere")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "territory"
