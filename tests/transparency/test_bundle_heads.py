"""What the operator says with a bundle of how many versions there are: kept, and held against the log."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import cast
from uuid import UUID

from projections.transparency.bundle_checking import check
from projections.transparency.bundling import bundle_of
from projections.transparency.heads import Head, Heads
from projections.transparency.verifying import verify
from tests.transparency.operator import SIGNER, Operator, operator


def test_what_it_says_of_the_head_is_kept_and_held_against_the_log() -> None:
    """Of a store whose last event of a case was away while the bundle was made, verifying finds the lie."""
    whole = Operator(operator(3).rows)
    [*others, last] = whole.rows
    case = cast(UUID, last.originator_id)
    bundle = whole.bundle(case)
    assert [head.version for head in whole.log.heads()] == [last.originator_version]
    assert verify(whole.files.store, whole.log) is None
    short = Operator(others)
    lying = bundle_of(case, short.files.store, whole.log, SIGNER)
    assert len(lying.events) == len(bundle.events) - 1
    assert check(lying, SIGNER.verifier), "whoever has only this cannot know"
    found = verify(whole.files.store, whole.log)
    assert found is not None
    assert "声明" in found.sentence


def test_many_may_state_the_same_at_once(tmp_path: Path) -> None:
    heads, many = Heads(tmp_path), 8
    together = Barrier(many)

    def keep(head: Head) -> None:
        together.wait()
        heads.keep(head, head.signed(SIGNER))

    stated = [Head("0" * 32, 1, size) for size in range(1, 41)]
    with ThreadPoolExecutor(many) as asking:
        for head in stated:
            list(asking.map(keep, [head] * many))
    assert sorted(heads.notes()) == sorted(head.signed(SIGNER) for head in stated)
    assert len(list(tmp_path.iterdir())) == len(stated)
