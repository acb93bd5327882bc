"""Stream-head statements: read back as they were signed, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from projections.transparency.checkpoints import Checkpoint
from projections.transparency.heads import Head
from projections.transparency.notes import NoteInvalid, Signer

SIGNER = Signer("example.org/log", bytes(range(32)))
HEAD = Head("0123456789abcdef" * 2, 12, 340)


def test_a_statement_is_read_back() -> None:
    note = HEAD.signed(SIGNER)
    assert note.startswith(f"bidao/head/1 example.org/log\n{HEAD.stream}\n12\n340\n\n— example.org/log ")
    assert Head.opened(note, SIGNER.verifier) == HEAD


@pytest.mark.parametrize("at", range(0, 170, 5))
def test_of_a_damaged_statement_nothing_is_believed(at: int) -> None:
    note = HEAD.signed(SIGNER)
    with pytest.raises(NoteInvalid):
        Head.opened(note[:at] + ("A" if note[at] != "A" else "一") + note[at + 1 :], SIGNER.verifier)


@pytest.mark.parametrize(
    "text",
    [
        f"bidao/head/1 another.example.org\n{HEAD.stream}\n12\n340\n",
        f"bidao/head/1 example.org/log\n{HEAD.stream.upper()}\n12\n340\n",
        f"bidao/head/1 example.org/log\n{HEAD.stream}\n012\n340\n",
        f"bidao/head/1 example.org/log\n{HEAD.stream}\n12\n340\nmore\n",
        f"bidao/head/1 example.org/log\n{HEAD.stream}\n12\n",
        f"bidao/head/2 example.org/log\n{HEAD.stream}\n12\n340\n",
    ],
)
def test_what_is_signed_but_no_statement_of_this_log_is_refused(text: str) -> None:
    with pytest.raises(NoteInvalid, match="卷尾声明"):
        Head.opened(SIGNER.signed(text), SIGNER.verifier)


def test_statement_and_checkpoint_are_not_taken_for_each_other() -> None:
    checkpoint = Checkpoint(SIGNER.name, 340, bytes(32), 341)
    with pytest.raises(NoteInvalid, match="卷尾声明"):
        Head.opened(checkpoint.signed(SIGNER), SIGNER.verifier)
    with pytest.raises(NoteInvalid, match="检查点"):
        Checkpoint.opened(HEAD.signed(SIGNER), SIGNER.verifier)
