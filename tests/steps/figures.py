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
from tests.steps.views import BY, KINDS, KNOWN, back_to
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
    "不公布": lambda row: "有" if row["suppressed"] else None,
    "案件": at("title"),
}


HALVES = {"上半年": (1, 6), "下半年": (7, 12)}
PERIOD = rf"(?P<year>\d{{4}})年(?:(?P<month>\d{{1,2}})月|(?P<half>{'|'.join(HALVES)}))?的"


class Asked(parsers.re):
    """A step about a month, half-year or year, perhaps of one place, perhaps about one figure: gives `query`."""

    def __init__(self, words: str) -> None:
        super().__init__(KNOWN + r'(?:"(?P<place>[^"]*)")?' + PERIOD + words)

    def parse_arguments(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = super().parse_arguments(name) or {}
        first, last = days(found.pop("year"), found.pop("month"), found.pop("half"))
        query = {"from_day": first.isoformat(), "to_day": last.isoformat(), **back_to(found.pop("known"))}
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
    told: list[Json] = [{**row, **one} for row in rows for one in row["figures"] if one["kpi"] == query["kpi"]]
    assert rows_of(told, LOOKS, datatable) == datatable[1:]


@then(Asked(FIGURE + f"里，(?P<part>{'|'.join(PARTS)})案件是"))
def _(world: World, query: Query, part: str, datatable: Table) -> None:
    titles = {case_id: title for title, case_id in world.ids.items()}
    cases = world.service.kpi_cases({**query, "part": PARTS[part]})
    told = [{**one, "title": titles[one["incident_id"]]} for one in cases]
    assert rows_of(told, LOOKS, datatable) == datatable[1:]


def days(year: str, month: str | None, half: str | None) -> tuple[date, date]:
    """The first and the last day of a month, a half-year or a year."""
    begins, ends = (int(month), int(month)) if month else HALVES[half] if half else (1, 12)
    after = (date(int(year), ends, 1) + timedelta(days=31)).replace(day=1)
    return date(int(year), begins, 1), after - timedelta(days=1)
