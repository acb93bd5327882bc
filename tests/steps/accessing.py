"""The steps about 查阅留痕: reading what is sensitive for a stated purpose, and who did."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_bdd import parsers, step, then

from domain.access import Purpose
from domain.model import Role
from tests.drivers import Json
from tests.steps.cast import NAMES
from tests.steps.looking import Look, at, label, name, rows, time
from tests.steps.words import NAME, label_of
from tests.steps.world import World

Table = list[list[str]]
WHO = f"(?P<who>{NAME.pattern})"
FIELDS = {"on_behalf_of.name": "孩子姓名", "position": "到场位置"}


def read(row: Json) -> object:
    """What stands there; a position as a feature writes it."""
    value = row["value"]
    return f"{value['longitude']}，{value['latitude']}" if isinstance(value, dict) else value


REVEALED: Mapping[str, Look] = {
    "第几行": at("version"),
    "事项": at("label"),
    "项": lambda row: FIELDS[row["field"]],
    "内容": read,
}
ACCESSES: Mapping[str, Look] = {
    "时间": time("recorded_at"),
    "谁": name("actor"),
    "身份": label(Role, "role"),
    "谁的": lambda row: NAMES.get(row["subject"], "案件文字"),
    "看了": lambda row: [FIELDS[one["field"]] for one in row["fields"]],
    "案卷版本": at("seen"),
    "用途": at("purpose_label"),
    "说明": at("words"),
}


@step(parsers.re(WHO + '查阅敏感信息，用途"(?P<purpose>[^"]*)"(?:，说明"(?P<words>[^"]*)")?'))
def _(world: World, who: str, purpose: str, words: str | None) -> None:
    world.reveal(who, {"purpose": label_of(Purpose).value(purpose), "words": words or ""})


@step(parsers.re(WHO + "查阅敏感信息，没有写用途"))
def _(world: World, who: str) -> None:
    world.reveal(who, {})


@then("看到的敏感信息是")
def _(world: World, datatable: Table) -> None:
    world.nothing_unsaid()
    assert rows(world.revealed, REVEALED, datatable) == datatable[1:]


@then("什么也没有看到")
def _(world: World) -> None:
    assert world.revealed == []


@then(parsers.re(WHO + "查到的查阅记录是"))
def _(world: World, who: str, datatable: Table) -> None:
    assert rows(world.accesses(who), ACCESSES, datatable) == datatable[1:]


@then(parsers.re(WHO + "查不到查阅记录"))
def _(world: World, who: str) -> None:
    assert world.accesses(who) == []
