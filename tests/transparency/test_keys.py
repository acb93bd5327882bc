"""Another key: everything before still verifies, and the old one can sign nothing any more."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from domain.casework import durable
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.earlier import HOUR
from projections.transparency.heads import Head
from projections.transparency.keys import KEYS
from projections.transparency.notes import NoteInvalid, Signer
from projections.transparency.sealing import Log
from projections.transparency.successions import Succession
from projections.transparency.verifying import KeptOutside, verify
from tests.histories import history
from tests.transparency.rewriting import rewritten

FIRST, SECOND, THIRD = (Signer("example.org/log", bytes([nth] * 32)) for nth in (1, 2, 3))
EVENTS = list(history(3, 4, 700))


@pytest.fixture
def rotated(tmp_path: Path) -> Log:
    """A log whose key was changed twice, with something sealed in between and after."""
    log = Log(tmp_path / "log", FIRST.verifier)
    log.seal(rewritten(EVENTS[:100]), FIRST)
    log.rotate(rewritten(EVENTS[:150]), FIRST, SECOND)
    log.seal(rewritten(EVENTS[:200]), SECOND)
    log.rotate(rewritten(EVENTS[:250]), SECOND, THIRD)
    log.seal(rewritten(EVENTS), THIRD)
    return log


@pytest.mark.parametrize("known", [FIRST, SECOND, THIRD], ids=["first", "second", "third"])
def test_whoever_trusts_any_of_the_keys_can_verify(rotated: Log, known: Signer) -> None:
    log = Log(rotated.folder, known.verifier)
    held = [Checkpoint.opened(log.note or "", THIRD.verifier), *log.earlier()]
    assert verify(rewritten(EVENTS), log, KeptOutside(held)) is None
    assert [one.until.size for one in log.keys.successions] == [150, 250]
    assert log.keys.current == THIRD.verifier


def test_the_change_is_signed_by_both(rotated: Log) -> None:
    note = (rotated.folder / "checkpoints" / "150").read_text()
    assert Checkpoint.opened(note, FIRST.verifier) == Checkpoint.opened(note, SECOND.verifier)


def test_keys_are_changed_while_nothing_is_written(tmp_path: Path) -> None:
    """Also long after the last sealing, and twice for the same checkpoint: it has the signature of each then."""
    times = iter(range(0, 100 * HOUR, HOUR))
    log = Log(tmp_path / "log", FIRST.verifier, lambda: next(times))
    log.seal(rewritten(EVENTS[:100]), FIRST)
    log.rotate(rewritten(EVENTS[:100]), FIRST, SECOND)
    log.rotate(rewritten(EVENTS[:100]), SECOND, THIRD)
    log.seal(rewritten(EVENTS), THIRD)
    note = (log.folder / "checkpoints" / "100").read_text()
    assert len({Checkpoint.opened(note, one.verifier) for one in (FIRST, SECOND, THIRD)}) == 1
    for known in (FIRST, SECOND, THIRD):
        assert verify(rewritten(EVENTS), Log(log.folder, known.verifier)) is None


def test_the_old_key_signs_nothing_new(rotated: Log) -> None:
    """Not even what is true: it may be stolen."""
    keys, last = rotated.keys, Checkpoint.opened(rotated.note or "", THIRD.verifier)
    for old, size in ((FIRST, 150), (SECOND, 250)):
        for larger in (size + 1, last.size):
            with pytest.raises(NoteInvalid, match=f"封存{size}条时已经更换"):
                keys.checkpoint(last._replace(size=larger).signed(old))
            with pytest.raises(NoteInvalid, match=f"封存{size}条时已经更换"):
                keys.opened(Head("0" * 32, 1, larger).signed(old), Head.opened)
        assert keys.opened(Head("0" * 32, 1, size).signed(old), Head.opened).size == size
    durable.write(rotated.folder / "checkpoint", last.signed(SECOND).encode())
    with pytest.raises(NoteInvalid, match="可能被盗用"):
        verify(rewritten(EVENTS), rotated)
    with pytest.raises(NoteInvalid, match="不是日志现在用的"):
        rotated.seal(rewritten(EVENTS), SECOND)


def test_an_earlier_checkpoint_in_the_place_of_the_last_is_told(rotated: Log) -> None:
    durable.write(rotated.folder / "checkpoint", (rotated.folder / "checkpoints" / "150").read_bytes())
    fault = verify(rewritten(EVENTS), rotated)
    assert fault
    assert "被截短过" in fault.sentence


def test_a_hand_over_that_the_key_before_has_not_signed_is_not_believed(rotated: Log) -> None:
    """A thief may put a signature of theirs below anything; but no key before has named theirs."""
    path, thief = rotated.folder / KEYS, Signer("example.org/log", bytes([9] * 32))
    first, second = (one.note for one in rotated.keys.successions)
    until, last = (one.until for one in rotated.keys.successions)
    own = Succession.signed(thief, thief, until).note.replace(str(thief.verifier), str(FIRST.verifier), 1)
    for forged, why in (
        (first + (rotated.folder / "checkpoints" / "250").read_text(), "没有“example.org/log”的签名"),
        (thief.cosigned((rotated.folder / "checkpoints" / "150").read_text()), "没有写明"),
        (thief.cosigned(first.replace(str(SECOND.verifier), str(thief.verifier))), "签名不对"),
        (own, "没有“example.org/log”的签名"),
        (second + first, "接不上"),
        (first + first, "接不上"),
        (second, "不是所给的公钥签的"),
        (first + Succession.signed(SECOND, FIRST, last).note, "已经用过"),
        (first + Succession.signed(SECOND, SECOND, last).note, "已经用过"),
        (Succession.signed(FIRST, FIRST, until).note, "已经用过"),
        (first + Succession.signed(SECOND, THIRD, until._replace(size=149)).note, "互相矛盾"),
        (f"anything\n{first}", "没有写明"),
    ):
        path.write_text(forged)
        with pytest.raises(NoteInvalid, match=why):
            _ = Log(rotated.folder, FIRST.verifier).keys
    path.write_text(first)
    with pytest.raises(NoteInvalid, match="不是所给的公钥签的"):
        _ = Log(rotated.folder, THIRD.verifier).keys


def test_a_key_that_was_in_use_does_not_come_back(rotated: Log) -> None:
    """Whoever changes to it is told, and nothing is written."""
    before = {path: path.read_bytes() for path in rotated.folder.rglob("*") if path.is_file()}
    for used in (FIRST, SECOND, THIRD):
        with pytest.raises(NoteInvalid, match="已经用过"):
            rotated.rotate(rewritten(EVENTS), THIRD, used)
    assert before == {path: path.read_bytes() for path in rotated.folder.rglob("*") if path.is_file()}


def test_what_was_sealed_at_a_change_is_held_against_the_log(rotated: Log) -> None:
    """Also where the checkpoint of that size, which is kept apart, was taken away."""
    shorter = (rotated.folder / "checkpoints" / "150").read_bytes()
    shutil.rmtree(rotated.folder / "checkpoints")
    assert verify(rewritten(EVENTS), rotated) is None
    durable.write(rotated.folder / "checkpoint", shorter)
    fault = verify(rewritten(EVENTS[:150]), rotated)
    assert fault
    assert "封存了250条，这里的日志只有150条" in fault.sentence


@pytest.mark.parametrize("writes", range(1, 5))
def test_a_change_broken_off_anywhere_is_done_again(
    tmp_path: Path, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log(tmp_path / "log", FIRST.verifier)
    log.seal(rewritten(EVENTS[:100]), FIRST)
    write, left = durable.write, [writes]

    def fail(*words: Any) -> None:
        left[0] -= 1
        if not left[0]:
            raise OSError("the power is gone")
        write(*words)

    monkeypatch.setattr(durable, "write", fail)
    with pytest.raises(OSError, match="power"):
        log.rotate(rewritten(EVENTS[:150]), FIRST, SECOND)
    monkeypatch.undo()
    log.rotate(rewritten(EVENTS[:160]), FIRST, SECOND)
    log.seal(rewritten(EVENTS), SECOND)
    assert verify(rewritten(EVENTS), log) is None
    assert (log.folder / "key").read_text() == f"{SECOND.verifier}\n"
