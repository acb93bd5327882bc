"""Sealing and verifying on every store: what was sealed and is as it was is found so, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest

from domain.casework.batches import stream_name
from domain.casework.case_files import MEMORY_ENV, CaseFiles
from projections.transparency import merkle, sealing
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.heads import Head
from projections.transparency.leaves import leaf_of
from projections.transparency.notes import KeyInvalid, NoteInvalid, Signer, Verifier
from projections.transparency.sealing import Log, LogBroken
from projections.transparency.tiles import Tiles, tile_path
from projections.transparency.verifying import Fault, KeptOutside, verify
from tests.histories import history, store
from tests.transparency.rewriting import LOOSE, REWRITES, edited, rewritten

SIGNER = Signer("example.org/log", bytes(range(32)))
EVENTS = list(history(3, 4, 700))


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log", SIGNER.verifier)


@pytest.fixture
def files() -> Iterator[CaseFiles]:
    files = CaseFiles(env=MEMORY_ENV)
    store(files, EVENTS)
    yield files
    files.close()


def test_the_root_is_that_of_the_stored_events_and_verifies(log: Log, files: CaseFiles) -> None:
    sealed = log.seal(files.store, SIGNER)
    assert (sealed.size, sealed.position) == (len(EVENTS), EVENTS[-1].id)
    assert sealed.root == merkle.root_of([leaf_of(row) for row in EVENTS])
    assert log.seal(files.store, SIGNER) == sealed
    assert verify(files.store, log) is None


@pytest.mark.parametrize("page", [1, 7, 256, 300])
def test_it_comes_out_the_same_however_it_was_cut(log: Log, page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "PAGE", page)
    draw, upto = Random(page), 0
    while upto < len(EVENTS):
        upto = min(len(EVENTS), upto + draw.randint(1, 90))
        sealed = log.seal(rewritten(EVENTS[:upto]), SIGNER)
        assert sealed.root == merkle.root_of([leaf_of(row) for row in EVENTS[:upto]])
    assert verify(rewritten(EVENTS), log) is None


def test_proofs_are_read_from_the_tiles(log: Log, files: CaseFiles) -> None:
    sealed = log.seal(files.store, SIGNER)
    node = log.tiles.node_of(sealed.size)
    for index, row in enumerate(EVENTS):
        proof = merkle.inclusion(index, sealed.size, node)
        assert merkle.includes(leaf_of(row), index, sealed.size, proof, sealed.root)


@pytest.mark.parametrize("rewrite", [*REWRITES, *LOOSE], ids=lambda rewrite: rewrite.__name__)
def test_every_rewriting_is_found_where_it_was_done(log: Log, files: CaseFiles, rewrite: Any) -> None:
    log.seal(files.store, SIGNER)
    for seed in range(50):
        rows = list(EVENTS)
        rewrite(rows, Random(seed))
        first = next((nth for nth, row in enumerate(EVENTS) if nth >= len(rows) or rows[nth] != row), None)
        fault = verify(rewritten(rows), log)
        assert fault, f"{rewrite.__name__} {seed} went unnoticed"
        assert fault.leaf == first


def test_log_and_store_rewritten_together_do_not_agree_with_what_others_hold(tmp_path: Path, files: CaseFiles) -> None:
    log = Log(tmp_path / "log", SIGNER.verifier)
    kept = log.seal(files.store, SIGNER)
    rows = list(EVENTS)
    edited(rows, Random(1))
    forged = Log(tmp_path / "forged", SIGNER.verifier)
    forged.seal(rewritten(rows), SIGNER)  # even by whoever has the key
    assert verify(rewritten(rows), forged) is None
    fault = verify(rewritten(rows), forged, KeptOutside([kept]))
    assert fault == Fault(f"与封存{kept.size}条时的检查点不符：日志和库一起被改动过。")
    shorter = Log(tmp_path / "shorter", SIGNER.verifier)
    shorter.seal(rewritten(EVENTS[:50]), SIGNER)
    assert "被截短过" in (verify(rewritten(EVENTS[:50]), shorter, KeptOutside([kept])) or Fault("")).sentence


def test_nothing_is_sealed_over_what_is_gone(log: Log) -> None:
    log.seal(rewritten(EVENTS), SIGNER)
    with pytest.raises(LogBroken, match="却只有"):
        log.seal(rewritten(EVENTS[:-3]), SIGNER)


def test_what_was_never_sealed_cannot_be_verified(log: Log, files: CaseFiles) -> None:
    assert verify(files.store, log) == Fault("还没有封存过，没有可以核对的。")


def test_a_damaged_log_is_told(log: Log, files: CaseFiles) -> None:
    sealed = log.seal(files.store, SIGNER)
    [part] = (log.folder / "tile" / "0").rglob(f"*/{sealed.size % 256}")
    part.unlink()
    fault = verify(files.store, log)
    assert fault
    assert "日志缺了" in fault.sentence


def test_a_checkpoint_says_what_the_standard_says(log: Log, files: CaseFiles) -> None:
    sealed = log.seal(files.store, SIGNER)
    note = log.note or ""
    origin, size, _, position, blank, signature, end = note.split("\n")
    assert (origin, size, blank, end) == ("example.org/log", str(len(EVENTS)), "", "")
    assert position == f"position {EVENTS[-1].id}"
    assert signature.startswith("— example.org/log ")
    assert Checkpoint.opened(note, Verifier.parse(str(SIGNER.verifier))) == sealed
    assert len(sealed.fingerprint) == 24


@pytest.mark.parametrize("at", range(0, 150, 7))
def test_of_a_damaged_checkpoint_nothing_is_believed(log: Log, files: CaseFiles, at: int) -> None:
    log.seal(files.store, SIGNER)
    note = log.note or ""
    damaged = note[:at] + ("A" if note[at] != "A" else "B") + note[at + 1 :]
    with pytest.raises(NoteInvalid):
        Checkpoint.opened(damaged, SIGNER.verifier)


def test_nobody_elses_signature_is_taken_for_ours(log: Log, files: CaseFiles) -> None:
    sealed = log.seal(files.store, SIGNER)
    other = Signer("example.org/log", bytes(32))
    with pytest.raises(NoteInvalid, match=r"没有“example\.org/log”的签名"):
        Checkpoint.opened(sealed.signed(other), SIGNER.verifier)


def test_keys_are_read_back_and_damaged_ones_refused() -> None:
    assert Signer.parse(SIGNER.written) == SIGNER
    assert Verifier.parse(str(SIGNER.verifier)) == SIGNER.verifier
    for damaged in ("", "nonsense", SIGNER.written[:-4], SIGNER.written.replace("example", "exemple")):
        with pytest.raises(KeyInvalid):
            Signer.parse(damaged)
    for damaged in ("", "a+b", "a+b+一", str(SIGNER.verifier)[:-2], str(SIGNER.verifier).replace("example", "exemple")):
        with pytest.raises(KeyInvalid):
            Verifier.parse(damaged)
    with pytest.raises(KeyInvalid):
        Signer.new("a name with blanks")


@pytest.mark.parametrize(
    ("index", "count", "path"),
    [(0, 256, "tile/0/000"), (7, 3, "tile/0/007.p/3"), (1234067, 256, "tile/0/x001/x234/067")],
)
def test_tiles_lie_where_others_look_for_them(index: int, count: int, path: str) -> None:
    assert tile_path(0, index, count) == path


def test_a_large_log_reaches_the_second_level_of_tiles(tmp_path: Path) -> None:
    leaves = [merkle.leaf_hash(str(nth).encode()) for nth in range(70_000)]
    tiles, size = Tiles(tmp_path), 0
    for count in (1, 255, 256, 65_000, 4_488):
        tiles.append(size, leaves[size : size + count])
        size += count
    assert size == len(leaves)
    assert merkle.root(size, tiles.node_of(size)) == merkle.root_of(leaves)
    assert (tmp_path / "tile/2/000.p/1").exists()


def test_a_rewritten_tile_above_the_leaves_is_told(tmp_path: Path, log: Log) -> None:
    """Proofs are read from it, and the next root is made of it."""
    log.seal(rewritten(EVENTS), SIGNER)
    [above] = (log.folder / "tile" / "1" / "000.p").glob("*")
    above.write_bytes(bytes(reversed(above.read_bytes())))
    fault = verify(rewritten(EVENTS), log)
    assert fault == Fault("日志第1层第0块哈希与事件不符：日志被改动过。")
    above.unlink()
    assert verify(rewritten(EVENTS), log) == Fault("日志缺了第1层第0块哈希。")


def test_nothing_is_sealed_on_top_of_another_event_than_was_sealed_last(log: Log) -> None:
    """A store restored to an earlier moment has other events at the positions that follow it."""
    end = len(EVENTS) - 10
    log.seal(rewritten(EVENTS[:end]), SIGNER)
    restored = [*EVENTS[:end]]
    swapped_in = EVENTS[end]
    restored[-1] = type(swapped_in)(swapped_in.originator_id, 1, swapped_in.topic, swapped_in.state, EVENTS[end - 1].id)
    with pytest.raises(LogBroken, match="不是封存时的那一条"):
        log.seal(rewritten([*restored, *EVENTS[end:]]), SIGNER)
    log.seal(rewritten(EVENTS), SIGNER)


def test_statements_are_held_against_the_streams(log: Log) -> None:
    """A case cannot be handed out as complete without its last events: the log keeps what was said of it."""
    middle = len(EVENTS) // 2
    heads = {stream_name(row.originator_id): row.originator_version for row in EVENTS[:middle]}
    log.seal(rewritten(EVENTS), SIGNER)
    for stream, version in heads.items():
        log.state(Head(stream, version, middle), SIGNER)
    log.state(Head("0" * 32, 0, 0), SIGNER)
    assert verify(rewritten(EVENTS), log) is None
    stream, version = next((stream, version) for stream, version in heads.items() if version > 1)
    for false in (Head(stream, version - 1, middle), Head(stream, version + 1, middle), Head("1" * 32, 1, middle)):
        fault = verify(rewritten(EVENTS), log, KeptOutside(heads=[false]))
        assert fault
        assert (fault.version, fault.stream) == (heads.get(false.stream, 0), str(UUID(false.stream)))
        assert "声明不实" in fault.sentence
    assert verify(rewritten(EVENTS), log, KeptOutside(heads=[Head(stream, version, len(EVENTS) + 1)])) is not None
    log.state(Head(stream, version - 1, middle), SIGNER)
    assert "声明不实" in (verify(rewritten(EVENTS), log) or Fault("")).sentence
