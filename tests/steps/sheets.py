"""The steps that read the monthly sheet as it is printed."""

from __future__ import annotations

import csv
from io import StringIO

from pytest_bdd import then

from domain.incident.words import Stretch
from tests.drivers import Json, Query
from tests.steps.cast import PEOPLE
from tests.steps.figures import Asked
from tests.steps.world import World

Table = list[list[str]]
PRINTED = {"指标": "各项指标", "工作量": "做了多少", "工作量按性质": "工作量按性质", "担子": "担子"}
PRINTED |= {f"{stretch.label}的时间": stretch.label for stretch in Stretch}


@then(Asked(rf"月报表上，(?P<table>{'|'.join(PRINTED)})是"))
def _(world: World, query: Query, table: str, datatable: Table) -> None:
    header, *expected = datatable
    lines: dict[str, Json] = {}
    for cell in printed(world, query):
        if cell["表"] == PRINTED[table]:
            lines.setdefault(cell["名称"], {})[cell["项目"]] = cell["显示"]
    assert [[name, *(line[item] for item in header[1:])] for name, line in lines.items()] == expected


@then(Asked("月报表上没有任何人的名字"))
def _(world: World, query: Query) -> None:
    names = {cell["名称"] for cell in printed(world, query)}
    assert names, "什么也没有印出来。"
    assert not names & PEOPLE.keys()


def printed(world: World, query: Query) -> list[dict[str, str]]:
    """Every cell of the sheet, a line each."""
    asked = {"territory": query["territory"], "month": query["from_day"][:7]}
    asked |= {"as_of": query["as_of"]} if "as_of" in query else {}
    file = world.service.report(asked).decode("utf-8-sig")
    return [*csv.DictReader(StringIO(file, newline=""))]
