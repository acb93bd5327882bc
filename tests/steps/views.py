"""The steps that read the views: the docket and the workload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_bdd import parsers, then

from domain.clocks import Light
from domain.incident.words import ClockName, Kind
from tests.steps.cast import PLACES
from tests.steps.looking import Look, at, label, name, rows, rows_of, time
from tests.steps.words import moment
from tests.steps.world import World

Table = list[list[str]]
BY = {
    "网格": "grid",
    "楼栋": "building",
    "经办人": "officer",
    "单位": "unit",
    "社区": "community",
    "街道": "street",
    "性质": "kind",
}
BY |= {"日": "day", "周": "week", "月": "month", "合计": "all"}
OPEN = {"在办": {"open": "true"}, "已了结": {"open": "false"}, "全部": {}}
OPEN |= {f"亮{light.label}的": {"light": light.value} for light in (Light.GREEN, Light.YELLOW, Light.RED)}
OPEN |= {"时限未定的": {"light": Light.UNDETERMINED.value}}
KNOWN = r'(?:按"(?P<known>[^"]*)"所知，)?'
OF_PLACE = r'(?:"(?P<place>[^"]*)"的?)?'
KINDS = {kind.value: kind.label for kind in Kind}
KIND_OF = {kind.label: kind.value for kind in Kind}
OF_KIND = f"(?:(?P<kind>{'|'.join(KIND_OF)})的)?"


def ratio(field: str, unit: str = "") -> Look:
    """A ratio with two decimals."""
    return lambda row: None if row[field] is None else f"{row[field]:.2f}{unit}"


WORK: Mapping[str, Look] = {
    **{word: name("key") for word in ("网格", "经办人", "单位", "楼栋", "街道")},
    "社区": name("community"),
    "日期": at("day"),
    "反映": at("reported"),
    "受理": at("accepted"),
    "指派": at("assigned"),
    "到场": at("arrived"),
    "协调会": at("meetings"),
    "上报": at("escalated"),
    "退回": at("returned"),
    "办结": at("resolved"),
    "返工": at("reworked"),
    "结案": at("closed"),
    "超时": at("overdue"),
    "在办": at("open_now"),
    "现在超时": at("overdue_now"),
    "性质": at("name"),
    "不公布": lambda row: "有" if row["suppressed"] else None,
    "户数": at("households"),
    "未摸底": at("unsurveyed"),
    "网格员": at("officers"),
    "每千户": ratio("per_1000_households"),
    "每名网格员": ratio("per_officer"),
    "是中位数的": ratio("times_median", "倍"),
}
SPREADS = {
    "新增": "reported",
    "在办": "open_now",
    "每名网格员的新增": "per_officer",
    "每千户的新增": "per_1000_households",
}
SPREAD: Mapping[str, Look] = {
    "几处": at("places"),
    "合计": at("total"),
    "最少": ratio("min"),
    "中位数": ratio("median"),
    "九成不超过": ratio("p90"),
    "最多": ratio("max"),
    "基尼系数": ratio("gini"),
    "最忙的一成占": ratio("busiest_tenth"),
}
DOCKET: Mapping[str, Look] = {
    "案件": at("title"),
    "案号": at("number"),
    "现处于": at("stage_label"),
    "性质": at("kind_label"),
    "网格": name("place", "grid"),
    "经办人": name("officer"),
    "首接负责": name("lead"),
    "首次到场": time("arrived_at"),
    "挂账至": time("suspended_until"),
    "到期": time("due_at"),
    "哪个时钟": label(ClockName, "due_clock"),
    "灯": label(Light, "light"),
    "返工次数": at("reworks"),
    "退回次数": at("returns"),
}


class Workload(parsers.re):
    """A step about the workload, perhaps of one place or kind; gives `query`."""

    def __init__(self, words: str) -> None:
        super().__init__(rf"{KNOWN}(?P<now>按现在的划分，)?{OF_PLACE}{OF_KIND}(?P<daily>每天的)?{words}")

    def parse_arguments(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = super().parse_arguments(name) or {}
        query = {"by": BY[found["by"]], **within(found["place"]), **alone(found["kind"])}
        query |= back_to(found["known"])
        query["drawn"] = "now" if found["now"] else "then"
        query["split_by_day"] = "true" if found["daily"] else "false"
        return {**found, "query": query}


@then(Workload(r"工作量按(?P<by>\w+)是"))
def _(world: World, query: dict[str, str], datatable: Table) -> None:
    assert rows_of(world.service.workload(query)["rows"], WORK, datatable) == datatable[1:]


@then(Workload(rf"(?P<measured>{'|'.join(SPREADS)})在各(?P<by>\w+)的分布是"))
def _(world: World, query: dict[str, str], measured: str, datatable: Table) -> None:
    spread = world.service.workload(query)["distribution"][SPREADS[measured]]
    assert rows([spread] if spread else [], SPREAD, datatable) == datatable[1:]


@then(Workload(rf"(?P<measured>{'|'.join(SPREADS)})在各(?P<by>\w+)的分布不公布"))
def _(world: World, query: dict[str, str], measured: str) -> None:
    assert world.service.workload(query)["distribution"][SPREADS[measured]] is None


@then(Workload(r"工作量按(?P<by>\w+)只按编号排列，没有分布，不排名次"))
def _(world: World, query: dict[str, str]) -> None:
    found = world.service.workload(query)
    keys = [row["key"] or "" for row in found["rows"]]
    assert keys == sorted(keys)
    assert found["distribution"] is None
    assert {row["times_median"] for row in found["rows"]} == {None}


@then(parsers.re(rf"{KNOWN}{OF_PLACE}(?P<which>{'|'.join(OPEN)})案件是"))
def _(world: World, known: str | None, place: str | None, which: str, datatable: Table) -> None:
    assert rows(world.docket(OPEN[which] | within(place) | back_to(known)), DOCKET, datatable) == datatable[1:]


@then(parsers.re(rf"{KNOWN}{OF_PLACE}没有(?P<which>{'|'.join(OPEN)})案件"))
def _(world: World, known: str | None, place: str | None, which: str) -> None:
    assert world.docket(OPEN[which] | within(place) | back_to(known)) == []


@then(parsers.re(OF_PLACE + r'查找"(?P<asked>[^"]*)"，找到'))
def _(world: World, place: str | None, asked: str, datatable: Table) -> None:
    assert rows(world.docket({"q": asked} | within(place)), DOCKET, datatable) == datatable[1:]


@then(parsers.parse('查找"{asked}"，一件也没有'))
def _(world: World, asked: str) -> None:
    assert world.docket({"q": asked}) == []


@then(parsers.parse('查找"{asked}"，"{word}"什么都不是'))
def _(world: World, asked: str, word: str) -> None:
    assert world.meanings(asked, word) == []


@then(parsers.parse('查找"{asked}"，"{word}"被当作'))
def _(world: World, asked: str, word: str, datatable: Table) -> None:
    assert [[meaning] for meaning in world.meanings(asked, word)] == datatable[1:]


def within(place: str | None) -> dict[str, str]:
    """The part of a query that names a place."""
    return {"territory": PLACES[place]} if place else {}


def alone(kind: str | None) -> dict[str, str]:
    """The part of a query that names a kind, by its label."""
    return {"kind": KIND_OF[kind]} if kind else {}


def back_to(known: str | None) -> dict[str, str]:
    """The part of a query that names a moment."""
    return {"as_of": moment(known).isoformat()} if known else {}
