"""A process that follows is killed in the middle of its work: no event is lost, none is counted twice."""

from __future__ import annotations

from contextlib import closing
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from domain.casework.application import CaseFiles, sqlite_env
from projections.engine import Views
from tests.histories import history, store
from tests.projections import showing

EVENTS = history(4)
KILLS = 3


def follow(path: Path, position: Connection) -> None:
    """In a process of its own: page after page, saying how far it has come."""
    views = Views(CaseFiles(env=sqlite_env(str(path / "events.db"))), path / "views.db", page=2)
    while views._step():
        position.send(views.position)
    position.send(None)


def kill_at(path: Path, wanted: int) -> None:
    """Let another process follow up to a position at least, then kill it, whatever it is at."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=follow, args=(path, theirs))
    process.start()
    theirs.close()
    while ours.recv() < wanted:
        pass
    process.kill()
    process.join()
    process.close()
    ours.close()


def test_a_killed_follower_goes_on_where_it_was(tmp_path: Path) -> None:
    with closing(CaseFiles(env=sqlite_env(str(tmp_path / "events.db")))) as files:
        store(files, EVENTS)
        for nth in range(1, KILLS + 1):
            kill_at(tmp_path, nth * 20)
        with closing(Views(files, tmp_path / "views.db")) as views, closing(showing.whole(EVENTS)) as expected:
            assert KILLS * 20 <= views.position < len(EVENTS), "else it was not killed at its work"
            views.catch_up()
            assert showing.shown(views) == showing.shown(expected)
