"""The steps that read how long things took: response times, the cases behind them, and whose hands cases were in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_bdd import parsers, then

from domain.incident.words import Kind
from domain.territory import Level
from tests.drivers import Json, Query
from tests.steps.looking import Look, at, label, name, rows, rows_of, time
from tests.steps.steps import Opened
from tests.steps.views import BY, KNOWN, OF_KIND, OF_PLACE, alone, back_to, within
from tests.steps.world import Page, World

Table = list[list[str]]
STRETCHES = {"反映到受理": "accept", "反映到到场": "arrive", "反映到办结": "resolve", "办结到结案": "close"}
MEASURED = f"(?P<measured>{'|'.join(STRETCHES)})"
KINDS = {kind.value: kind.label for kind in Kind}
PERCENTILES = {"一半不超过": "p50", "九成不超过": "p90", "九成五不超过": "p95", "最长": "max"}
MEASURES = {"": "gross", "扣除挂账，": "net", "工作时间，": "worked", "扣除挂账的工作时间，": "worked_net"}
BY_HOLDER = BY | {"现办层级": "level"}
WHICH = {
    "": {},
    "按时的": {"on_time": "true"},
    "超时的": {"on_time": "false"},
    "补登太晚的": {"claimed_not_counted": "true"},
    "十分钟内结案的": {"quick": "true"},
}
TIMES: Mapping[str, Look] = {
    **{word: name("key") for word in ("网格", "社区", "街道", "经办人", "单位", "日期", "周一", "月份", "合计")},
    "性质": lambda row: KINDS[row["key"]],
    "件数": at("n"),
    "不公布": lambda row: "有" if row["suppressed"] else None,
    **{
        f"{measured}{share}": at(measure, field)
        for measured, measure in MEASURES.items()
        for share, field in PERCENTILES.items()
    },
    "工作时间未定": at("undetermined"),
    "有时限": at("due"),
    "按时": at("on_time"),
    "按时率": lambda row: None if row["on_time_share"] is None else f"{row['on_time_share']:.2%}",
    "免责": at("exempted"),
    "补登太晚": at("claimed_not_counted"),
    "十分钟内结案": at("quick"),
}
CASES: Mapping[str, Look] = {
    "案件": at("title"),
    "第几轮": at("cycle"),
    "所填": time("claimed_at"),
    "登记": time("recorded_at"),
    "计时": time("ended_at"),
    "登记晚": at("recorded_after"),
    "计时晚": at("counted_after"),
    **{measured.rstrip("，") or "用时": at(measure) for measured, measure in MEASURES.items()},
}
HELD: Mapping[str, Look] = {
    **{word: name("key") for word in ("网格", "社区", "单位", "经办人", "合计")},
    "现办层级": at("name"),
    "经手次数": at("stints"),
    "一共": at("seconds"),
    "一半不超过": at("held", "p50"),
    "最长": at("held", "max"),
    "退回": at("returned"),
    "办结": at("resolved"),
    "平均退回次数": lambda row: None if row["hops_per_case"] is None else f"{row['hops_per_case']:g}",
}
HOLDERS: Mapping[str, Look] = {
    "层级": label(Level, "level"),
    "单位": at("lead_name"),
    "经办人": at("officer_name"),
    "从": time("since"),
    "到": time("until"),
    "停留": at("seconds"),
}


class Measured(parsers.re):
    """A step about how long a stretch took, perhaps in one place or of one kind; gives `query`."""

    def __init__(self, words: str) -> None:
        super().__init__(rf"{KNOWN}(?P<exact>逐件算，)?{OF_PLACE}{OF_KIND}{MEASURED}{words}")

    def parse_arguments(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = super().parse_arguments(name) or {}
        query = {"stage": STRETCHES[found["measured"]], "by": BY[found["by"]]}
        query["exact"] = "true" if found["exact"] else "false"
        return {"query": {**query, **within(found["place"]), **alone(found["kind"]), **back_to(found["known"])}}


@then(Measured(r"的时间按(?P<by>\w+)是"))
def _(world: World, query: Query, datatable: Table) -> None:
    assert rows_of(world.service.response_times(query), TIMES, datatable) == datatable[1:]


@then(parsers.re(OF_PLACE + MEASURED + rf"的时间里，(?P<which>{'|'.join(WHICH)})案件是"))
def _(world: World, place: str | None, measured: str, which: str, datatable: Table) -> None:
    assert rows(_cases(world, place, measured, which), CASES, datatable) == datatable[1:]


@then(parsers.re(OF_PLACE + MEASURED + rf"的时间里，没有(?P<which>{'|'.join(WHICH)})案件"))
def _(world: World, place: str | None, measured: str, which: str) -> None:
    assert _cases(world, place, measured, which) == []


@then(parsers.re(OF_PLACE + r"经手时间按(?P<by>\w+)是"))
def _(world: World, place: str | None, by: str, datatable: Table) -> None:
    rows = world.service.holding({"by": BY_HOLDER[by], **within(place)})
    assert rows_of(rows, HELD, datatable) == datatable[1:]


@then(Opened("案件先后在谁手上"))
def _(world: World, page: Page, datatable: Table) -> None:
    holders = world.service.holders(world.ids[page.case or world.case], page.as_of)
    assert rows(holders, HOLDERS, datatable) == datatable[1:]


def _cases(world: World, place: str | None, measured: str, which: str) -> list[Json]:
    """The cases behind a response time, the first that ended first, each by its description."""
    titles = {case_id: title for title, case_id in world.ids.items()}
    query = {"stage": STRETCHES[measured], "sort": "ended_at", **WHICH[which], **within(place)}
    return [{**case, "title": titles[case["incident_id"]]} for case in world.service.response_cases(query)]
