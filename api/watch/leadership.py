"""Of the processes that serve one store, one keeps the watch."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Protocol


class Leadership(Protocol):
    """A right that one process holds at a time, and that falls free when it dies, however it dies."""

    def take(self) -> bool:
        """Whether this process holds it now: it did already, or nobody else does. Returns at once."""

    def release(self) -> None:
        """Let others have it."""


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
