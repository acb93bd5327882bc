"""`make bench`: the whole speed table in one run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import psycopg
import typer
from rich.console import Console

from tests import postgres
from tests.bench import append, command, http, lights, load, rebuild, sealing, tier
from tests.bench.measuring import FULL, QUICK, Size
from tests.bench.report import Machine, Report, Row
from tests.bench.stores import Bench, PostgresStore, SQLiteStore, Store

WIDTH = 170
"""Of the table in a file, in characters."""


class Group(StrEnum):
    """Rows that are measured together, in this order."""

    APPEND = "append"
    COMMAND = "command"
    HTTP = "http"
    LOAD = "load"
    REBUILD = "rebuild"
    LIGHTS = "lights"
    SEALING = "sealing"
    DISTRICT = "district"


USUAL = tuple(group for group in Group if group is not Group.DISTRICT)
"""A whole district takes as long as the others together: `make district`."""


class Kind(StrEnum):
    """The databases there are rows for."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"


MEASURES: dict[Group, Callable[[Bench], list[Row]]] = {
    Group.APPEND: append.measure,
    Group.COMMAND: command.measure,
    Group.HTTP: http.measure,
    Group.LOAD: load.measure,
    Group.REBUILD: rebuild.measure,
    Group.LIGHTS: lights.measure,
    Group.SEALING: sealing.measure,
    Group.DISTRICT: tier.measure,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows."""

    groups: tuple[Group, ...] = USUAL
    kinds: tuple[Kind, ...] = tuple(Kind)


def run(size: Size, seed: int, console: Console, wanted: Wanted) -> Report:
    """Measure the groups in turn, in places that are deleted afterwards."""
    rows: list[Row] = []
    with TemporaryDirectory(prefix="bidao-bench-") as folder, _server(wanted) as server:
        stores: list[Store] = [SQLiteStore(Path(folder))] if Kind.SQLITE in wanted.kinds else []
        stores += [PostgresStore(Path(folder), server)] if server else []
        bench = Bench(size, seed, Path(folder), tuple(stores))
        for group in wanted.groups:
            with console.status(f"{group} …"):
                rows += MEASURES[group](bench)
        return Report(machine=Machine.this(_version(server)), size=asdict(size), seed=seed, rows=rows)


@contextmanager
def _server(wanted: Wanted) -> Iterator[str | None]:
    """The server at TEST_DATABASE_URL, else one started for this run; default durability."""
    if Kind.POSTGRES not in wanted.kinds:
        yield None
    elif known := os.environ.get("TEST_DATABASE_URL"):
        yield known
    else:
        with postgres.server() as url:
            yield url


def _version(server: str | None) -> str | None:
    if server is None:
        return None
    with psycopg.connect(server) as connection:
        return connection.info.parameter_status("server_version")


def main(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    quick: Annotated[bool, typer.Option("--quick", help="Some minutes instead of many; less steady.")] = False,
    rounds: Annotated[int | None, typer.Option(min=1, help="Turns of each contender.")] = None,
    events: Annotated[int | None, typer.Option(min=100, help="Events behind the views, such as 1000000.")] = None,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 1,
    store: Annotated[list[Kind] | None, typer.Option(help="Only these databases.")] = None,
    only: Annotated[list[Group] | None, typer.Option(help="Only these groups of rows.")] = None,
    json: Annotated[Path, typer.Option(help="Where the numbers go.")] = Path("bench.json"),
) -> None:
    """Ours, a bare floor and the library's default, one after the other in each round; the medians."""
    size = QUICK if quick else FULL
    size = replace(size, rounds=rounds or size.rounds, events=events or size.events)
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    report = run(size, seed, console, Wanted(tuple(only or USUAL), tuple(store or Kind)))
    console.print(report.table())
    json.write_text(report.model_dump_json(indent=2))
    console.print(f"{json} written.")
    for failure in report.failed:
        console.print(f"FAILED: {failure}")
    if report.failed:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
