"""Receipts: every one of a commit is proven by one signature, and holds the operator to what was acknowledged."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from projections.transparency.checkpoints import Checkpoint
from projections.transparency.keys import LogKeys
from projections.transparency.leaves import leaf_of
from projections.transparency.merkle import leaf_hash, root_of
from projections.transparency.notes import NoteInvalid, Signer
from projections.transparency.receipts import Acknowledged, Batch, Commit
from projections.transparency.sealing import Log
from projections.transparency.verifying import KeptOutside, verify
from tests.histories import history
from tests.transparency.rewriting import edited, rewritten

SIGNER, NEXT = (Signer("example.org/log", bytes([nth] * 32)) for nth in (1, 2))
KEYS = LogKeys((), SIGNER.verifier)
EVENTS = list(history(3))


def kept(batch: Batch, position: int) -> dict[str, Any]:
    """The answer to a command, as somebody keeps it."""
    answer = {"incident_id": "x", "version": 3, "position": position, "changed": True, **batch.proven(position)}
    kept: dict[str, Any] = json.loads(json.dumps(answer))
    return kept


def acknowledged(answer: dict[str, Any]) -> Acknowledged:
    return Acknowledged.model_validate_json(json.dumps(answer))


@pytest.mark.parametrize("size", range(1, 34))
def test_one_signature_proves_every_event_of_a_commit(size: int) -> None:
    leaves = [leaf_hash(str(nth).encode()) for nth in range(size)]
    batch = Batch(71, leaves, SIGNER)
    receipts = [acknowledged(kept(batch, position)).verified(KEYS) for position in range(71, 71 + size)]
    assert [receipt.leaf_hash for receipt in receipts] == [leaf.hex() for leaf in leaves]
    [note] = {receipt.signature.note for receipt in receipts if receipt.signature}
    assert Commit.opened(note, SIGNER.verifier) == Commit(71, size, root_of(leaves))
    assert 70 not in batch
    assert 71 + size not in batch


def test_without_a_key_the_leaf_is_told_and_nobody_has_signed() -> None:
    receipt = acknowledged(kept(Batch(1, [bytes(32)], None), 1))
    assert receipt.leaf_hash == "00" * 32
    with pytest.raises(NoteInvalid, match="没有签名"):
        receipt.verified(KEYS)


def test_whatever_is_changed_in_a_receipt_is_noticed() -> None:
    batch, draw = Batch(5, [leaf_hash(str(nth).encode()) for nth in range(11)], SIGNER), Random(1)
    for position in range(5, 16):
        answer = kept(batch, position)
        signature = answer["signature"]
        changes: list[dict[str, Any]] = [
            {"position": position + 1},
            {"leaf_hash": leaf_hash(b"other").hex()},
            {"leaf_hash": None},
            {"signature": {**signature, "index": signature["index"] + 1}},
            {"position": position + 1, "signature": {**signature, "index": signature["index"] + 1}},
            {"signature": {**signature, "proof": signature["proof"][:-1]}},
            {"signature": {**signature, "proof": [*signature["proof"], "00" * 32]}},
        ]
        note = signature["note"]
        for _ in range(40):
            at = draw.randrange(len(note))
            damaged = note[:at] + ("A" if note[at] != "A" else "B") + note[at + 1 :]
            changes.append({"signature": {**signature, "note": damaged}})
        for change in changes:
            with pytest.raises(NoteInvalid):
                acknowledged({**answer, **change}).verified(KEYS)


@pytest.mark.parametrize("text", ["0\n{root}\nposition 1\n", "01\n{root}\nposition 1\n", "1\n{root}\nposition 1\nx\n"])
def test_what_is_signed_but_no_receipt_is_refused(text: str) -> None:
    said = "bidao/receipt/1 example.org/log\n" + text.format(root="A" * 43 + "=")
    with pytest.raises(NoteInvalid, match="回执"):
        Commit.opened(SIGNER.signed(said), SIGNER.verifier)


def test_receipts_and_checkpoints_are_not_taken_for_each_other() -> None:
    with pytest.raises(NoteInvalid, match="检查点"):
        Checkpoint.opened(Commit(1, 1, bytes(32)).signed(SIGNER), SIGNER.verifier)
    with pytest.raises(NoteInvalid, match="回执"):
        Commit.opened(Checkpoint(SIGNER.name, 1, bytes(32), 1).signed(SIGNER), SIGNER.verifier)


def test_an_old_key_acknowledges_nothing_after_it_was_changed(tmp_path: Path) -> None:
    log = Log(tmp_path / "log", SIGNER.verifier)
    log.rotate(rewritten(EVENTS[:100]), SIGNER, NEXT)
    leaves = [leaf_of(event) for event in EVENTS]
    before, across = Batch(91, leaves[90:100], SIGNER), Batch(91, leaves[90:101], SIGNER)
    acknowledged(kept(before, 100)).verified(log.keys)
    acknowledged(kept(Batch(91, leaves[90:101], NEXT), 100)).verified(log.keys)
    with pytest.raises(NoteInvalid, match="已经更换"):
        acknowledged(kept(across, 100)).verified(log.keys)


def test_what_was_changed_before_it_was_sealed_is_named(tmp_path: Path) -> None:
    receipts = [acknowledged(kept(Batch(event.id, [leaf_of(event)], SIGNER), event.id)) for event in EVENTS]
    log = Log(tmp_path / "log", SIGNER.verifier)
    log.seal(rewritten(EVENTS), SIGNER)
    assert verify(rewritten(EVENTS), log, KeptOutside(receipts=receipts)) is None
    for seed in range(20):
        rows = list(EVENTS)
        edited(rows, Random(seed))
        forged = Log(tmp_path / str(seed), SIGNER.verifier)
        forged.seal(rewritten(rows), SIGNER)
        assert verify(rewritten(rows), forged) is None
        fault = verify(rewritten(rows), forged, KeptOutside(receipts=receipts))
        assert fault
        first = next(nth for nth, row in enumerate(rows) if row != EVENTS[nth])
        assert (fault.leaf, fault.stream) == (first, str(EVENTS[first].originator_id))
        assert f"第{first + 1}条事件与回执不符" in fault.sentence


def test_what_was_deleted_before_it_was_sealed_is_named(tmp_path: Path) -> None:
    receipts = [acknowledged(kept(Batch(event.id, [leaf_of(event)], SIGNER), event.id)) for event in EVENTS]
    log = Log(tmp_path / "log", SIGNER.verifier)
    log.seal(rewritten([*EVENTS[:40], *EVENTS[41:]]), SIGNER)
    fault = verify(rewritten([*EVENTS[:40], *EVENTS[41:]]), log, KeptOutside(receipts=receipts))
    assert fault
    assert "第41条事件不在日志里" in fault.sentence


def test_what_is_not_sealed_yet_is_not_said_to_be_right(tmp_path: Path) -> None:
    log = Log(tmp_path / "log", SIGNER.verifier)
    log.seal(rewritten(EVENTS[:40]), SIGNER)
    receipt = acknowledged(kept(Batch(41, [leaf_of(EVENTS[40])], SIGNER), 41))
    fault = verify(rewritten(EVENTS), log, KeptOutside(receipts=[receipt]))
    assert fault
    assert "还没有封存" in fault.sentence
