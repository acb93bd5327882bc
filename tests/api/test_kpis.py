"""The KPIs over HTTP: whoever asks sees what lies where they are responsible, and every figure leads to its cases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from projections.kpi_owed import CODES as OF_ROLLS
from projections.kpi_query import CODES
from tests.api.visitor import Clock, Visitor, identity
from tests.lives import ACCEPTED, CLOSED, HANDLING
from tests.server import serving
from tests.stores import Store

KPIS, CASES, OWED, DEFINITIONS = (f"/api/v1/views/kpis{part}" for part in ("", "/cases", "/owed", "/definitions"))
YUNJIAN = "grid-yunjian-3"


@pytest.fixture(scope="module")
def service(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A service of its own, a day after two cases were closed in one grid, one accepted in another."""
    clock = Clock()
    settings = store.settings(tmp_path_factory.mktemp("kpis"), wait_timeout=20)
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        visitor = Visitor(client, clock)
        for life in (CLOSED, CLOSED, HANDLING):
            visitor.case(life)
        case = visitor.report("officer-zhang", grid=YUNJIAN).json()["incident_id"]
        visitor.ask("officer-zhang", "accept", case=case)
        clock.forward(24)
        yield visitor


def shown(visitor: Visitor, path: str, actor: str = "district-desk", **query: Any) -> Any:
    answer = visitor.client.get(path, params={**query, "after": visitor.stored()}, headers=identity(actor))
    assert answer.status_code == 200, answer.text
    return answer.json()


def figures(row: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {one["kpi"]: (one["numerator"], one["denominator"]) for one in row["figures"]}


def test_the_figures_of_all_there_is(service: Visitor) -> None:
    told = shown(service, KPIS)
    [row] = told["rows"]
    assert told["position"] == service.stored()
    assert list(figures(row)) == list(CODES)
    assert figures(row)["handled_on_time"] == (2, 4)
    assert figures(row)["closed"] == (2, 4)
    assert next(one for one in row["figures"] if one["kpi"] == "closed")["shown"] == "50.00%"


@pytest.mark.parametrize("by", ["grid", "community", "street", "district", "unit", "kind", "day", "week", "month"])
def test_every_figure_leads_to_its_cases_and_they_to_their_events(service: Visitor, by: str) -> None:
    rows = shown(service, KPIS, by=by)["rows"]
    assert rows
    for row in rows:
        for one in row["figures"]:
            assert urlsplit(one["cases"]).path == (OWED if one["kpi"] in OF_ROLLS else CASES)
            page = shown(service, one["cases"].partition("?")[0], **_query(one["cases"]))
            assert (page["numerator"], page["denominator"]) == (one["numerator"], one["denominator"])
            assert page["version"] == one["version"]
            for case in page["items"]:
                events = service.client.get(case["events"], headers=identity("district-desk"))
                assert events.json()["events"][0]["type"] == "incident.reported"
                assert service.client.get(case["case_file"], headers=identity("district-desk")).is_success


def _query(url: str) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}


def test_a_period_of_days_narrows_weeks_and_months(service: Visitor) -> None:
    [row] = shown(service, KPIS, by="month", from_day="2026-03-02", to_day="2026-03-02")["rows"]
    assert _query(row["figures"][0]["cases"])["to_day"] == "2026-03-02"


def test_whoever_looks_after_a_place_sees_its_figures_only(service: Visitor) -> None:
    [row] = shown(service, KPIS, actor="officer-zhang", by="grid")["rows"]
    assert (row["key"], figures(row)["closed"]) == (YUNJIAN, (0, 1))
    page = shown(service, CASES, actor="officer-zhang", kpi="closed")
    assert page["count"] == 1
    resident = service.client.get(KPIS, headers=identity("s-zeng"))
    assert resident.status_code == 403


def test_what_was_answered_need_not_be_sent_again_until_it_changes(service: Visitor) -> None:
    first = service.client.get(KPIS, params={"after": service.stored()}, headers=identity("district-desk"))
    again = {**identity("district-desk"), "If-None-Match": first.headers["ETag"]}
    assert service.client.get(KPIS, headers=again).status_code == 304
    service.case(ACCEPTED)
    service.clock.forward(3)
    later = service.client.get(KPIS, params={"after": service.stored()}, headers=again)
    assert later.status_code == 200
    assert figures(later.json()["rows"][0])["closed"][1] == figures(first.json()["rows"][0])["closed"][1] + 1


@pytest.mark.parametrize(
    ("path", "query", "pointed"),
    [
        (KPIS, {"kpi": "handsomest"}, "kpi"),
        (KPIS, {"by": "officer"}, "by"),
        (KPIS, {"territory": "nowhere"}, "territory"),
        (KPIS, {"from_day": "yesterday"}, "from_day"),
        (CASES, {}, "kpi"),
        (CASES, {"kpi": "closed", "version": 9}, "version"),
        (CASES, {"kpi": "closed", "part": "the best"}, "part"),
    ],
)
def test_what_makes_no_sense_is_refused_and_pointed_at(
    service: Visitor, path: str, query: dict[str, Any], pointed: str
) -> None:
    answer = service.client.get(path, params=query, headers=identity("district-desk"))
    assert answer.status_code == 422
    assert pointed in answer.text


def test_which_figures_there_are_is_said_to_whoever_asks_for_another(service: Visitor) -> None:
    told = {}
    for path in (KPIS, CASES, OWED):
        answer = service.client.get(path, params={"kpi": "handsomest"}, headers=identity("district-desk"))
        told[path] = answer.json()["errors"][0]["detail"]
    assert told[KPIS] == f"只能取 {'、'.join(CODES)} 之一。"
    assert told[OWED] == f"只能取 {'、'.join(OF_ROLLS)} 之一。"
    assert "closed" in told[CASES]
    assert "covered" not in told[CASES]


def test_a_cursor_of_another_list_is_refused(service: Visitor) -> None:
    page = shown(service, CASES, kpi="closed", limit=1)
    assert page["next"]
    asked = {"kpi": "reworked", "limit": 1, "cursor": page["next"]}
    answer = service.client.get(CASES, params=asked, headers=identity("district-desk"))
    assert answer.status_code == 422


def test_the_definitions_can_be_read_by_everybody_on_the_staff(service: Visitor) -> None:
    told = shown_plain(service, DEFINITIONS)["definitions"]
    assert [one["kpi"] for one in told] == list(CODES)
    closed = next(one for one in told if one["kpi"] == "closed")
    assert closed["formula"].startswith("结案率 = ")
    assert "closed_at > 0" in closed["sql"]


def shown_plain(visitor: Visitor, path: str) -> Any:
    return visitor.client.get(path, headers=identity("officer-ge")).json()
