"""Writes the golden file of every event that has none yet: `python -m tests.stored.write`.

A golden file is what the codec wrote on the day the event was born. It is never written again: when an
event changes, its schema version grows, an upcast is added, and the new version gets a file of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

from domain.casework import recording
from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.casework.recording import BY_TYPE
from tests.stored.fictional import line

HERE = Path(__file__).parent
MAPPER = CaseFiles(env=MEMORY_ENV).lines


def golden(name: str, version: int) -> Path:
    return HERE / f"{name}.v{version}.json"


def encoded(name: str) -> bytes:
    """The state that the codec stores, and a line feed."""
    return recording.encoded(line(name)) + b"\n"


def write(path: Path, state: bytes) -> None:
    """Raises `FileExistsError` rather than write a second time."""
    with path.open("xb") as file:
        file.write(state)


def main() -> None:
    for name, event in BY_TYPE.items():
        path = golden(name, event.schema_version)
        if not path.exists():
            write(path, encoded(name))
            sys.stdout.write(f"{path.name}\n")


if __name__ == "__main__":
    main()
