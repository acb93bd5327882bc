"""封存: new events become leaves, and a checkpoint over all of them is signed and kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from time import time

from domain.casework import durable
from domain.casework.recorders import CaseRecorder, LogLine
from projections.transparency import merkle
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.earlier import HOUR, MINUTE, Earlier
from projections.transparency.heads import Head, Heads
from projections.transparency.keys import KEYS, LogKeys
from projections.transparency.leaves import leaves_of
from projections.transparency.notes import NoteInvalid, Signer, Verifier
from projections.transparency.successions import Succession
from projections.transparency.tiles import WIDTH, Tiles

PAGE, AT_ONCE = WIDTH, 64 * WIDTH
"""Events that are read together, while they stay in the processor's cache; leaves that are written together."""
CHECKPOINT, EARLIER, KEY, HEADS = "checkpoint", "checkpoints", "key", "heads"


class LogBroken(RuntimeError):
    """The store is not what was sealed. Carries a Chinese sentence."""


class Log:
    """The log of one store, in a folder: tiles, keys, the last checkpoint, and some earlier ones by their size.

    `verifier` is the key somebody trusts: the one that signs now, or one it was changed from or to.
    """

    def __init__(self, folder: Path, verifier: Verifier, clock: Callable[[], float] = time) -> None:
        self.folder, self.verifier = folder, verifier
        self.tiles, self._earlier = Tiles(folder), Earlier(folder / EARLIER)
        self._clock = clock

    @property
    def keys(self) -> LogKeys:
        """The key that signs now and those before it. Raises `NoteInvalid`."""
        path = self.folder / KEYS
        if not path.exists():
            return LogKeys((), self.verifier)
        return LogKeys.parse(path.read_text("utf-8", "replace"), self.verifier)

    @property
    def note(self) -> str | None:
        """The last checkpoint as it is signed; None before anything was sealed."""
        path = self.folder / CHECKPOINT
        return path.read_text("utf-8") if path.exists() else None

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The same. Raises `NoteInvalid` for one that this log's key has not signed."""
        note = self.note
        return None if note is None else self.keys.checkpoint(note)

    def earlier(self) -> Iterator[Checkpoint]:
        """Every checkpoint that is kept, the smallest first. Raises `NoteInvalid`."""
        keys = self.keys
        return map(keys.checkpoint, self._earlier.notes())

    def heads(self) -> Iterator[Head]:
        """Every statement that was handed out. Raises `NoteInvalid`."""
        keys = self.keys
        return (keys.opened(note, Head.opened) for note in Heads(self.folder / HEADS).notes())

    def state(self, head: Head, signer: Signer) -> str:
        """The signed statement, kept before anybody has it."""
        note = head.signed(signer)
        Heads(self.folder / HEADS).keep(head, note)
        return note

    def seal(self, store: CaseRecorder, signer: Signer) -> Checkpoint:
        """Take in what is new and sign for all there is. One process at a time.

        The leaves are durable before the checkpoint that speaks of them: broken off, it is done again and the same
        comes out. Raises `LogBroken`, `NoteInvalid`, or what the store or the folder raises.
        """
        keys = self.keys
        if signer.verifier != keys.current:
            raise NoteInvalid("签名的密钥不是日志现在用的，请核对 log.key。")
        last = self.checkpoint
        sealed = self._extended(store, last)
        if last is None:
            durable.write(self.folder / KEY, f"{signer.verifier}\n".encode())
        if sealed != last:
            self._keep(sealed.signed(signer), last)
        return sealed

    def rotate(self, store: CaseRecorder, old: Signer, new: Signer) -> Checkpoint:
        """Let a new key sign from now on; the first checkpoint it signs is the last of the old one. Raises as `seal`.

        Broken off, it is to be done again with the same two keys.
        """
        keys, last = self.keys, self.checkpoint
        if keys.current == old.verifier:
            until = self._extended(store, last)
            changed = keys.changed(Succession.signed(old, new, until))
            again = any(one.until == until for one in keys.successions)  # nothing was written since the change before
            note = self._earlier.note(until.size) if again else until.signed(old)
            self._earlier.keep(until.size, new.cosigned(note), self._clock())
            durable.write(self.folder / KEYS, str(changed).encode())
        until = self.keys.successions[-1].until
        self._keep(self._earlier.note(until.size), last)
        durable.write(self.folder / KEY, f"{new.verifier}\n".encode())
        return until

    def _extended(self, store: CaseRecorder, last: Checkpoint | None) -> Checkpoint:
        """Everything up to now, once its leaves are durable."""
        last = last or Checkpoint(self.verifier.name, 0, merkle.EMPTY, 0)
        head = store.max_notification_id()
        if head < last.position:
            raise LogBroken(f"已封存到第{last.position}条，库里却只有{head}条：请先用 bidao verify log 核对。")
        if last.size and head > last.position:
            self._require_end(store, last)
        size, position, new = last.size, last.position, list[bytes]()
        for page in pages(store, position, head):
            new += leaves_of(page)
            position = page[-1][0]
            if len(new) >= AT_ONCE:
                self.tiles.append(size, new)
                size, new = size + len(new), []
        self.tiles.append(size, new)
        size += len(new)
        return Checkpoint(last.origin, size, merkle.root(size, self.tiles.node_of(size)), position)

    def _require_end(self, store: CaseRecorder, last: Checkpoint) -> None:
        """Nothing goes on from another event than was sealed last, as in a store restored to an earlier moment."""
        lines = store.select_log(last.position - 1, last.position, 1)
        tile = (last.size - 1) // WIDTH
        if leaves_of(lines) != self.tiles.leaves(last.size, tile)[-1:]:
            raise LogBroken(f"第{last.position}条事件不是封存时的那一条：请先用 bidao verify log 核对。")

    def _keep(self, note: str, last: Checkpoint | None) -> None:
        """Put a checkpoint in place of the last, which is kept if it was the last of its minute.

        At a change of keys one is kept already, with both signatures.
        """
        path, now = self.folder / CHECKPOINT, self._clock()
        if last:
            signed, changes = path.stat().st_mtime, {one.until.size for one in self.keys.successions}
            if signed // MINUTE != now // MINUTE and last.size not in changes:
                self._earlier.keep(last.size, path.read_text("utf-8"), signed)
            if signed // HOUR != now // HOUR:
                self._earlier.thin(now, changes)
        durable.write(path, note.encode())
        os.utime(path, (now, now))


def log_in(folder: Path) -> Log | None:
    """The log in a folder by its own word of whose it is; None where there is none. Raises `KeyInvalid`."""
    path = folder / KEY
    return Log(folder, Verifier.parse(path.read_text("utf-8"))) if path.exists() else None


def pages(store: CaseRecorder, after: int, stop: int) -> Iterator[list[LogLine]]:
    """All events after one position and up to another, in order, some at a time."""
    while page := store.select_log(after, stop, PAGE):
        yield page
        after = page[-1][0]
