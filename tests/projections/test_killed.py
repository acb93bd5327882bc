"""A process that follows is killed in the middle of its work: no event is lost, none is counted twice."""

from __future__ import annotations

from contextlib import closing
from multiprocessing import get_context
from multiprocessing.connection import Connection

import pytest

from tests.histories import history, store
from tests.projections import showing
from tests.projections.rooms import Home

EVENTS = history(4)
KILLS = 3


def follow(home: Home, position: Connection) -> None:
    """In a process of its own: page after page, saying how far it has come."""
    views = home.views(home.files(), page=2)
    while views._step():
        position.send(views.position)
    position.send(None)


def kill_at(home: Home, wanted: int) -> None:
    """Let another process follow up to a position at least, then kill it, whatever it is at."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=follow, args=(home, theirs))
    process.start()
    theirs.close()
    while ours.recv() < wanted:
        pass
    process.kill()
    process.join()
    process.close()
    ours.close()


@pytest.mark.parametrize("home", ["sqlite", "postgres"], indirect=True)
def test_a_killed_follower_goes_on_where_it_was(home: Home) -> None:
    with closing(home.files()) as files:
        home.views(files).close()
        store(files, EVENTS)
        for nth in range(1, KILLS + 1):
            kill_at(home, nth * 20)
        with closing(home.views(files)) as views, closing(showing.whole(EVENTS)) as expected:
            assert KILLS * 20 <= views.position < len(EVENTS), "else it was not killed at its work"
            views.catch_up()
            assert showing.shown(views) == showing.shown(expected)
