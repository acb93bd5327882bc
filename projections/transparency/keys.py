"""The keys of one log, one after the other: a new one begins with a checkpoint that the old one has signed as well.

`keys` in the log's folder has a line for each, oldest first: the public key, and for one that was changed the size of
the checkpoint up to which it counts. Nothing in it is believed but what those checkpoints show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from projections.transparency.checkpoints import Checkpoint
from projections.transparency.notes import KeyInvalid, NoteInvalid, Verifier

KEYS = "keys"


class Signed(Protocol):
    """What is said in a note, and can be said by a key that was changed only up to a checkpoint."""

    def within(self, checkpoint: Checkpoint) -> bool:
        """Whether it speaks of nothing that came after."""


S = TypeVar("S", bound=Signed)


@dataclass(frozen=True, slots=True)
class Retired:
    """A key that was changed, and the last checkpoint it has signed, together with the next key."""

    verifier: Verifier
    until: Checkpoint


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The key that signs now, and those before it."""

    retired: Sequence[Retired]
    current: Verifier

    @classmethod
    def parse(cls, text: str, trusted: Verifier, note_at: Callable[[int], str]) -> Self:
        """From `keys`; `note_at` finds the checkpoint of a size. Raises `NoteInvalid`, `KeyInvalid`.

        Keys come from the trusted one, or lead to it: at each change both have signed one checkpoint.
        """
        lines = [line.split(" ") for line in text.splitlines()]
        try:
            keys, changed = [Verifier.parse(line[0]) for line in lines], [int(line[1]) for line in lines[:-1]]
        except (IndexError, ValueError):
            raise KeyInvalid("日志的公钥清单读不懂，可能损坏了。") from None
        if trusted not in keys:
            raise NoteInvalid("这份日志不是所给的公钥签的，也没有从它换过来的记录。")
        retired = []
        for size, old, new in zip(changed, keys, keys[1:], strict=False):
            note = note_at(size)
            until = Checkpoint.opened(note, old)
            if until.size != size or Checkpoint.opened(note, new) != until:
                raise NoteInvalid(f"封存{size}条时换了密钥，那个检查点却不对。")
            retired.append(Retired(old, until))
        return cls(retired, keys[-1])

    def __str__(self) -> str:
        return "".join(f"{one.verifier} {one.until.size}\n" for one in self.retired) + f"{self.current}\n"

    def opened(self, note: str, read: Callable[[str, Verifier], S]) -> S:
        """What a note says that one of the keys has signed, when it still could. Raises `NoteInvalid`."""
        if not self.current.has_signed(note):
            for key in self.retired:
                if key.verifier.has_signed(note):
                    said = read(note, key.verifier)
                    if said.within(key.until):
                        return said
                    raise NoteInvalid(f"签名的密钥在封存{key.until.size}条时已经更换，以后的不能用它签：可能被盗用。")
        return read(note, self.current)

    def checkpoint(self, note: str) -> Checkpoint:
        """The same, of a checkpoint."""
        return self.opened(note, Checkpoint.opened)

    def changed(self, new: Verifier, until: Checkpoint) -> LogKeys:
        """The keys once another has taken over."""
        return LogKeys([*self.retired, Retired(self.current, until)], new)
