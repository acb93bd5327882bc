"""The steps of whoever reads a case again, step by step: as known then, or as corrected since."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_bdd import parsers, then

from domain.casework.case_replay import ONLY_FILED, Reading
from tests.drivers import Json
from tests.steps.looking import Look, at, rows
from tests.steps.world import World

Table = list[list[str]]
READINGS = {how.label: how for how in Reading}
OF_CHANGE: Mapping[str, Look] = {
    "项": at("label"),
    "原来": at("before_said"),
    "现在": at("after_said"),
    "当时所记": at("recorded_said"),
    "第几步更正": at("corrected_by"),
}
OF_RULE: Mapping[str, Look] = {"编号": at("rule"), "规则": at("sentence")}
OF_CLOCK: Mapping[str, Look] = {"时钟": at("label"), "灯": at("light_label"), "余时": at("left")}


class Again(parsers.re):
    """按当时所知重演，第3步…"""

    def __init__(self, words: str) -> None:
        super().__init__(f"按(?P<how>{'|'.join(READINGS)})重演，{words}")


def step_of(world: World, how: str, number: str) -> Json:
    return world.replay(READINGS[how])[int(number) - 1]


@then(Again(r"第(?P<number>\d+)步的改动里有"))
def _(world: World, how: str, number: str, datatable: Table) -> None:
    named = {one["label"]: one for one in step_of(world, how, number)["changes"]}
    assert rows([named[line[0]] for line in datatable[1:]], OF_CHANGE, datatable) == datatable[1:]


@then(Again(r"第(?P<number>\d+)步没有改动"))
def _(world: World, how: str, number: str) -> None:
    step = step_of(world, how, number)
    assert (step["changes"], step["note"]) == ([], ONLY_FILED)


@then(Again(r"第(?P<number>\d+)步更正了第(?P<corrected>\d+)步"))
def _(world: World, how: str, number: str, corrected: str) -> None:
    assert step_of(world, how, number)["corrects"] == [int(corrected)]


@then(Again("没有一步是更正过的"))
def _(world: World, how: str) -> None:
    steps = world.replay(READINGS[how])
    assert [step["version"] for step in steps if step["corrects"]] == []
    assert [one for step in steps for one in step["changes"] if one["corrected_by"]] == []


@then(Again(r"第(?P<number>\d+)步的时钟是"))
def _(world: World, how: str, number: str, datatable: Table) -> None:
    assert rows(step_of(world, how, number)["clocks"], OF_CLOCK, datatable) == datatable[1:]


@then(Again(r"第(?P<number>\d+)步的依据是"))
def _(world: World, how: str, number: str, datatable: Table) -> None:
    assert rows(step_of(world, how, number)["rules"], OF_RULE, datatable) == datatable[1:]


@then(Again(r'第(?P<number>\d+)步写明"(?P<words>[^"]*)"'))
def _(world: World, how: str, number: str, words: str) -> None:
    step = step_of(world, how, number)
    assert words in (step["timing"], step["allowed"])
