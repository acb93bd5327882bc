"""The steps about what runs by itself: clocks and lights, the roster, the map, and what may be a duplicate."""

from __future__ import annotations

from typing import Any

from pytest_bdd import parsers, step, then

from domain.books import AdoptRuleTable, PublishCalendar
from domain.clocks import Light
from domain.incident.words import ClockName
from domain.register import RegisterCommand
from domain.registry.commands import ImportTerritory, JoinGrids, ReleaseStaff, RenameNode, SplitGrid
from domain.rostering import AssignShifts
from tests.drivers import BOOKS
from tests.steps.cast import PEOPLE, PLACES, TERRITORY
from tests.steps.looking import Look, at, label, rows, time
from tests.steps.steps import Opened
from tests.steps.words import NAME, WORDS, json_time
from tests.steps.world import Page, World

Table = list[list[str]]
WHO = f"(?P<who>{NAME.pattern})"
SINCE = r'(?:自"(?P<since>[^"]*)"起)?'

CLOCKS: dict[str, Look] = {
    "时钟": at("label"),
    "第几轮": at("cycle"),
    "时限": at("limit"),
    "起算": time("started_at"),
    "停止": time("stopped_at"),
    "到期": time("due_at"),
    "灯": label(Light, "light"),
}
ALIKE: dict[str, Look] = {
    "案件": lambda row: row["title"],
    "相距": lambda row: None if row["metres"] is None else f"{row['metres']}米",
    "同一楼栋": lambda row: "是" if row["same_building"] else "否",
}
CLOCK = "|".join(clock.label for clock in ClockName)


def from_then(since: str | None) -> dict[str, str]:
    return {"effective_from": json_time(since)} if since else {}


def enact(world: World, who: str, command: type[RegisterCommand], body: dict[str, Any]) -> None:
    world.enact(WORDS["who"].value(who), command, body)


@step(parsers.re(WHO + r'公布(?P<year>\d{4})年的工作日历，放假"(?P<free>[^"]*)"(?:，调休上班"(?P<made_up>[^"]*)")?'))
def _(world: World, who: str, year: str, free: str, made_up: str | None) -> None:
    days = {"holidays": free.split("、"), "made_up": made_up.split("、") if made_up else []}
    enact(world, who, PublishCalendar, {"version": f"cn-{year}", "years": [int(year)], **days})


@step(parsers.re(WHO + r"把紧急程度(?P<urgency>[1-4])的处置时限改为(?P<hours>\d+)小时"))
def _(world: World, who: str, urgency: str, hours: str) -> None:
    table = BOOKS.table_at(world.clock()).model_dump(mode="json", exclude={"valid_from"})
    table["handle"][urgency] = {"kind": "urgent_hours", "amount": int(hours)}
    enact(
        world,
        who,
        AdoptRuleTable,
        {"table": {**table, "version": "rules-anew", "valid_from": world.clock().isoformat()}},
    )


@step(parsers.re(WHO + SINCE + r'把"(?P<grid>[^"]*)"拆成'))
def _(world: World, who: str, since: str | None, grid: str, datatable: Table) -> None:
    header, *lines = datatable
    parts = [dict(zip(header, line, strict=True)) for line in lines]
    into = [
        {
            "id": PLACES[part["网格"]],
            "name": part["网格"],
            "buildings": [PLACES[part["楼栋"]]] if part.get("楼栋") else [],
            "officers": [PEOPLE[part["网格员"]]] if part.get("网格员") else [],
        }
        for part in parts
    ]
    enact(world, who, SplitGrid, {"grid": PLACES[grid], "into": into, **from_then(since)})


@step(parsers.re(WHO + SINCE + r'把"(?P<one>[^"]*)"和"(?P<other>[^"]*)"并成"(?P<into>[^"]*)"'))
def _(world: World, who: str, since: str | None, one: str, other: str, into: str) -> None:
    grids = [PLACES[one], PLACES[other]]
    body = {"grids": grids, "into": {"id": PLACES[into], "name": into}, **from_then(since)}
    enact(world, who, JoinGrids, body)


@step(parsers.re(WHO + SINCE + r'把"(?P<place>[^"]*)"更名为"(?P<name>[^"]*)"'))
def _(world: World, who: str, since: str | None, place: str, name: str) -> None:
    enact(world, who, RenameNode, {"node": PLACES[place], "new_name": name, **from_then(since)})


@step(parsers.re(WHO + r'登记"(?P<place>[^"]*)"有(?P<households>\d+)户'))
def _(world: World, who: str, place: str, households: str) -> None:
    node = TERRITORY.node[PLACES[place]]
    row = {**node.model_dump(mode="json", include={"id", "level", "name"}), "households": int(households)}
    enact(world, who, ImportTerritory, {"nodes": [row]})


@step(parsers.re(WHO + rf"登记(?P<leaving>{NAME.pattern})离岗(?:，由(?P<successor>{NAME.pattern})接手)?"))
def _(world: World, who: str, leaving: str, successor: str | None) -> None:
    enact(world, who, ReleaseStaff, {"staff": PEOPLE[leaving], "successor": PEOPLE[successor] if successor else None})


@step(parsers.re(WHO + rf'排"(?P<place>[^"]*)"由(?P<staff>{NAME.pattern})值班，"(?P<starts>[^"]*)"至"(?P<ends>[^"]*)"'))
def _(world: World, who: str, place: str, staff: str, starts: str, ends: str) -> None:
    times = {"starts": json_time(starts), "ends": json_time(ends)}
    enact(world, who, AssignShifts, {"shifts": [{"node": PLACES[place], "staff": PEOPLE[staff], **times}]})


@step("系统照章巡查")
def _(world: World) -> None:
    world.tick()


@step("系统又巡查了一遍")
def _(world: World) -> None:
    world.tick()


@then(Opened("各个时钟是"))
def _(world: World, page: Page, datatable: Table) -> None:
    assert rows(world.clocks(page), CLOCKS, datatable) == datatable[1:]


@then(Opened(rf"(?P<clock>{CLOCK})时钟是"))
def _(world: World, page: Page, clock: str, datatable: Table) -> None:
    assert rows(one_clock(world, page, clock), CLOCKS, datatable) == datatable[1:]


@then(Opened(rf"(?P<clock>{CLOCK})时限这样算出"))
def _(world: World, page: Page, clock: str, datatable: Table) -> None:
    [found] = one_clock(world, page, clock)
    assert [[line] for line in found["account"]] == datatable


@then(parsers.re(r"疑似重复的案件是"))
def _(world: World, datatable: Table) -> None:
    assert rows(world.alike(), ALIKE, datatable) == datatable[1:]


@then("没有疑似重复的案件")
def _(world: World) -> None:
    assert world.alike() == []


@then(parsers.re(r"值班通知了(?P<called>\S+)"))
def _(world: World, called: str) -> None:
    calls = [line for line in world.history() if line["label"] == "呼叫值班"]
    assert calls, "没有呼叫过值班。"
    assert calls[-1]["sentence"].partition("通知：")[2] == called


@then(parsers.re(r"一共呼叫了(?P<count>\d+)次值班"))
def _(world: World, count: str) -> None:
    assert sum(line["label"] == "呼叫值班" for line in world.history()) == int(count)


def one_clock(world: World, page: Page, clock: str) -> list[Any]:
    return [found for found in world.clocks(page) if found["label"] == clock]
