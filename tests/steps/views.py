"""The steps that read the views: the docket, the workload, the response times."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_bdd import parsers, then

from domain.clocks import Light
from domain.incident.words import ClockName, Kind
from tests.steps.cast import PLACES
from tests.steps.looking import Look, at, label, name, rows, rows_of, time
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
STRETCHES = {"反映到受理": "accept", "反映到到场": "arrive", "反映到办结": "resolve", "办结到结案": "close"}
OPEN = {"在办": {"open": "true"}, "已了结": {"open": "false"}, "全部": {}}
OPEN |= {f"亮{light.label}的": {"light": light.value} for light in (Light.GREEN, Light.YELLOW, Light.RED)}
OPEN |= {"时限未定的": {"light": Light.UNDETERMINED.value}}
OF_PLACE = r'(?:"(?P<place>[^"]*)"的?)?'
KINDS = {kind.value: kind.label for kind in Kind}

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
    "在办": at("open_now"),
}
TIMES: Mapping[str, Look] = {
    **{word: name("key") for word in ("网格", "社区", "街道", "日期", "周一", "月份", "合计")},
    "性质": lambda row: KINDS[row["key"]],
    "件数": at("n"),
    "一半不超过": at("p50"),
    "九成不超过": at("p90"),
    "九成五不超过": at("p95"),
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


@then(parsers.re(r"(?P<now>按现在的划分，)?" + OF_PLACE + r"(?P<daily>每天的)?工作量按(?P<by>\w+)是"))
def _(world: World, now: str | None, place: str | None, daily: str | None, by: str, datatable: Table) -> None:
    query = {"by": BY[by], "split_by_day": "true" if daily else "false", **within(place)}
    query["drawn"] = "now" if now else "then"
    assert rows_of(world.service.workload(query), WORK, datatable) == datatable[1:]


@then(parsers.re(OF_PLACE + rf"(?P<measured>{'|'.join(STRETCHES)})的时间按(?P<by>\w+)是"))
def _(world: World, place: str | None, measured: str, by: str, datatable: Table) -> None:
    query = {"stage": STRETCHES[measured], "by": BY[by], **within(place)}
    assert rows_of(world.service.response_times(query), TIMES, datatable) == datatable[1:]


@then(parsers.re(OF_PLACE + rf"(?P<which>{'|'.join(OPEN)})案件是"))
def _(world: World, place: str | None, which: str, datatable: Table) -> None:
    assert rows(world.docket(OPEN[which] | within(place)), DOCKET, datatable) == datatable[1:]


@then(parsers.re(OF_PLACE + rf"没有(?P<which>{'|'.join(OPEN)})案件"))
def _(world: World, place: str | None, which: str) -> None:
    assert world.docket(OPEN[which] | within(place)) == []


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
