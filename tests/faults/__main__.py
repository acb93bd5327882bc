"""The long campaign: `python -m tests.faults --kills 1000 --seed 1`.

Prints a table and writes campaign.json. Exit code 1 if anything is wrong; the folder of such a round is kept.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import closing
from pathlib import Path

from rich.console import Console

from tests import postgres
from tests.faults.campaign import campaign
from tests.faults.cluster import Cluster
from tests.faults.site import Plan
from tests.faults.tally import Tally, figures, table

console = Console(highlight=False)
ON_SQLITE = 0.2
"""The share of the kills."""
SAID = 10


def tell(folder: Path, one: Tally) -> None:
    """A line for each round, and what is wrong with it."""
    verdict = f"WRONG, see {folder}" if one.wrong else "nothing wrong"
    console.print(f"{one.kills.total():4} kills in {one.seconds:5.1f} s: {verdict}")
    for sentence in one.wrong[:SAID]:
        console.print(f"     {sentence}", markup=False, soft_wrap=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path("campaign.json"))
    asked = parser.parse_args()
    on_sqlite = round(asked.kills * ON_SQLITE)
    with postgres.server() as url, closing(Cluster(url)) as cluster:
        tallies = {
            "PostgreSQL": campaign(Plan(cluster), asked.kills - on_sqlite, asked.seed, tell),
            "SQLite": campaign(Plan(None, apis=1, workers=1), on_sqlite, asked.seed, tell),
        }
    console.print(table(tallies))
    asked.json.write_text(json.dumps(figures(tallies), ensure_ascii=False, indent=1) + "\n")
    sys.exit(any(tally.wrong for tally in tallies.values()))


if __name__ == "__main__":
    main()
