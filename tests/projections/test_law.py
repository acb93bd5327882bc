"""The law of the views: any cut of the log into pages, a rebuild, and a recomputation by hand all say the same."""

from __future__ import annotations

from contextlib import closing
from random import Random

import pytest

from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.incident.events import BY_TYPE
from projections.engine import Views
from projections.rebuilding import RebuildReport
from tests.histories import history, store, streams
from tests.projections import recomputation, showing, timing
from tests.projections.rooms import Room

SEEDS = range(20)


def test_the_histories_have_every_event_in_them() -> None:
    """Else the law would hold for want of trying."""
    topics = {event.topic for seed in SEEDS for event in history(seed)}
    assert topics > BY_TYPE.keys(), "and some of the registers, which the views pass over"


@pytest.mark.parametrize("seed", SEEDS)
def test_any_cut_into_pages_gives_the_same_views(room: Room, seed: int) -> None:
    draw = Random(seed)
    with closing(showing.whole(history(seed))) as one_page:
        expected = showing.shown(one_page)
    with closing(showing.cut(history(seed), draw, room)) as views:
        assert showing.shown(views) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_the_views_say_what_the_case_files_say(room: Room, seed: int) -> None:
    files = CaseFiles(env=MEMORY_ENV)
    case_files = list(streams(files, history(seed)).values())
    with closing(showing.whole(history(seed), room)) as views:
        assert showing.docket(views) == recomputation.docket(case_files)
        assert showing.workload(views) == recomputation.workload(case_files)
        assert showing.response_time(views) == timing.response_time(case_files)
        assert showing.stretches(views) == timing.rows(case_files)
        assert showing.holding(views) == timing.holding(case_files)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rebuild_equals_what_it_replaces(room: Room, seed: int) -> None:
    files = CaseFiles(env=MEMORY_ENV)
    store(files, history(seed))
    with closing(Views(files, room.open(), page=50)) as views:
        views.catch_up()
        before = showing.shown(views)
        names = tuple(view.name for view in showing.ALL)
        assert views.rebuild() == RebuildReport(len(history(seed)), equal=names)
        assert showing.shown(views) == before
