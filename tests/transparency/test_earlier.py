"""A year of sealing every second leaves no thirty million files, and nothing is lost by it."""

from __future__ import annotations

from pathlib import Path

from projections.transparency import merkle
from projections.transparency.earlier import DAY, HOUR, MINUTE, Earlier
from projections.transparency.notes import Signer
from projections.transparency.sealing import Log
from projections.transparency.verifying import KeptOutside, verify
from tests.histories import history
from tests.transparency.rewriting import rewritten

SIGNER = Signer("example.org/log", bytes(range(32)))
EVENTS = list(history(3, 4, 700))


def test_the_last_of_each_minute_is_kept_for_a_day_and_that_of_each_hour_for_ever(tmp_path: Path) -> None:
    earlier, began = Earlier(tmp_path), 1000 * DAY
    for nth in range(3 * 24 * 60):
        earlier.keep(nth + 1, f"note {nth}", began + nth * MINUTE + 59)
    now = began + 3 * DAY
    earlier.thin(now, {130})
    kept = [int(note.removeprefix("note ")) for note in earlier.notes()]
    hours, minutes = 2 * 24, 24 * 60
    assert kept[0] == 59
    assert len(kept) == hours + 1 + minutes
    assert 129 in kept
    assert kept[-minutes:] == list(range(2 * minutes, 3 * minutes))
    earlier.thin(now, {130})
    assert len(list(earlier.notes())) == len(kept)


def test_what_somebody_holds_verifies_although_it_is_not_kept_here(tmp_path: Path) -> None:
    now = [1000.0 * DAY]
    log = Log(tmp_path / "log", SIGNER.verifier, lambda: now[0])
    held = []
    for size in range(3, len(EVENTS), 3):
        held.append(log.seal(rewritten(EVENTS[:size]), SIGNER))
        now[0] += HOUR / 40
    kept = list(log.earlier())
    assert len(kept) < len(held)
    assert set(kept) < set(held)
    last = held[-1]
    assert verify(rewritten(EVENTS), log, KeptOutside(held)) is None
    node = log.tiles.node_of(last.size)
    for one in held:
        proof = merkle.consistency(one.size, last.size, node)
        assert merkle.goes_on(one.size, one.root, last.size, last.root, proof)
