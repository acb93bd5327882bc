"""The generated registry: as large as Hecheng, drawn by a seed, fit to be taken in."""

from __future__ import annotations

from collections import Counter

import pytest

from api.demo.hecheng import ARTICLE, hecheng
from domain.model import Role
from domain.registry import commands as c
from domain.registry import drawn
from domain.registry.sheets import SHEETS, read_sheet, write_sheet
from domain.territory import Level, Territory
from tests.rules.scene import MORNING

LISTED = hecheng(1)


def taken_in(listed: c.ImportTerritory, before: Territory) -> Territory:
    return drawn(before, listed.changes(before, MORNING), MORNING)


@pytest.fixture(scope="module")
def territory() -> Territory:
    return taken_in(LISTED, Territory())


def test_it_has_the_numbers_of_the_article(territory: Territory) -> None:
    levels = Counter(node.level.value for node in territory.nodes)
    assert levels == {
        "city": 1, "district": 1, "street": 7, "community": 65, "estate": 392, "grid": 411, "building": 924,
    }  # fmt: skip
    assert len(territory.heads) == 3307
    assert Counter(member.role for member in territory.staff)[Role.GRID_OFFICER] == 430
    assert [sum(unit.name.startswith(word) for unit in territory.units) for word in ("市", "区")] == [97, 69]


def test_nothing_stands_empty(territory: Territory) -> None:
    assert territory.uncovered == ()
    for node in territory.nodes:
        if node.level not in (Level.BUILDING, Level.CITY):
            assert territory.children.get(node.id), node.name
        if node.level in (Level.COMMUNITY, Level.STREET):
            assert territory.posted(node.id), node.name
    assert {head.building for head in territory.heads} == {
        node.id for node in territory.nodes if node.level is Level.BUILDING
    }


def test_some_grids_are_rural_and_some_have_no_estate(territory: Territory) -> None:
    grids = [node for node in territory.nodes if node.level is Level.GRID]
    without = [grid for grid in grids if territory.level(grid.parent) is not Level.ESTATE]
    assert {grid.id for grid in grids if grid.rural} < {grid.id for grid in without}
    assert len(without) < len(grids) / 10


def test_households_are_skewed_about_three_hundred(territory: Territory) -> None:
    households = sorted(node.households for node in territory.nodes if node.level is Level.GRID)
    assert 270 <= sum(households) / len(households) <= 330
    assert households[len(households) // 2] < sum(households) / len(households)
    assert households[-1] > 3 * households[0]


def test_a_seed_is_a_registry(territory: Territory) -> None:
    assert hecheng(1) == LISTED
    assert hecheng(2) != LISTED
    assert taken_in(hecheng(2), Territory()).uncovered == ()


def test_the_places_of_the_article_are_in_it(territory: Territory) -> None:
    article = Territory.model_validate_json(ARTICLE.read_bytes())
    over = taken_in(LISTED, article)
    assert {node.id for node in over.nodes} == {node.id for node in territory.nodes}
    assert over.place("grid-chuangdan-1", "building-chuangdan-1-2") == article.place(
        "grid-chuangdan-1", "building-chuangdan-1-2"
    )
    assert list(LISTED.changes(over, MORNING)) == []


def test_its_sheets_are_taken_back(territory: Territory) -> None:
    sheets = [read_sheet(write_sheet(name, getattr(LISTED, name))) for name in SHEETS]
    assert [sheet.bad for sheet in sheets] == [()] * 4
    back = c.ImportTerritory.model_validate({sheet.name: sheet.rows for sheet in sheets})
    assert list(back.changes(territory, MORNING)) == []
