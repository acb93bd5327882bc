"""The keys of one log, one after the other: each hands over to the next, in a statement that both have signed.

`keys` in the log's folder has these statements, oldest first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from projections.transparency.checkpoints import Checkpoint
from projections.transparency.notes import NoteInvalid, Verifier
from projections.transparency.successions import FORM, Succession

KEYS = "keys"
BEGINS = re.compile(rf"^(?={FORM} )", re.MULTILINE)


class Signed(Protocol):
    """What is said in a note, and can be said by a key that was changed only up to a checkpoint."""

    def within(self, checkpoint: Checkpoint) -> bool:
        """Whether it speaks of nothing that came after."""


S = TypeVar("S", bound=Signed)


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The key that signs now, and how it came from those before it, oldest first."""

    successions: Sequence[Succession]
    current: Verifier

    @classmethod
    def parse(cls, text: str, trusted: Verifier) -> Self:
        """From `keys`, of which one is trusted. Raises `NoteInvalid`."""
        keys = cls.handed_over([note for note in BEGINS.split(text) if note], trusted)
        if keys.changes_since(trusted) is None:
            raise NoteInvalid("这份日志不是所给的公钥签的，也没有从它换过来的声明。")
        return keys

    @classmethod
    def handed_over(cls, notes: Sequence[str], alone: Verifier) -> Self:
        """As the statements say; where there are none, one key alone. Raises `NoteInvalid`."""
        successions = [Succession.opened(note) for note in notes]
        keys = cls((), successions[0].before if successions else alone)
        for one in successions:
            keys = keys.changed(one)
        return keys

    def __str__(self) -> str:
        return "".join(one.note for one in self.successions)

    def changes_since(self, key: Verifier) -> int | None:
        """How often the key was changed since it was that one; None where it never was."""
        keys = [self.current, *(one.before for one in reversed(self.successions))]
        return keys.index(key) if key in keys else None

    def opened(self, note: str, read: Callable[[str, Verifier], S]) -> S:
        """What a note says that one of the keys has signed, when it still could. Raises `NoteInvalid`."""
        if not self.current.has_signed(note):
            for one in self.successions:
                if one.before.has_signed(note):
                    said = read(note, one.before)
                    if said.within(one.until):
                        return said
                    raise NoteInvalid(f"签名的密钥在封存{one.until.size}条时已经更换，以后的不能用它签：可能被盗用。")
        return read(note, self.current)

    def checkpoint(self, note: str) -> Checkpoint:
        """The same, of a checkpoint."""
        return self.opened(note, Checkpoint.opened)

    def changed(self, by: Succession) -> Self:
        """The keys once another has taken over: a new one, and no earlier than that before. Raises `NoteInvalid`."""
        if by.before != self.current:
            raise NoteInvalid("前后两份换钥声明接不上：中间缺了一份，或次序不对。")
        if self.changes_since(by.after) is not None:
            raise NoteInvalid("换上的密钥这份日志已经用过：换下的密钥不能再用。")
        if self.successions and by.until.size < (begun := self.successions[-1].until.size):
            raise NoteInvalid(f"封存{by.until.size}条时换下的密钥，封存{begun}条时才换上：换钥声明互相矛盾。")
        return type(self)([*self.successions, by], by.after)
