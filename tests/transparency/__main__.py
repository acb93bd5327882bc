"""The long campaign: `python -m tests.transparency --rewritings 10000 --clean 1000 --seed 1`.

Prints a table and writes tampering.json. Exit code 1 if anything went unnoticed, was found elsewhere than it was done,
or alarmed though it was lawful.

2 cores, Python 3.11, PostgreSQL 15, seed 1, other work on the machine: 10,000 of 10,000 rewritings found where they
were done on SQLite (108 s) and on PostgreSQL (279 s), no alarm at 1,000 lawful stores on each (103 s, 135 s), 5,610 of
5,610 bundles refused for their reasons.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from rich.console import Console
from rich.table import Table

from tests import postgres
from tests.casework.stores import StoreKind
from tests.stores import Store
from tests.transparency.clean import CLEAN, clean
from tests.transparency.mutants import mutants
from tests.transparency.resealing import resealed
from tests.transparency.succeeding import tampered_successions
from tests.transparency.tampering import LOCALISED, UNNOTICED, Tally, place, tampering
from tests.transparency.test_bundles import reason

console = Console(highlight=False)
EXPECTED = {"rewritings": LOCALISED, "lawful": CLEAN, "bundles": "refused for its reason"}


def on(kind: Store, rewritings: int, lawful: int, seed: int) -> dict[str, Tally]:
    """What one kind of store came to."""
    with TemporaryDirectory(prefix="bidao-tampering-") as folder:
        with place(kind, Path(folder, "rewritten")) as at:
            rewritten = tampering(at, rewritings, seed)
        beside = clean(StoreKind(kind.name, kind.url), Path(folder, "clean"), lawful, seed)
    return {"rewritings": rewritten, "lawful": beside}


def bundles() -> Tally:
    """Every bundle that was tampered with."""
    tally, began = Tally(), monotonic()
    for one in (*mutants(), *resealed(), *tampered_successions()):
        why = reason(one.file)
        said = EXPECTED["bundles"] if why in one.reasons else f"refused as {why.name}" if why else UNNOTICED
        tally.counted[one.kind, said] += 1
    tally.seconds = monotonic() - began
    return tally


def otherwise(name: str, tally: Tally) -> int:
    """How many came to anything else than they should."""
    return tally.counted.total() - tally.of(EXPECTED[name.split()[0]]).total()


def table(tallies: dict[str, Tally]) -> Table:
    shown = Table("", "how many", "as they should be", "otherwise", "seconds")
    for name, tally in tallies.items():
        whole, wrong = tally.counted.total(), otherwise(name, tally)
        shown.add_row(name, f"{whole:,}", f"{whole - wrong:,}", f"{wrong:,}", f"{tally.seconds:.0f}")
    return shown


def figures(tallies: dict[str, Tally]) -> dict[str, object]:
    """Everything counted, by what was done and what was said of it."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    told = {
        name: {
            "seconds": round(tally.seconds),
            "counted": {f"{done}: {said}": times for (done, said), times in sorted(tally.counted.items())},
        }
        for name, tally in tallies.items()
    }
    return {"machine": machine, **told}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rewritings", type=int, default=10_000)
    parser.add_argument("--clean", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path("tampering.json"))
    asked = parser.parse_args()
    tallies = {"bundles": bundles()}
    with postgres.server() as url, postgres.database(url) as database:
        for kind in (Store("sqlite"), Store("postgres", database)):
            for name, tally in on(kind, asked.rewritings, asked.clean, asked.seed).items():
                tallies[f"{name} on {kind.name}"] = tally
    console.print(table(tallies))
    asked.json.write_text(json.dumps(figures(tallies), ensure_ascii=False, indent=1) + "\n")
    sys.exit(any(otherwise(name, tally) for name, tally in tallies.items()))


if __name__ == "__main__":
    main()
