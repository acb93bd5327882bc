"""The real service in a process of its own, with two endpoints more: one does nothing, one does it the library's way.

Started with the folder to work in and a socket that listens already, so that nobody need wait for it.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from uuid import UUID

from fastapi import FastAPI

from api.app import create_app, server_of
from api.logs import configure
from api.settings import Settings
from domain.incident.commands import TakeAction
from tests.bench.library import library, take_action

NO_OP, LIBRARY = "/bench/no-op", "/bench/library/{case}/take-action"


def settings_in(folder: Path) -> Settings:
    """The service's files, and the header that says who asks."""
    return Settings(data=folder / "data", registry=folder / "registry.json", header_identity=True)


def library_store(folder: Path) -> Path:
    return folder / "library.db"


def serve(folder: Path, listening: socket.socket) -> None:
    """Serve until told to stop, logging to standard error as the service does."""
    configure()
    app = create_app(settings_in(folder))
    _add_endpoints(app, folder)
    server_of(app, settings_in(folder)).run(sockets=[listening])


def _add_endpoints(app: FastAPI, folder: Path) -> None:
    theirs = library(library_store(folder))

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
    serve(Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])))
