"""What is beside a key file: it is locked while keys are renewed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.casework.durable import PRIVATE


class KeyUsers:
    """The file beside one key file."""

    def __init__(self, key_file: Path) -> None:
        self.path = key_file.with_name(f"{key_file.name}.stores")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else holds this; it falls with the process. Raises `BlockingIOError` at once, other `OSError`s."""
        descriptor = self._opened()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(descriptor)

    def _opened(self) -> int:
        return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE)
