"""`make bench`: the whole speed table in one run."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console

from tests.bench import append, command, http, lights, load, rebuild
from tests.bench.measuring import FULL, QUICK, Bench, Size
from tests.bench.report import Machine, Report

WIDTH = 150
"""Of the table in a file, in characters."""
GROUPS = (append, command, http, load, rebuild, lights)


def run(size: Size, seed: int, console: Console) -> Report:
    """Measure every group in turn, in a folder that is deleted afterwards."""
    rows = []
    with TemporaryDirectory(prefix="bidao-bench-") as folder:
        bench = Bench(size, seed, Path(folder))
        for group in GROUPS:
            with console.status(f"{group.__name__.rpartition('.')[2]} …"):
                rows += group.measure(bench)
    return Report(machine=Machine.this(), size=asdict(size), seed=seed, rows=rows)


def main(
    quick: Annotated[bool, typer.Option("--quick", help="A minute instead of several; less steady.")] = False,
    rounds: Annotated[int | None, typer.Option(min=1, help="Turns of each contender.")] = None,
    events: Annotated[int | None, typer.Option(min=100, help="Events behind the views, such as 1000000.")] = None,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 1,
    json: Annotated[Path, typer.Option(help="Where the numbers go.")] = Path("bench.json"),
) -> None:
    """Ours, a bare floor and the library's default, one after the other in each round; the medians."""
    size = QUICK if quick else FULL
    size = replace(size, rounds=rounds or size.rounds, events=events or size.events)
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    report = run(size, seed, console)
    console.print(report.table())
    json.write_text(report.model_dump_json(indent=2))
    console.print(f"{json} written.")


if __name__ == "__main__":
    typer.run(main)
