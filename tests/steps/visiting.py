"""The steps about rolls: households that are visited, members who checked in, and whoever is behind their figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_bdd import parsers, step, then

from domain.casework.rolls import AnyCommand
from domain.household import DelistMustVisit, EnrolHousehold, Group, ListMustVisit, RecordDeparture, RecordVisit
from domain.membership import CheckIn, CheckOut, RecordService, Sort
from domain.territory import Level
from tests.drivers import Json, Query
from tests.steps.cast import ENTRY_NAMES, PLACES, TERRITORY
from tests.steps.figures import FIGURE, PARTS, Asked
from tests.steps.grammar import CLAUSE, clauses
from tests.steps.keeping import WHO
from tests.steps.looking import STEPS, Look, at, name, rows, rows_of, said
from tests.steps.words import label_of, quoted
from tests.steps.world import NOT_ON_ROLL, World

Table = list[list[str]]
ENTRY_LIST = r'"(?P<entries>[^"]*)"'
GROUP = quoted(label_of(Group).value)
OF_GROUP = f"(?P<group>{GROUP.pattern})"
SORT = label_of(Sort)
MET = {"见到了人": True, "家中无人": False}
WHICH = {word: {"part": part} for word, part in PARTS.items()}
WHICH["到现在还欠着的"] = {"part": "missed", "running": "true"}
OWED = rf"里，(?P<which>{'|'.join(WHICH)})(?:户|报到者)"
OWING: Mapping[str, Look] = {
    **dict.fromkeys(("户", "报到者"), lambda row: ENTRY_NAMES[row["entry"]]),
    **dict.fromkeys(("走访次数", "服务次数"), at("times")),
    "从哪一天起": at("since"),
    "网格": name("place", "grid"),
}
ITEMS: Mapping[str, Look] = {
    "在册": lambda found: "是" if found["enrolled"] else "否",
    "必访户": lambda found: "是" if found["must_visit"] else "否",
    "社区": name("place", "community"),
    "网格": name("place", "grid"),
    "楼栋": name("place", "building"),
}


class Kept(parsers.re):
    """A step in which somebody keeps a roll, of one entry or several: gives `who`, `entries`, and `more` fields."""

    def __init__(self, words: str) -> None:
        more = CLAUSE.pattern.replace("(", "(?:")
        super().__init__(f"{WHO}{words}(?P<more>(?:{more})*)")

    def parse_arguments(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = super().parse_arguments(name) or {}
        return {**found, "entries": found["entries"].split("、"), "more": dict(clauses(found["more"] or ""))}


def keep(world: World, who: str, command: type[AnyCommand], entries: list[str], body: Json) -> None:
    """The same of each of them; when one is refused, that is what the next step has to speak of."""
    for entry in entries:
        world.keep(who, command, entry, body)


@step(Kept(rf'在"(?P<place>[^"]*)"登记住户{ENTRY_LIST}'))
def _(world: World, who: str, place: str, entries: list[str], more: Json) -> None:
    home = PLACES[place]
    inside = {"building": home, "grid": TERRITORY.grid_of(home)} if TERRITORY.level(home) is Level.BUILDING else {}
    keep(world, who, EnrolHousehold, entries, {"grid": home, **inside, **more})


@step(Kept(rf"把{ENTRY_LIST}列为必访户，属于{OF_GROUP}"))
def _(world: World, who: str, entries: list[str], group: str, more: Json) -> None:
    keep(world, who, ListMustVisit, entries, {"group": GROUP.value(group), **more})


@step(Kept(rf"撤销必访户{ENTRY_LIST}，不再属于{OF_GROUP}"))
def _(world: World, who: str, entries: list[str], group: str, more: Json) -> None:
    keep(world, who, DelistMustVisit, entries, {"group": GROUP.value(group), **more})


@step(Kept(rf"走访{ENTRY_LIST}，(?P<met>{'|'.join(MET)})"))
def _(world: World, who: str, entries: list[str], met: str, more: Json) -> None:
    keep(world, who, RecordVisit, entries, {"met": MET[met], **more})


@step(Kept(rf"登记住户{ENTRY_LIST}迁出"))
def _(world: World, who: str, entries: list[str], more: Json) -> None:
    keep(world, who, RecordDeparture, entries, more)


@step(Kept(rf'登记(?P<sort>{SORT.pattern}){ENTRY_LIST}向"(?P<place>[^"]*)"报到'))
def _(world: World, who: str, sort: str, entries: list[str], place: str, more: Json) -> None:
    body = {"community": PLACES[place], "sort": SORT.value(sort), **more}
    for entry in entries:
        keep(world, who, CheckIn, [entry], {**body, "called": entry})


@step(Kept(rf'登记{ENTRY_LIST}参加服务"(?P<service>[^"]*)"'))
def _(world: World, who: str, entries: list[str], service: str, more: Json) -> None:
    keep(world, who, RecordService, entries, {"service": service, **more})


@step(Kept(rf"登记{ENTRY_LIST}退出报到"))
def _(world: World, who: str, entries: list[str], more: Json) -> None:
    keep(world, who, CheckOut, entries, more)


@then(parsers.parse('办不成，名册里没有"{entry}"'))
def _(world: World, entry: str) -> None:
    assert world.refused() is NOT_ON_ROLL
    assert world.kept(entry) is None


@then(parsers.parse('"{entry}"在名册里写着'))
def _(world: World, entry: str, datatable: Table) -> None:
    found = file(world, entry)
    assert [[item, said(ITEMS[item](found), value)] for item, value in datatable] == datatable


@then(parsers.parse('"{entry}"在名册里从头到尾是'))
def _(world: World, entry: str, datatable: Table) -> None:
    assert rows(file(world, entry)["events"], STEPS, datatable) == datatable[1:]


@then(parsers.parse('"{entry}"在名册里最后记着'))
def _(world: World, entry: str, datatable: Table) -> None:
    assert rows(file(world, entry)["events"][1 - len(datatable) :], STEPS, datatable) == datatable[1:]


@then(Asked(FIGURE + OWED + "是"))
def _(world: World, query: Query, which: str, datatable: Table) -> None:
    found = world.service.kpi_owed({**query, **WHICH[which]})
    assert rows_of(found, OWING, datatable) == datatable[1:]


@then(Asked(FIGURE + "里，没有(?P<which>" + "|".join(WHICH) + ")(?:户|报到者)"))
def _(world: World, query: Query, which: str) -> None:
    assert world.service.kpi_owed({**query, **WHICH[which]}) == []


def file(world: World, entry: str) -> Json:
    """What is kept of an entry that is, or was, on its roll."""
    world.nothing_unsaid()
    found = world.kept(entry)
    assert found is not None, f"名册里没有“{entry}”。"
    return found
