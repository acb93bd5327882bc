"""pymerkle has the same roots, inclusion and consistency proofs for every tree there is up to 512 leaves."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from projections.transparency import merkle
from tests.outside.judging import Disagreement, asked, require

LARGEST = 512
LEAVES = [merkle.leaf_hash(str(nth).encode()) for nth in range(LARGEST)]


def judge(_: Path) -> str:
    oracle = Path(__file__).with_name("pymerkle_oracle.py")
    require("pymerkle")
    said = asked(str(oracle), str(LARGEST))
    lines = said.stdout.splitlines()
    if said.returncode or len(lines) != LARGEST:
        raise Disagreement(f"pymerkle gave up: {said.stderr}")
    for size, line in enumerate(lines, start=1):
        if line != digested(size):
            raise Disagreement(f"pymerkle has another root or other proofs for {size} leaves")
    proofs = LARGEST * (LARGEST + 1)
    return f"pymerkle agrees on {LARGEST} roots and {proofs} proofs."


def digested(size: int) -> str:
    """Root and proofs of one tree, as the oracle writes them."""
    included, consistent = sha256(), sha256()
    for index in range(size):
        included.update(b"".join(merkle.inclusion(index, size, _node)))
        consistent.update(b"".join(merkle.consistency(index + 1, size, _node)))
    return f"{merkle.root(size, _node).hex()} {included.hexdigest()} {consistent.hexdigest()}"


@cache
def _node(level: int, index: int) -> bytes:
    return merkle.complete_root(LEAVES[index << level : (index + 1) << level])
