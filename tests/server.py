"""The service over real HTTP, in a thread of this process, on a free port of this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any, NamedTuple

from fastapi import FastAPI, Request

from api.app import create_app, server_of
from api.settings import Settings
from domain.casework.application import now


def settings_for(data: Path, **changes: Any) -> Settings:
    """Settings for a test: files under `data`, identity by header, nothing that happens by itself."""
    return Settings(data=data, **{"header_identity": True, "watch": False, **changes})


@contextmanager
def serving(
    settings: Settings, clock: Callable[[], datetime] = now, listening: socket.socket | None = None
) -> Iterator[str]:
    """Serve until the block ends, then shut down as in operation; gives the base URL."""
    with answering(create_app(settings, clock), settings, listening) as url:
        yield url


@contextmanager
def answering(app: FastAPI, settings: Settings, listening: socket.socket | None = None) -> Iterator[str]:
    """The same for an application already made."""
    server = server_of(app, settings)
    with listening or socket.create_server((settings.host, 0)) as listening:
        thread = Thread(target=server.run, args=([listening],), name="test-server")
        thread.start()
        try:
            while not server.started:
                if not thread.is_alive():
                    raise RuntimeError("the service did not start: see the log above")
                sleep(0.005)
            host, port = listening.getsockname()[:2]
            yield f"http://{host}:{port}"
        finally:
            server.should_exit = True
            thread.join()


TICK = "/tick"
"""Where a scenario lets the watch go round once: it is a test's, not a door of the service."""


class Door(NamedTuple):
    """One application at one port for a whole run: what is slow to build is built once."""

    app: FastAPI
    url: str


@contextmanager
def open_door(directory: Path) -> Iterator[Door]:
    """Serve until the block ends. Whoever uses the door puts a service of their own behind it."""
    settings = settings_for(directory)
    app = create_app(settings)
    app.add_api_route(TICK, _tick, methods=["POST"])
    with answering(app, settings) as url:
        yield Door(app, url)


async def _tick(request: Request) -> dict[str, int]:
    watch = request.app.state.service.watch
    tally = asdict(await watch.tick())
    await watch.forget()
    return tally
