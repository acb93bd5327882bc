"""Sealing and verifying on every store: what was sealed and is as it was is found so, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from eventsourcing.persistence import Notification

from domain.casework.application import MEMORY_ENV, CaseFiles
from projections.transparency import merkle, sealing
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.leaves import leaf_of
from projections.transparency.notes import KeyInvalid, NoteInvalid, Signer, Verifier
from projections.transparency.sealing import Log, LogBroken
from projections.transparency.tiles import Tiles, tile_path
from projections.transparency.verifying import Fault, verify
from tests.histories import history, store

SIGNER = Signer("example.org/log", bytes(range(32)))
EVENTS = list(history(3))


class Rewritten:
    """A store whose owner can do with its rows what they like."""

    def __init__(self, rows: list[Notification]) -> None:
        self.rows = rows

    def max_notification_id(self) -> int:
        return self.rows[-1].id if self.rows else 0

    def select_notifications(
        self, start: int | None, limit: int, stop: int | None = None, **_: Any
    ) -> list[Notification]:
        found = [row for row in self.rows if row.id > (start or 0) and (stop is None or row.id <= stop)]
        return found[:limit]


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
        sealed = log.seal(Rewritten(EVENTS[:upto]), SIGNER)  # type: ignore[arg-type] # all it asks of a store
        assert sealed.root == merkle.root_of([leaf_of(row) for row in EVENTS[:upto]])
    assert verify(Rewritten(EVENTS), log) is None  # type: ignore[arg-type]
    assert [one.size for one in log.earlier()][-1] == len(EVENTS)


def test_proofs_are_read_from_the_tiles(log: Log, files: CaseFiles) -> None:
    sealed = log.seal(files.store, SIGNER)
    node = log.tiles.node_of(sealed.size)
    for index, row in enumerate(EVENTS):
        proof = merkle.inclusion(index, sealed.size, node)
        assert merkle.includes(leaf_of(row), index, sealed.size, proof, sealed.root)


def edited(rows: list[Notification], draw: Random) -> None:
    at = draw.randrange(len(rows))
    state = bytearray(rows[at].state)
    state[draw.randrange(len(state))] ^= 1 << draw.randrange(8)
    rows[at] = _with(rows[at], state=bytes(state))


def renamed(rows: list[Notification], draw: Random) -> None:
    at = draw.randrange(len(rows))
    rows[at] = _with(rows[at], topic=f"{rows[at].topic}ed")


def moved_to_another_case(rows: list[Notification], draw: Random) -> None:
    one, other = draw.sample(range(len(rows)), 2)
    while rows[one].originator_id == rows[other].originator_id:
        one, other = draw.sample(range(len(rows)), 2)
    rows[one] = _with(rows[one], originator_id=rows[other].originator_id)


def swapped(rows: list[Notification], draw: Random) -> None:
    one, other = draw.sample(range(len(rows)), 2)
    rows[one], rows[other] = _with(rows[other], id=rows[one].id), _with(rows[one], id=rows[other].id)


def deleted(rows: list[Notification], draw: Random) -> None:
    del rows[draw.randrange(len(rows) - 1)]


def cut_off(rows: list[Notification], draw: Random) -> None:
    del rows[-draw.randint(1, 20) :]


REWRITES = (edited, renamed, moved_to_another_case, swapped, deleted, cut_off)


def _with(row: Notification, **changes: Any) -> Notification:
    names = ("originator_id", "originator_version", "topic", "state", "id")
    return Notification(**{name: changes.get(name, getattr(row, name)) for name in names})


@pytest.mark.parametrize("rewrite", REWRITES, ids=lambda rewrite: rewrite.__name__)
def test_every_rewriting_is_found_where_it_was_done(log: Log, files: CaseFiles, rewrite: Any) -> None:
    log.seal(files.store, SIGNER)
    for seed in range(50):
        rows = list(EVENTS)
        rewrite(rows, Random(seed))
        first = next((nth for nth, row in enumerate(EVENTS) if nth >= len(rows) or rows[nth] != row), None)
        fault = verify(Rewritten(rows), log)  # type: ignore[arg-type]
        assert fault, f"{rewrite.__name__} {seed} went unnoticed"
        assert fault.leaf == first


def test_log_and_store_rewritten_together_do_not_agree_with_what_others_hold(tmp_path: Path, files: CaseFiles) -> None:
    log = Log(tmp_path / "log", SIGNER.verifier)
    kept = log.seal(files.store, SIGNER)
    rows = list(EVENTS)
    edited(rows, Random(1))
    forged = Log(tmp_path / "forged", SIGNER.verifier)
    forged.seal(Rewritten(rows), SIGNER)  # type: ignore[arg-type] # even by whoever has the key
    assert verify(Rewritten(rows), forged) is None  # type: ignore[arg-type]
    fault = verify(Rewritten(rows), forged, [kept])  # type: ignore[arg-type]
    assert fault == Fault(f"与封存{kept.size}条时的检查点不符：日志和库一起被改动过。")
    shorter = Log(tmp_path / "shorter", SIGNER.verifier)
    shorter.seal(Rewritten(EVENTS[:50]), SIGNER)  # type: ignore[arg-type]
    assert "被截短过" in (verify(Rewritten(EVENTS[:50]), shorter, [kept]) or Fault("")).sentence  # type: ignore[arg-type]


def test_nothing_is_sealed_over_what_is_gone(log: Log) -> None:
    log.seal(Rewritten(EVENTS), SIGNER)  # type: ignore[arg-type]
    with pytest.raises(LogBroken, match="却只有"):
        log.seal(Rewritten(EVENTS[:-3]), SIGNER)  # type: ignore[arg-type]


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
    for damaged in ("", "a+b", str(SIGNER.verifier)[:-2], str(SIGNER.verifier).replace("example", "exemple")):
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
