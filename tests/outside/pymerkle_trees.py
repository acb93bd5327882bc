"""pymerkle has the same roots, inclusion and consistency proofs for every tree there is up to 512 leaves."""

from __future__ import annotations

import subprocess
from functools import cache
from hashlib import sha256
from pathlib import Path

from projections.transparency import merkle
from tests.outside.judging import ENVIRONMENT, Disagreement, Missing

LARGEST = 512
LEAVES = [merkle.leaf_hash(str(nth).encode()) for nth in range(LARGEST)]


def judge(_: Path) -> str:
    oracle = Path(__file__).with_name("pymerkle_oracle.py")
    if not ENVIRONMENT.exists() or _asked("-c", "import pymerkle").returncode:
        raise Missing("没有 pymerkle：请运行 make judges，它会把 tests/outside/requirements.txt 装进 .venv-judges。")
    said = _asked(str(oracle), str(LARGEST))
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


def _asked(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(ENVIRONMENT), *words], capture_output=True, text=True, check=False)


@cache
def _node(level: int, index: int) -> bytes:
    return merkle.complete_root(LEAVES[index << level : (index + 1) << level])
