"""Files that are there whole or not at all, also after the power was cut."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex


def write(path: Path, content: bytes) -> None:
    """Put a file in its place, durable with its name when this returns. The folder is made if it is missing."""
    put(path, content)
    settle(path.parent)


def put(path: Path, content: bytes) -> None:
    """The same, but for the name: that is durable once its folder is settled."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{token_hex(4)}.new")  # whoever writes the same at the same time has another
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def settle(folder: Path) -> None:
    """Make the names in a folder durable."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
