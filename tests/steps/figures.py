"""The steps that read the KPIs, and the cases behind them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from pytest_bdd import parsers, then

from projections.kpi_definitions import DEFINITIONS
from tests.drivers import Json, Query
from tests.steps.cast import PLACES
from tests.steps.looking import Look, at, name, rows_of
from tests.steps.views import BY, KINDS
from tests.steps.world import World

Table = list[list[str]]
CODES = {one.label: one.code for one in DEFINITIONS}
PARTS = {"分子的": "numerator", "分母的": "denominator", "差的": "missed"}
FIGURE = f"(?P<figure>{'|'.join(CODES)})"
LOOKS: Mapping[str, Look] = {
    **{word: name("key") for word in ("网格", "社区", "街道", "单位", "日期", "月份")},
    "性质": lambda row: KINDS[row["key"]],
    "指标": at("label"),
    "分子": at("numerator"),
    "分母": at("denominator"),
    "结果": at("shown"),
    "案件": at("title"),
}


class Asked(parsers.re):
    """A step about a month, perhaps of one place, perhaps about one figure: gives `query`."""

    def __init__(self, words: str) -> None:
        super().__init__(r'(?:"(?P<place>[^"]*)")?(?P<year>\d{4})年(?P<month>\d{1,2})月的' + words)

    def parse_arguments(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = super().parse_arguments(name) or {}
        first = date(int(found.pop("year")), int(found.pop("month")), 1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        query = {"from_day": first.isoformat(), "to_day": last.isoformat()}
        if place := found.pop("place"):
            query["territory"] = PLACES[place]
        if "figure" in found:
            query["kpi"] = CODES[found.pop("figure")]
        return {**found, "query": query}


@then(Asked("指标是"))
def _(world: World, query: Query, datatable: Table) -> None:
    [row] = world.service.kpis(query)
    wanted = [line[0] for line in datatable[1:]]
    figures = [one for one in row["figures"] if one["label"] in wanted]
    assert rows_of(figures, LOOKS, datatable) == datatable[1:]


@then(Asked(FIGURE + r"按(?P<by>\w+)是"))
def _(world: World, query: Query, by: str, datatable: Table) -> None:
    rows = world.service.kpis({**query, "by": BY[by]})
    told: list[Json] = [{**row, **row["figures"][0]} for row in rows]
    assert rows_of(told, LOOKS, datatable) == datatable[1:]


@then(Asked(FIGURE + f"里，(?P<part>{'|'.join(PARTS)})案件是"))
def _(world: World, query: Query, part: str, datatable: Table) -> None:
    titles = {case_id: title for title, case_id in world.ids.items()}
    cases = world.service.kpi_cases({**query, "part": PARTS[part]})
    told = [{**one, "title": titles[one["incident_id"]]} for one in cases]
    assert rows_of(told, LOOKS, datatable) == datatable[1:]
