"""Of the processes that serve one store, one leads."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

LIVELY = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "1",
    "keepalives_count": "3",
    "tcp_user_timeout": "8000",
    # The same for the server's side: a lock of a machine that is gone must not outlive it by hours.
    "options": "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3",
}
"""How we connect: within seconds both ends know that the other one is gone."""


class Leadership(Protocol):
    """A right that one process holds at a time, and that falls free when it dies, however it dies."""

    def take(self) -> bool:
        """Whether this process holds it now: it did already, or nobody else does. Does not wait for others."""

    def release(self) -> None:
        """Let others have it."""


class SharedLeadership:
    """Held by everybody, where nothing has to be done by one alone."""

    def take(self) -> bool:
        return True

    def release(self) -> None:
        pass


class FileLeadership:
    """Held by a lock on a file; the operating system lets go of it with the process, after kill -9 as well.

    The file is nothing but the lock: a database's own files must not be opened and closed beside their driver.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: int | None = None

    def take(self) -> bool:
        if self._held is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._held = file
        return True

    def release(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None


class PostgresLeadership:
    """Held by an advisory lock of a session of its own; the server lets go of it with the connection.

    `schema` and `name` say what is led. Wants the server itself, or a pooler that keeps
    sessions apart. For one thread at a time; `take` speaks to the server, so call it where one may wait.
    """

    def __init__(self, url: str, schema: str, name: str) -> None:
        self._url, self._key = url, lead_key(schema, name)
        self._session: psycopg.Connection[Any] | None = None
        self._held = False

    def take(self) -> bool:
        """As promised; False, too, when the server cannot be reached."""
        try:
            if self._session is None:
                self._session = session(self._url)
            # Asked again, the lock would have to be let go of twice; any question tells whether the session lives.
            question = "SELECT true" if self._held else f"SELECT pg_try_advisory_lock({self._key})"
            [self._held] = self._session.execute(question).fetchone() or (False,)
        except psycopg.Error:
            self.release()
        return self._held

    def release(self) -> None:
        self._held = False
        if self._session is not None:
            with suppress(psycopg.Error), self._session:
                self._session.execute("SELECT pg_advisory_unlock_all()")  # the server would take a moment to notice
            self._session = None


def session(url: str) -> psycopg.Connection[Any]:
    """A connection of one's own, each statement a transaction. Raises the driver's error."""
    return psycopg.connect(lively(url), autocommit=True)


def lively(url: str) -> str:
    """The same address, and how we connect, unless it says so itself."""
    given = conninfo_to_dict(url)
    options = f"{given.get('options') or ''} {LIVELY['options']}"
    return make_conninfo("", **{**LIVELY, **given, "options": options})


def lead_key(schema: str, name: str) -> int:
    """The key of the lock that whoever leads this holds."""
    return lock_key("lead", schema, name)


def lock_key(*words: str) -> int:
    """The key of an advisory lock: 64 bits, signed. Locks of the event store have two halves, and never meet it."""
    return int.from_bytes(sha256("\0".join(words).encode()).digest()[:8], signed=True)
