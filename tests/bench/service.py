"""The real service in processes of its own, with two endpoints more: one does nothing, one does it the library's way.

Each is started with what it serves and a socket that listens already, so that nobody need wait for it.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import NamedTuple
from uuid import UUID

import orjson
from fastapi import FastAPI

from api.app import create_app, server_of
from api.logs import configure
from domain.incident.commands import TakeAction
from tests.bench.client import CONNECTIONS, get
from tests.bench.library import take_action
from tests.bench.stores import Place

NO_OP, LIBRARY = "/bench/no-op", "/bench/library/{case}/take-action"
Ports = list[int]


@dataclass(frozen=True, slots=True)
class Served:
    """Where the service keeps its cases, and where the library does."""

    ours: Place
    library: Place

    def words(self) -> list[str]:
        """As words of a command line."""
        return [word for place in (self.ours, self.library) for word in (str(place.folder), place.url or "")]

    @classmethod
    def of(cls, words: list[str]) -> Served:
        folder, url, other, its_url = words
        return cls(Place(Path(folder), url or None), Place(Path(other), its_url or None))


@contextmanager
def services(served: Served, processes: int) -> Iterator[Ports]:
    """The ports of so many processes, each begun when the one before it is ready, that end with the block."""
    with ExitStack() as stack:
        yield [stack.enter_context(service(served, nth)).port for nth in range(processes)]


class Running(NamedTuple):
    """One process, and where it listens."""

    port: int
    pid: int


@contextmanager
def service(served: Served, nth: int) -> Iterator[Running]:
    """Its `nth` process. Raises `RuntimeError` with its log if it cannot start: then connections to it are reset."""
    log = served.ours.folder / f"log-{nth}"
    with socket.create_server(("127.0.0.1", 0), backlog=CONNECTIONS) as listening:
        port, handle = listening.getsockname()[1], listening.fileno()
        command = [sys.executable, "-m", "tests.bench.service", str(handle), *served.words()]
        with log.open("w") as words:
            process = subprocess.Popen(command, pass_fds=[handle], stderr=words)
    with process:
        try:
            try:
                asyncio.run(get(port, "/livez"))
            except OSError as trouble:
                raise RuntimeError(log.read_text()) from trouble
            yield Running(port, process.pid)
        finally:
            process.terminate()


def await_views(loop: asyncio.Runner, ports: Ports) -> None:
    """What one contender left to the views must not slow down the next."""
    while any(orjson.loads(loop.run(get(port, "/readyz")))["lag"] for port in ports):
        sleep(0.01)


def serve(served: Served, listening: socket.socket) -> None:
    """Serve until told to stop, logging to standard error as the service does."""
    configure()
    app = create_app(served.ours.settings)
    _add_endpoints(app, served.library)
    server_of(app, served.ours.settings).run(sockets=[listening])


def _add_endpoints(app: FastAPI, place: Place) -> None:
    theirs = place.library()

    @app.post(NO_OP)
    async def no_op(command: TakeAction) -> dict[str, int]:
        """The body is read and validated, and that is all."""
        return {"position": 0}

    app.router.routes.insert(0, app.router.routes.pop())  # nor is it looked for among sixty others

    @app.post(LIBRARY)
    def whole_command(case: UUID, command: TakeAction) -> dict[str, int]:
        """As the library's documentation does it: a blocking endpoint, run in the framework's threads."""
        return {"version": take_action(theirs, case, command.note)}


if __name__ == "__main__":
    serve(Served.of(sys.argv[2:]), socket.socket(fileno=int(sys.argv[1])))
