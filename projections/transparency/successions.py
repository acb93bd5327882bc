"""换钥声明: with which checkpoint one key of a log ends and the next begins. Each key names the other, and both sign.

That both have signed one checkpoint would say nothing: anybody can put a signature of theirs below it.
"""

from __future__ import annotations

from typing import NamedTuple, Self

from projections.transparency.checkpoints import Checkpoint
from projections.transparency.notes import KeyInvalid, NoteInvalid, Signer, Verifier

FORM = "bidao/succession/1"
"""The first line. A log cannot have it for its name: it is followed by a blank and the name."""


class Succession(NamedTuple):
    """`before` signs nothing that came after the checkpoint `until`; from there on `after` does. `note` says so."""

    before: Verifier
    after: Verifier
    until: Checkpoint
    note: str

    @classmethod
    def signed(cls, old: Signer, new: Signer, until: Checkpoint) -> Self:
        """One key hands over to another."""
        text = _text(old.verifier, new.verifier, until)
        return cls(old.verifier, new.verifier, until, new.cosigned(old.signed(text)))

    @classmethod
    def opened(cls, note: str) -> Self:
        """From a note that both keys it names have signed. Raises `NoteInvalid`."""
        named = [*note.split("\n")[1:3], "", ""]
        try:
            before, after = map(Verifier.parse, named[:2])
        except KeyInvalid:
            raise NoteInvalid("换钥声明里没有写明前后两把公钥。") from None
        text = before.opened(note)
        after.opened(note)
        *_, said = text.split("\n", 3)
        until = Checkpoint.read(f"{before.name}\n{said}", before.name)
        if text != _text(before, after, until) or before.name != after.name:
            raise NoteInvalid("不是这份日志的换钥声明：应为名称、前后两把公钥和检查点。")
        return cls(before, after, until, note)


def _text(before: Verifier, after: Verifier, until: Checkpoint) -> str:
    """As it is signed: form and log, the two keys, and the checkpoint, which names its log above."""
    _, said = until.text.split("\n", 1)
    return f"{FORM} {until.origin}\n{before}\n{after}\n{said}"
