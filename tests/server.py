"""The service over real HTTP, in a thread of this process, on a free port of this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

from fastapi import FastAPI

from api.app import create_app, server_of
from api.settings import Settings
from domain.casework.application import now


def settings_for(data: Path, **changes: Any) -> Settings:
    """Settings for a test: files under `data`, identity by header."""
    return Settings(data=data, header_identity=True, **changes)


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
