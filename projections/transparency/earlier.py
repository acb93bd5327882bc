"""Earlier checkpoints: the last of every minute for a day, then the last of every hour, for ever.

None is needed to prove anything: the tree of every size can be had from the tiles, so whoever holds a checkpoint that
is not kept here can still be shown that the log goes on from it. These are for whoever holds none.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from domain.casework import durable

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600


class Earlier:
    """Notes in a folder, each under the size of its tree; the time of the file says when it was signed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, size: int) -> str:
        """The checkpoint of that size. Raises `FileNotFoundError`."""
        return (self._folder / str(size)).read_text("utf-8")

    def notes(self) -> Iterator[str]:
        """Every one that is kept, the smallest first."""
        for size in sorted(self._sizes()):
            yield self.note(size)

    def keep(self, size: int, note: str, signed: float) -> None:
        """Keep one that was signed at that time (Unix, seconds)."""
        path = self._folder / str(size)
        durable.write(path, note.encode())
        os.utime(path, (signed, signed))

    def thin(self, now: float, spared: Collection[int]) -> None:
        """Of those older than a day leave the last of each hour, and what is spared."""
        last = dict[int, int]()
        for size in sorted(self._sizes()):
            signed = (self._folder / str(size)).stat().st_mtime
            if signed >= now - DAY:
                continue
            before = last.get(int(signed // HOUR))
            if before is not None and before not in spared:
                (self._folder / str(before)).unlink()
            last[int(signed // HOUR)] = size

    def _sizes(self) -> Iterator[int]:
        return (int(path.name) for path in self._folder.glob("*") if path.name.isdecimal())
