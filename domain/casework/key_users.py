"""Which stores a key file serves: a line for each in a file beside it, which is also locked while keys are renewed.

A store is known by where it is. It is noted whenever it is opened, so whoever would destroy a key-encryption key learns
of a restored copy or another database that has the file too. Who may not write there is not noted.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from domain.casework.durable import PRIVATE


class KeyUsers:
    """The stores of one key file, by their `CaseRecorder.place`; `own` is that of whoever asks."""

    def __init__(self, key_file: Path, own: str) -> None:
        self.path = key_file.with_name(f"{key_file.name}.stores")
        self.own = " ".join(own.split())

    def note(self) -> None:
        """Note the store of whoever asks, once."""
        with suppress(OSError):
            if self.own and self.own not in self._all():
                self._append()

    def others(self) -> list[str]:
        """The places of all others, in the order they came. Raises `OSError`."""
        return [place for place in self._all() if place != self.own]

    def disown_others(self) -> None:
        """Forget them: somebody says that none of them is in use any more. Raises `OSError`."""
        os.truncate(self.path, 0)
        self._append()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else holds this; it falls with the process. Raises `BlockingIOError` at once, other `OSError`s."""
        descriptor = self._opened()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(descriptor)

    def _all(self) -> list[str]:
        try:
            return list(dict.fromkeys(filter(None, self.path.read_text("utf-8", "replace").splitlines())))
        except FileNotFoundError:
            return []

    def _append(self) -> None:
        with os.fdopen(self._opened(), "wb") as file:
            file.write(f"{self.own}\n".encode())
            file.flush()
            os.fsync(file.fileno())

    def _opened(self) -> int:
        return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE)
