"""Processes of the service that are killed and started again, each forked from one that has imported everything."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from api import following
from api.app import create_app
from api.logs import configure
from api.settings import Settings
from tests.server import answering

FORK = get_context("forkserver")
FORK.set_forkserver_preload([__name__, "tests.faults.built"])  # a start takes 0.1 s instead of 2
Target = Callable[[Settings, Path, Connection], None]
"""What a process does: under these settings, with its words in this file, and telling once that it is ready."""


def serve(settings: Settings, log: Path, told: Connection) -> None:
    """The whole service, until it is killed."""
    from tests.faults.built import ROUTES  # not above: it takes long, and is there already where processes are forked

    speak_into(log)
    app = create_app(settings)
    app.router.routes[:] = ROUTES
    with answering(app, settings) as base:
        told.send(base)
        with suppress(EOFError):
            told.recv()


def follow(settings: Settings, log: Path, told: Connection) -> None:
    """A projection worker as operators start it, until it is killed."""
    speak_into(log)
    if settings.postgres is not None:
        os.environ["BIDAO_DATABASE_URL"] = settings.postgres
    told.send("a worker has no address")
    following.follow(settings.data)


def speak_into(log: Path) -> None:
    """What the process says goes to a file that outlives it."""
    with log.open("a") as words:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(words.fileno(), stream.fileno())
    configure()


@dataclass(slots=True)
class Killable:
    """One process, dead or alive, and the next one in its place."""

    name: str
    target: Target
    settings: Settings
    log: Path
    address: str | None = None
    """Where it answers, once it has said so."""
    _process: BaseProcess | None = None
    _ours: Connection | None = None
    _getting_ready: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self) -> None:
        """Begin, and hear when it is ready. Within a running loop."""
        self._ours, theirs = FORK.Pipe()
        self._process = FORK.Process(target=self.target, args=(self.settings, self.log, theirs), name=self.name)
        self._process.start()
        theirs.close()
        task = asyncio.create_task(self._hear(self._ours))
        self._getting_ready.add(task)
        task.add_done_callback(self._getting_ready.discard)

    def kill(self) -> bool:
        """kill -9, and another one in its place at once; always true. It may be killed while it starts."""
        self.stop()
        self.start()
        return True

    async def ready(self, seconds: float) -> str:
        """Its address. Raises `RuntimeError` with its last words when it does not come up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.address is None:
                    self.revive()
                    await asyncio.sleep(0.05)
        if self.address is None:
            raise RuntimeError(f"{self.name} does not come up: {self.log.read_text()[-2000:]}")
        return self.address

    def revive(self) -> None:
        """Start it again if it ended by itself, as a supervisor would."""
        if self._process is not None and not self._process.is_alive():
            self.kill()

    def stop(self) -> None:
        """kill -9, and nobody in its place."""
        self.address = None
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._process = None

    async def _hear(self, ours: Connection) -> None:
        """Note the address it tells; nothing if it dies before."""
        with suppress(EOFError, OSError):
            address: str = await asyncio.to_thread(ours.recv)
            if ours is self._ours:
                self.address = address
