"""pm4py and r4pm read what was exported, and find exactly the violations that were put into it.

They live in an environment of their own (`make judges` makes it) and run as a program of their own (`mining_judge.py`),
which says in a file what they found; here that is compared with what the store says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from eventsourcing.persistence import Notification
from typer.testing import CliRunner

from api.__main__ import app
from api.opening import open_case_files
from projections.interchange import xes
from tests.histories import history
from tests.interchange.exported import Counted, counted, export, told
from tests.interchange.injecting import by_case, injected
from tests.outside.judging import Disagreement, asked, require
from tests.server import settings_for

SEEDS = range(6)
INJECTED = "injected.xes"


def judge(scratch: Path) -> str:
    for tool in ("pm4py", "r4pm"):
        require(tool)
    cases = violations = 0
    for name, rows in _histories():
        here, expected = scratch / name, counted(rows)
        here.mkdir()
        export(rows, here)
        guilty = _inject(rows, here / INJECTED, Random(len(rows)))
        found = _asked(here)
        if wrong := [*_miscounted(found["counts"], expected), *_misjudged(found, guilty)]:
            raise Disagreement("\n".join(f"{name}: {one}" for one in wrong))
        cases, violations = cases + expected.cases, violations + len(guilty)
    return (
        f"pm4py and r4pm count what the store counts, find nothing wrong with {cases} cases and exactly the"
        f" {violations} violations put into copies of them."
    )


def _histories() -> Iterator[tuple[str, Sequence[Notification]]]:
    """Random ones, and the cases of the article."""
    for seed in SEEDS:
        yield f"history {seed}", history(seed, 8, 960)
    with TemporaryDirectory() as scratch:
        CliRunner().invoke(app, ["demo", "--data", scratch], catch_exceptions=False)
        files = open_case_files(settings_for(Path(scratch)))
        rows = list(files.store.select_notifications(None, 10_000))
        files.close()
    yield "the article", rows


def _inject(rows: Sequence[Notification], path: Path, draw: Random) -> set[str]:
    """Write copies of the cases, some of them with violations; the ids of those."""
    copies = list(injected(by_case(told(rows)), draw))
    with path.open("wb") as file:
        xes.write(((id, case) for id, _, case in copies), file)
    return {id for id, violation, _ in copies if violation}


def _asked(folder: Path) -> dict[str, Any]:
    program = Path(__file__).with_name("mining_judge.py")
    done = asked(str(program), str(folder))
    if done.returncode:
        raise Disagreement(f"pm4py or r4pm cannot read the exports: {done.stderr.strip()[-2000:]}")
    found: dict[str, Any] = json.loads((folder / "verdict.json").read_text())
    return found


def _miscounted(counts: dict[str, dict[str, int]], expected: Counted) -> Iterator[str]:
    for reader, found in counts.items():
        for what, number in found.items():
            if number != getattr(expected, what):
                yield f"{reader} counts {number} {what}, the store {getattr(expected, what)}"


def _misjudged(found: dict[str, Any], guilty: set[str]) -> Iterator[str]:
    yield from (f"a key of OCEL is missing: {key}" for key in found["keys"])
    yield from (f"found not to conform, and is real: {id}" for id in found["unfit"])
    flagged = set(found["unfit of injected"])
    yield from (f"a violation was not found: {id}" for id in guilty - flagged)
    yield from (f"found not to conform, and nothing was put into it: {id}" for id in flagged - guilty)
