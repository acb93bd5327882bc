"""Go verifies bundles, and says of every one that was tampered with what we say: that it does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from pathlib import Path

from projections.transparency.bundle_checking import check
from projections.transparency.bundles import BundleRefused, read
from tests.outside.go import built, verdicts
from tests.outside.judging import Disagreement
from tests.transparency.flips import bit_flips
from tests.transparency.mutants import mutants
from tests.transparency.operator import SIGNER, Operator, operator, succeeded, succeeded_at_the_ends
from tests.transparency.resealing import resealed
from tests.transparency.succeeding import tampered_successions

SEEDS = (2, 3)
STEP = 29
"""Of all bits of a bundle, every so manieth is flipped; no factor of 8, so that each of a byte has its turn."""


def judge(scratch: Path) -> str:
    clean, forged = list(whole()), list(tampered())
    files = [*clean, *forged]
    folder = scratch / "bundles"
    folder.mkdir()
    (scratch / "key").write_text(f"{SIGNER.verifier}\n")
    paths = [folder / str(nth) for nth in range(len(files))]
    for path, file in zip(paths, files, strict=True):
        path.write_bytes(file)
    said = verdicts(built(scratch), "bundles", scratch / "key", paths)
    for nth, (file, go) in enumerate(zip(files, said, strict=True)):
        ours = refusal(file)
        if (ours is None) != (go is None) or (ours is None) != (nth < len(clean)):
            raise Disagreement(f"bundle {nth}: Go says {go or 'ok'}, we say {ours or 'ok'}")
    return f"Go verifies {len(clean)} bundles and rejects {len(forged)} that were tampered with, as we do."


def whole() -> Iterator[bytes]:
    """Bundles that hold."""
    for log in (*map(operator, SEEDS), succeeded(SEEDS[0]), succeeded_at_the_ends(SEEDS[0])):
        for case in log.cases:
            yield log.bundle(case).written
            yield log.bundle(case, earlier=log.kept).written


def tampered() -> Iterator[bytes]:
    """Bundles that do not."""
    flipped = [bit_flips(smallest(log), STEP) for log in (operator(SEEDS[0]), succeeded(SEEDS[0]))]
    return (mutant.file for mutant in chain(mutants(SEEDS), resealed(), tampered_successions(), *flipped))


def smallest(log: Operator) -> bytes:
    return min((log.bundle(case).written for case in log.cases), key=len)


def refusal(file: bytes) -> BundleRefused | None:
    """What our own verifier says."""
    try:
        check(read(BytesIO(file)), SIGNER.verifier)
    except BundleRefused as no:
        return no
    return None
