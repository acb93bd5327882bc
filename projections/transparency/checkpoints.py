"""检查点: what the log says of itself, signed: whose it is, how many leaves it has, and the root over them."""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple, Self

from projections.transparency.notes import NoteInvalid, Signer, Verifier

SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
POSITION = "position "


class Checkpoint(NamedTuple):
    """`origin` names the log, `root` is over the first `size` leaves; the last of them is the event at `position`."""

    origin: str
    size: int
    root: bytes
    position: int

    @property
    def text(self) -> str:
        """As it is signed (C2SP tlog-checkpoint); the position is an extension line."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\n{POSITION}{self.position}\n"

    @property
    def fingerprint(self) -> str:
        """Short enough to be read out or printed in a newspaper."""
        return "-".join(re.findall("....", base64.b32encode(self.root).decode()[:20]))

    def within(self, other: Checkpoint) -> bool:
        """Whether it is no larger."""
        return self.size <= other.size

    def signed(self, signer: Signer) -> str:
        """The note."""
        return signer.signed(self.text)

    @classmethod
    def opened(cls, note: str, verifier: Verifier) -> Self:
        """From a note signed by that key, of the log it belongs to. Raises `NoteInvalid`."""
        return cls.read(verifier.opened(note), verifier.name)

    @classmethod
    def read(cls, text: str, name: str) -> Self:
        """From the text of one, of the log of that name. Raises `NoteInvalid`."""
        origin, size, root, *more = [*text.split("\n"), "", "", ""]
        positions = [line.removeprefix(POSITION) for line in more if line.startswith(POSITION)]
        try:
            found = cls(origin, int(size), base64.b64decode(root, validate=True), int(positions[0]))
        except (binascii.Error, ValueError, IndexError):
            raise NoteInvalid("不是检查点：应为名称、件数、根哈希和位置。") from None
        if not SIZE.fullmatch(size) or len(found.root) != 32 or origin != name:
            raise NoteInvalid("不是这份日志的检查点：名称、件数或根哈希不对。")
        return found
