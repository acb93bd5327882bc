"""封存: new events become leaves, and a checkpoint over all of them is signed and kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from domain.casework.recorders import CaseRecorder, Stored
from projections.transparency import merkle
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.leaves import leaf_of
from projections.transparency.notes import Signer, Verifier
from projections.transparency.tiles import Tiles

PAGE = 10_000
CHECKPOINT, EARLIER = "checkpoint", "checkpoints"


class LogBroken(RuntimeError):
    """The store has less than was sealed. Carries a Chinese sentence."""


class Log:
    """The log of one store, in a folder: tiles, the last checkpoint, and every earlier one by its size."""

    def __init__(self, folder: Path, verifier: Verifier) -> None:
        self.folder, self.verifier = folder, verifier
        self.tiles = Tiles(folder)

    @property
    def note(self) -> str | None:
        """The last checkpoint as it is signed; None before anything was sealed."""
        path = self.folder / CHECKPOINT
        return path.read_text("utf-8") if path.exists() else None

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The same. Raises `NoteInvalid` for one that this log's key has not signed."""
        note = self.note
        return None if note is None else Checkpoint.opened(note, self.verifier)

    def earlier(self) -> Iterator[Checkpoint]:
        """Every checkpoint that was ever kept here, the smallest first. Raises `NoteInvalid`."""
        paths = (self.folder / EARLIER).glob("*")
        for path in sorted(paths, key=lambda path: int(path.name)):
            yield Checkpoint.opened(path.read_text("utf-8"), self.verifier)

    def seal(self, store: CaseRecorder, signer: Signer) -> Checkpoint:
        """Take in what is new and sign for all there is. One process at a time.

        The leaves are durable before the checkpoint that speaks of them: broken off, it is done again and the same
        comes out. Raises `LogBroken`, `NoteInvalid`, or what the store raises.
        """
        last = self.checkpoint or Checkpoint(self.verifier.name, 0, merkle.EMPTY, 0)
        head = store.max_notification_id()
        if head < last.position:
            raise LogBroken(f"已封存到第{last.position}条，库里却只有{head}条：请先用 bidao verify log 核对。")
        size, position = last.size, last.position
        for page in pages(store, position):
            self.tiles.append(size, [leaf_of(row) for row in page])
            size, position = size + len(page), page[-1].id
        sealed = Checkpoint(last.origin, size, merkle.root(size, self.tiles.node_of(size)), position)
        if sealed != last or self.note is None:
            self._keep(sealed, sealed.signed(signer))
        return sealed

    def _keep(self, checkpoint: Checkpoint, note: str) -> None:
        earlier = self.folder / EARLIER
        earlier.mkdir(parents=True, exist_ok=True)
        for path in (earlier / str(checkpoint.size), self.folder / CHECKPOINT):
            written = path.with_name(f"{path.name}.new")
            with written.open("w", encoding="utf-8", newline="\n") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            written.replace(path)


def pages(store: CaseRecorder, after: int, stop: int | None = None) -> Iterator[list[Stored]]:
    """All events after a position, in order, some at a time."""
    while page := list(store.select_notifications(after, PAGE, stop, inclusive_of_start=False)):
        yield page
        after = page[-1].id
