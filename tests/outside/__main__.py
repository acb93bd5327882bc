"""Asks every judge, or those that are named: `python -m tests.outside [JUDGE]...`; each is a module beside this one."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.outside import go_bundles, go_logs, mining, pymerkle_trees, stamps
from tests.outside.judging import Disagreement, Missing

JUDGES = {
    "go-logs": go_logs.judge,
    "go-bundles": go_bundles.judge,
    "pymerkle-trees": pymerkle_trees.judge,
    "stamps": stamps.judge,
    "mining": mining.judge,
}


def main(names: list[str]) -> int:
    """How many judges could not be asked or disagree; what each says goes to the terminal."""
    failed = 0
    with TemporaryDirectory(prefix="bidao-judges-") as scratch:
        for name in names or JUDGES:
            try:
                print(f"{name}: {JUDGES[name](Path(scratch))}", flush=True)  # noqa: T201 - this is a program
            except (Missing, Disagreement) as no:
                failed += 1
                print(f"{name}: {no}", file=sys.stderr, flush=True)  # noqa: T201
    return failed


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
