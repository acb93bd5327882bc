"""A process that keeps the views of a store until it is killed, and says how it stands when asked."""

from __future__ import annotations

from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import NamedTuple

from tests.projections.rooms import Home


class Standing(NamedTuple):
    leads: bool
    position: int


class Follower:
    """In a process of its own."""

    def __init__(self, home: Home) -> None:
        spawn = get_context("spawn")
        self.dead = False
        self._ours, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_follow, args=(home, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def standing(self) -> Standing:
        """How it stands; waits until it has started."""
        self._ours.send(None)
        told: Standing = self._ours.recv()
        return told

    def kill(self) -> None:
        """End it as a power cut would, whatever it is at."""
        self.dead = True
        self._process.kill()
        self._process.join()
        self._process.close()
        self._ours.close()


def _follow(home: Home, asked: Connection) -> None:
    views = home.views(home.files(), page=20)
    views.start()
    while True:
        asked.recv()
        asked.send(Standing(views.leads, views.position))
