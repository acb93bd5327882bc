"""A folder for files that nobody needs any longer than the process lives."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from projections.leadership import FileLeadership

LOCK = "held.lock"


class Scratch:
    """In the system's temporary folder (TMPDIR). What a killed process left is thrown away by the next that begins."""

    def __init__(self, prefix: str) -> None:
        _sweep(prefix)
        self._folder, self._held = _new(prefix)
        self.path = Path(self._folder.name)

    def close(self) -> None:
        """The folder is gone, or goes with whoever is sweeping it at this very moment."""
        self._folder.cleanup()
        self._held.release()


def _new(prefix: str) -> tuple[TemporaryDirectory[str], FileLeadership]:
    """A folder, and the lock on it; another one if somebody swept it away before it was locked."""
    while True:
        folder = TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
        held = FileLeadership(Path(folder.name, LOCK))
        if held.take():
            return folder, held
        folder.cleanup()


def _sweep(prefix: str) -> None:
    """Throw away folders whose process is gone. One without a lock is only being made."""
    for lock in Path(gettempdir()).glob(f"{prefix}*/{LOCK}"):
        left = FileLeadership(lock)
        try:
            if left.take():
                shutil.rmtree(lock.parent, ignore_errors=True)
        except OSError:  # somebody else's, or thrown away meanwhile
            continue
        finally:
            left.release()
