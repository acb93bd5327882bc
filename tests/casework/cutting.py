"""A door to PostgreSQL that cuts the connection: the server has answered, and its answer never arrives."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from psycopg.conninfo import conninfo_to_dict, make_conninfo


@contextmanager
def cut_after(tag: bytes, url: str) -> Iterator[tuple[str, Event]]:
    """The address of the door. Once armed, it cuts one connection on whose way back `tag` appears, and is disarmed."""
    parts = conninfo_to_dict(url)
    armed = Event()
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as door:  # a socket's path has to be short
        door.bind(str(Path(folder) / ".s.PGSQL.5432"))
        door.listen()
        Thread(target=_serve, args=(door, parts, tag, armed), daemon=True).start()
        try:
            yield make_conninfo(url, host=folder, port=5432), armed
        finally:
            door.shutdown(socket.SHUT_RDWR)


def _serve(door: socket.socket, parts: dict[str, object], tag: bytes, armed: Event) -> None:
    with suppress(OSError):
        while True:
            client, _ = door.accept()
            server = _reach(str(parts["host"]), int(str(parts.get("port", 5432))))
            Thread(target=_pass, args=(client, server, None, armed), daemon=True).start()
            Thread(target=_pass, args=(server, client, tag, armed), daemon=True).start()


def _reach(host: str, port: int) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{host}/.s.PGSQL.{port}")
    return server


def _pass(source: socket.socket, target: socket.socket, tag: bytes | None, armed: Event) -> None:
    with suppress(OSError):
        while words := source.recv(65536):
            if tag is not None and armed.is_set() and tag in words:
                armed.clear()
                break
            target.sendall(words)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    source.close()
