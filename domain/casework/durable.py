"""Files that are there whole or not at all, also after the power was cut."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

PRIVATE = 0o600
"""The mode of files that nobody else may read."""
UNFINISHED = ".new"
"""What the names of files end on that are being written, or were when the power was cut."""


def write(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Put a file in its place, durable with its name when this returns. The folder is made if it is missing."""
    put(path, content, mode)
    settle(path.parent)


def put(path: Path, content: bytes, mode: int = 0o666) -> None:
    """The same, but for the name: that is durable once its folder is settled."""
    with _fresh(path, content, mode) as fresh:
        fresh.replace(path)


def make(path: Path, content: bytes) -> None:
    """Put a private file where none is, durable with its name; of those who do so at once, one makes it."""
    with _fresh(path, content, PRIVATE) as fresh, suppress(FileExistsError):
        os.link(fresh, path)
    settle(path.parent)


def settle(folder: Path) -> None:
    """Make the names in a folder durable."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def _fresh(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """The content under another name beside its own, durable; that name is gone afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whoever writes the same at the same time has another.
    fresh = path.with_name(f"{path.name}.{token_hex(4)}{UNFINISHED}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)
