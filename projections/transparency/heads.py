"""卷尾声明: how many versions a stream had when the log had so many leaves, signed.

A Merkle tree knows no streams: without this word of the operator's a case could be shown without its last events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

from domain.casework import durable
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.notes import NoteInvalid, Signer, Verifier

FORM = "bidao/head/1"
"""The first line. A log cannot have it for its name: it is followed by a blank and the name."""
STREAM = re.compile(r"[0-9a-f]{32}")
COUNT = re.compile(r"0|[1-9][0-9]{0,15}")


class Head(NamedTuple):
    """Among the first `size` leaves the last event of a stream (its id as it is stored, in hex) has that version.

    Version 0 says that there is none.
    """

    stream: str
    version: int
    size: int

    def text(self, origin: str) -> str:
        """As it is signed: form and log, stream, version, size."""
        return f"{FORM} {origin}\n{self.stream}\n{self.version}\n{self.size}\n"

    def within(self, checkpoint: Checkpoint) -> bool:
        """Whether it speaks of no later leaf."""
        return self.size <= checkpoint.size

    def signed(self, signer: Signer) -> str:
        """The note."""
        return signer.signed(self.text(signer.name))

    @classmethod
    def opened(cls, note: str, verifier: Verifier) -> Self:
        """From a note signed by that key, of the log it belongs to. Raises `NoteInvalid`."""
        form, *said, end = verifier.opened(note).split("\n")
        stream, version, size = said if len(said) == 3 else ("", "", "")
        counted = COUNT.fullmatch(version) and COUNT.fullmatch(size)
        if form != f"{FORM} {verifier.name}" or end or not STREAM.fullmatch(stream) or not counted:
            raise NoteInvalid("不是这份日志的卷尾声明：应为案卷、版本和件数。")
        return cls(stream, int(version), int(size))


class Heads:
    """The statements that were ever handed out, each in a file of a folder, so that they are held against the log."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, head: Head, note: str) -> None:
        """Before it is handed out; of the same statement the first is kept."""
        path = self._folder / f"{head.size}-{head.stream}-{head.version}"
        if not path.exists():
            durable.write(path, note.encode())

    def notes(self) -> Iterator[str]:
        """Every one of them."""
        return (path.read_text("utf-8") for path in self._folder.glob("*-*-*[0-9]"))
