"""Processes that build views are killed at any step: the next goes on, and no two of them do the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from math import ceil
from random import Random

import pytest

from domain.casework.case_files import CaseFiles
from projections import ALL
from projections.database import Dialect
from projections.generations import buildings, finishing, replaced
from tests.histories import history, store
from tests.projections import showing
from tests.projections.building import PAGE, BuildingProcess, tables
from tests.projections.rooms import Home
from tests.projections.waiting import until

EVENTS = history(4)
KILLS = 6
SHOWN = len(ALL) + 1
"""Tables of one generation of each: the docket has one for its counts."""

pytestmark = pytest.mark.parametrize("home", ["sqlite", "postgres"], indirect=True)


@pytest.fixture(scope="module")
def expected() -> dict[str, showing.Rows]:
    with closing(showing.whole(EVENTS)) as views:
        return showing.shown(views)


@pytest.fixture
def files(home: Home) -> Iterator[CaseFiles]:
    with closing(home.files()) as files:
        store(files, EVENTS)
        yield files


def started(home: Home, *, again: bool = False) -> BuildingProcess:
    process = BuildingProcess(home, again=again)
    process.begin()
    return process


def all_steps(dialect: Dialect) -> int:
    """How often it is noted that a building has come further, if every page and step is done once."""
    return sum(len(finishing(view, 1, dialect)) + ceil(len(EVENTS) / PAGE) for view in ALL)


def test_a_building_killed_again_and_again_goes_on_where_it_was(
    home: Home, files: CaseFiles, expected: dict[str, showing.Rows]
) -> None:
    draw, noted, killed = Random(5), 0, 0
    for _ in range(KILLS):
        process = started(home)
        killed += process.kill_at(draw.randint(1, 30), draw)
        noted += process.steps.count("_note")
    last = started(home)
    noted += last.said().count("_note")
    last.end()
    assert killed > 2, "else it was not killed at its work"
    with closing(home.views(files)) as views:
        steps = all_steps(views._tables.database.dialect)
        assert noted <= steps + killed, "what was being written when it was killed, and no more, was done twice"
        assert views.underway() == []
        assert showing.shown(views) == expected
        assert len(tables(views)) == SHOWN, "nothing is left over"
        assert views.rebuild().equal == tuple(view.name for view in ALL)


def test_a_rebuild_that_was_killed_is_finished_by_whoever_keeps_the_views(
    home: Home, files: CaseFiles, expected: dict[str, showing.Rows]
) -> None:
    draw, killed = Random(8), 0
    with closing(home.views(files)) as views:
        views.catch_up()
        for nth in range(KILLS):
            process = started(home, again=nth % 2 == 0)
            killed += process.kill_at(draw.randint(10, 40), draw)
            assert showing.shown(views) == expected, "they are read meanwhile"
        started(home, again=True).kill_at(5, draw)
        if not views.underway():  # what was begun before had little left to do, and is done
            started(home, again=True).kill_at(5, draw)
        assert {view.name for view in views.underway()} == {view.name for view in ALL}
        views.start(grace=0)
        until(lambda: views.underway() == [] and len(tables(views)) == SHOWN)
        with views.reading() as transaction:
            assert (buildings(transaction), replaced(transaction)) == ({}, [])
        assert killed > 2, "else it was not killed at its work"
        assert showing.shown(views) == expected


def test_of_two_processes_that_start_together_one_builds(
    home: Home, files: CaseFiles, expected: dict[str, showing.Rows]
) -> None:
    both = [BuildingProcess(home), BuildingProcess(home)]
    for one in both:
        one.begin()
    steps = [step for one in both for step in one.said()]
    for one in both:
        one.end()
    with closing(home.views(files)) as views:
        assert steps.count("read") == ceil(len(EVENTS) / PAGE), "every page was read once"
        assert steps.count("_note") == all_steps(views._tables.database.dialect)
        assert len(tables(views)) == SHOWN
        assert showing.shown(views) == expected


def test_when_the_one_that_builds_is_killed_another_goes_on(
    home: Home, files: CaseFiles, expected: dict[str, showing.Rows]
) -> None:
    both = [BuildingProcess(home), BuildingProcess(home)]
    for one in both:
        one.begin()
    until(lambda: any(one.works() for one in both))
    [builds] = [one for one in both if one.works()]
    [waits] = [one for one in both if one is not builds]
    builds.kill_at(15, Random(3))
    assert waits.said().count("read") < ceil(len(EVENTS) / PAGE), "and not from the beginning"
    waits.end()
    with closing(home.views(files)) as views:
        assert showing.shown(views) == expected
        assert len(tables(views)) == SHOWN
