"""A process that builds views until it is killed: it says each step it takes, so that it can be killed at any."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from random import Random
from time import sleep
from typing import Any

from projections import rebuilding
from projections.engine import Views
from projections.pages import Pages
from projections.rebuilding import Rebuilding
from tests.projections.rooms import Home

PAGE = 20
"""Events that such a process takes in at a time."""
MOMENT = 0.02
"""Seconds within which a step ends, mostly: it is killed at any time in it."""


class BuildingProcess:
    """Builds what is to be built in a process of its own, again (`rebuild`) or for the first time."""

    def __init__(self, home: Home, *, again: bool = False) -> None:
        spawn = get_context("spawn")
        self._ours, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_build, args=(home, again, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.steps: list[str] = []

    def begin(self) -> None:
        """Let it go, once it is ready to."""
        assert self._ours.recv() == "ready"
        self._ours.send("go")

    def works(self) -> bool:
        """Whether it has said a step."""
        return bool(self.steps) or self._ours.poll()

    def said(self) -> list[str]:
        """Every step until it is done."""
        while not self.steps or self.steps[-1] != "done":
            self.steps.append(self._ours.recv())
        return self.steps

    def kill_at(self, step: int, draw: Random) -> bool:
        """End it as a power cut would, in or after a step; False when it was done before."""
        with suppress(EOFError):
            while len(self.steps) < step and "done" not in self.steps:
                self.steps.append(self._ours.recv())
        sleep(draw.uniform(0, MOMENT))
        self.end()
        return "done" not in self.steps

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._process.close()
        self._ours.close()


def _build(home: Home, again: bool, told: Connection) -> None:
    rebuilding.PAGE = PAGE
    for step in ("_note", "_compare", "_swap"):
        _tell(Rebuilding, step, told, lambda *_: True)
    _tell(Pages, "read", told, lambda found, limit: found is not None and limit == PAGE)
    views = home.views(home.files())
    told.send("ready")
    told.recv()
    if again:
        views.rebuild()
    else:
        views.start(grace=0)
        while views.underway():
            sleep(0.01)
    told.send("done")
    told.recv()


def _tell(kind: type, name: str, told: Connection, counts: Callable[[Any, Any], bool]) -> None:
    """Let every call be told that counts, by what it found and how many events it asked for."""
    step = getattr(kind, name)

    def telling(self: Any, *asked: Any, **more: Any) -> Any:
        found = step(self, *asked, **more)
        if counts(found, asked[1] if len(asked) > 1 else None):
            told.send(name)
        return found

    setattr(kind, name, telling)


def tables(views: Views) -> list[str]:
    """The tables behind views, in the database."""
    with views._tables.database.reading() as transaction:
        return sorted(name for name in transaction.relations() if "~" in name)
