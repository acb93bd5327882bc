"""回执: what was acknowledged can be held against the log, also in the second before it is sealed.

The events of one commit are the leaves of a small tree of their own; its root is signed once for all of them, and each
receipt carries the proof that its event is among them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple, Self

from pydantic import ConfigDict, Field, StringConstraints

from domain.model import Model
from projections.transparency import merkle
from projections.transparency.checkpoints import POSITION, Checkpoint
from projections.transparency.keys import LogKeys
from projections.transparency.notes import NoteInvalid, NoteText, Signer, Verifier

FORM = "bidao/receipt/1"
"""The first line. A log cannot have it for its name: it is followed by a blank and the name."""
Told = dict[str, Any]
Hash = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class Commit(NamedTuple):
    """The events of one commit, at `size` positions from `first` on: the root over their leaves."""

    first: int
    size: int
    root: bytes

    def text(self, origin: str) -> str:
        """As it is signed: form and log, number of events, root, first position."""
        return f"{FORM} {origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n{POSITION}{self.first}\n"

    def within(self, checkpoint: Checkpoint) -> bool:
        """Whether all of it was stored before."""
        return self.first + self.size - 1 <= checkpoint.position

    def signed(self, signer: Signer) -> str:
        """The note."""
        return signer.signed(self.text(signer.name))

    @classmethod
    def opened(cls, note: str, verifier: Verifier) -> Self:
        """From a note signed by that key, of the log it belongs to. Raises `NoteInvalid`."""
        text = verifier.opened(note)
        _, size, root, position, *_ = [*text.split("\n"), "", "", ""]
        try:
            found = cls(int(position.removeprefix(POSITION)), int(size), base64.b64decode(root, validate=True))
        except (binascii.Error, ValueError):
            found = cls(0, 0, b"")
        if found.text(verifier.name) != text or len(found.root) != 32 or found.size < 1:
            raise NoteInvalid("不是这份日志的回执：应为件数、根哈希和位置。")
        return found


class Signature(Model):
    """对同一批写入的事件共签一次的签名，和本件在其中的证明。"""

    note: NoteText = Field(description="签过名的文本（C2SP signed-note）：批内件数、根哈希、首件位置")
    index: int = Field(ge=0, description="本件是批内第几件，从0起")
    proof: tuple[Hash, ...] = Field(description="本件在批内的证明（RFC 6962），十六进制")


class Proven(Model):
    """What a receipt says that can be held against the log."""

    leaf_hash: Hash | None = Field(description="所登记的最后一条记录的叶子哈希，十六进制；从未登记过的为 null")
    signature: Signature | None = Field(description="没有封存用的密钥时为 null")


class Acknowledged(Proven):
    """A receipt as somebody has kept it: any answer to a command."""

    model_config = ConfigDict(extra="ignore")

    position: int

    def verified(self, keys: LogKeys) -> Self:
        """The same. Raises `NoteInvalid` unless one of the keys has signed for this event at this position."""
        if self.signature is None or self.leaf_hash is None:
            raise NoteInvalid("回执没有签名，无从核对。")
        commit, index = keys.opened(self.signature.note, Commit.opened), self.signature.index
        if self.position != commit.first + index:
            raise NoteInvalid("回执的位置与签名不符：被改动过。")
        proof = [bytes.fromhex(one) for one in self.signature.proof]
        if not merkle.includes(bytes.fromhex(self.leaf_hash), index, commit.size, proof, commit.root):
            raise NoteInvalid("回执的叶子哈希与签名不符：被改动过。")
        return self


class Batch:
    """The receipts of one commit: its leaves from position `first` on, and the tree over them."""

    def __init__(self, first: int, leaves: Sequence[bytes], signer: Signer | None) -> None:
        self.first = first
        self._rows = [leaves]
        while len(row := self._rows[-1]) > 1:
            pairs = [merkle.node_hash(*pair) for pair in zip(row[::2], row[1::2], strict=False)]
            self._rows.append([*pairs, *row[2 * len(pairs) :]])  # one without a neighbour moves up as it is
        commit = Commit(first, len(leaves), self._rows[-1][0])
        self._note = commit.signed(signer) if signer else None

    def __contains__(self, position: int) -> bool:
        return 0 <= position - self.first < len(self._rows[0])

    def proven(self, position: int) -> Told:
        """What the receipt of the event at a position says, as JSON has it: a `Proven`."""
        index = position - self.first
        leaf = self._rows[0][index].hex()
        if self._note is None:
            return {"leaf_hash": leaf, "signature": None}
        neighbours = ((row, (index >> level) ^ 1) for level, row in enumerate(self._rows[:-1]))
        proof = [row[at].hex() for row, at in neighbours if at < len(row)]
        return {"leaf_hash": leaf, "signature": {"note": self._note, "index": index, "proof": proof}}
