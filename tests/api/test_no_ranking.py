"""不给人排名次: nothing the service answers puts people in an order of merit (domain.md §7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.settings import Settings
from tests.api.visitor import Clock, Visitor, identity
from tests.server import serving
from tests.stores import Store

DESCRIBED = create_app(Settings()).openapi()
READS = {
    path: {parameter["name"]: parameter["schema"] for parameter in operations["get"].get("parameters", ())}
    for path, operations in DESCRIBED["paths"].items()
    if "get" in operations
}
MERIT = re.compile(r"rank|score|points|league|best|worst|top_|名次")
"""How a field would be called that says who is better."""
ORDERS = re.compile(r"sort|order|rank|top|desc")
BY_TIME = {"reported_at", "updated_at", "due_at", "ended_at", "light"}
"""In which order cases may be asked for."""
CASES = {"officer-chen": 3, "officer-ge": 1, "officer-zhang": 2}
"""Of the one with the most, the fewest and some, in order of their ids."""
GRIDS = {"officer-chen": "grid-changwanli-2", "officer-ge": "grid-chuangdan-1", "officer-zhang": "grid-yunjian-3"}
SECRETARIES = {
    "officer-chen": "secretary-changwanli",
    "officer-ge": "secretary-sanjiaoping",
    "officer-zhang": "secretary-yunjian",
}


def words(schema: Any) -> set[str]:
    """Every value a parameter may take, where they are listed."""
    if isinstance(schema, list):
        return set().union(*map(words, schema))
    if not isinstance(schema, dict):
        return set()
    return {word for word in schema.get("enum", ()) if word}.union(*map(words, schema.values()))


OF_PEOPLE = [path for path, asked in READS.items() if "officer" in words(asked.get("by"))]


@pytest.fixture(scope="module")
def service(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    clock = Clock()
    settings = store.settings(tmp_path_factory.mktemp("no-ranking"), wait_timeout=20)
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        visitor = Visitor(client, clock)
        for officer, cases in CASES.items():
            for _ in range(cases):
                _attended(visitor, officer, 0.1 * cases)
        yield visitor


def _attended(visitor: Visitor, officer: str, hours: float) -> None:
    """A case of the officer's grid: they have it and come, sooner or later, and hand it over."""
    case = visitor.report(officer, grid=GRIDS[officer]).json()["incident_id"]
    secretary = SECRETARIES[officer]
    for who, command, body in (
        (secretary, "accept", {}),
        (secretary, "assign", {"officer": officer}),
        (officer, "arrive", {}),
        (secretary, "hand-over", {"officer": secretary}),
    ):
        visitor.clock.forward(hours)
        assert visitor.ask(who, command, body, case).is_success


def test_nothing_can_be_asked_for_in_an_order_but_cases_by_their_times_and_lights() -> None:
    orders = {
        (path, name): words(asked[name]) for path, asked in READS.items() for name in asked if ORDERS.search(name)
    }
    assert orders[("/api/v1/incidents", "sort")]
    for ordered in orders.values():
        assert {word.removeprefix("-") for word in ordered} <= BY_TIME


def test_no_field_says_who_is_better() -> None:
    schemas = DESCRIBED["components"]["schemas"]
    named = [(schema, field) for schema, told in schemas.items() for field in told.get("properties", ())]
    assert ("WorkloadRow", "reported") in named
    assert [found for found in named if MERIT.search(found[1])] == []


def test_figures_of_people_are_asked_for_where_it_is_looked_at_here() -> None:
    assert {f"/api/v1/views/{view}" for view in ("workload", "response-times", "holding")} <= set(OF_PEOPLE)


@pytest.mark.parametrize("path", OF_PEOPLE)
@pytest.mark.parametrize("period", [{}, {"from_day": "2026-03-02", "to_day": "2026-03-02"}])
def test_people_come_in_the_order_of_their_ids_whatever_the_figures(
    service: Visitor, path: str, period: dict[str, str]
) -> None:
    query = {"by": "officer", "after": str(service.stored()), **period}
    told = service.client.get(path, params=query, headers=identity("district-desk")).json()
    keys = [row["key"] for row in told["rows"]]
    assert CASES.keys() <= set(keys)
    assert keys == sorted(keys, key=lambda key: key or "")
    assert told.get("distribution") is None
    assert {row.get("times_median") for row in told["rows"]} <= {None}


def test_the_one_with_the_most_comes_neither_first_nor_last_for_it(service: Visitor) -> None:
    query = {"by": "officer", "after": str(service.stored())}
    rows = service.client.get("/api/v1/views/workload", params=query, headers=identity("district-desk")).json()["rows"]
    assert [(row["key"], row["reported"]) for row in rows if row["reported"]] == list(CASES.items())
    turned = service.client.get(
        "/api/v1/views/workload", params={**query, "by": "grid"}, headers=identity("district-desk")
    ).json()
    assert [row["key"] for row in turned["rows"]] == sorted(GRIDS.values())
    assert turned["distribution"]["reported"]["max"] == 3, "of places it is told how unlike they are"
