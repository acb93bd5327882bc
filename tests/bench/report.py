"""What was measured, beside the budgets of performance.md: a table for people, JSON for the next run."""

from __future__ import annotations

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Self

from pydantic import BaseModel
from rich.table import Table

LIBRARIES = (
    "eventsourcing",
    "psycopg",
    "pydantic",
    "fastapi",
    "uvicorn",
    "uvloop",
    "httptools",
    "duckdb",
    "pyarrow",
    "orjson",
)


class Contender(BaseModel):
    """One way to do the work: one value a round, and their median."""

    what: str
    rounds: list[float]
    median: float

    @classmethod
    def of(cls, what: str, rounds: list[float]) -> Self:
        return cls(what=what, rounds=rounds, median=median(rounds))


class Budget(BaseModel):
    """What performance.md asks for, and whether it is reached; only where it is `must` the run fails otherwise."""

    asked: str
    got: float
    reached: bool
    must: bool = False

    @classmethod
    def at_least(cls, limit: float, got: float | None, of: str) -> Self:
        return cls(asked=f"≥ {limit:,g} {of}", got=got or 0, reached=(got or 0) >= limit)

    @classmethod
    def at_most(cls, limit: float, got: float, of: str) -> Self:
        return cls(asked=f"≤ {limit:,g} {of}", got=got, reached=got <= limit)

    @classmethod
    def required(cls, what: str, holds: bool) -> Self:
        return cls(asked=what, got=int(holds), reached=holds, must=True)


class Row(BaseModel):
    """One line of the table. Ratios are ours ÷ theirs within each round, then the median."""

    what: str
    store: str = "SQLite"
    processes: int = 1
    unit: str
    ours: Contender
    floor: Contender
    library: Contender | None
    to_floor: float
    to_library: float | None
    budgets: list[Budget] = []

    @classmethod
    def of(cls, what: str, unit: str, ours: Contender, floor: Contender, library: Contender | None = None) -> Self:
        return cls(
            what=what,
            unit=unit,
            ours=ours,
            floor=floor,
            library=library,
            to_floor=_ratio(ours, floor),
            to_library=_ratio(ours, library) if library else None,
        )

    def on(self, store: str, processes: int = 1) -> Self:
        """Where it was measured."""
        return self.model_copy(update={"store": store, "processes": processes})

    @property
    def where(self) -> str:
        return self.store if self.processes == 1 else f"{self.store}, {self.processes} processes"


def _ratio(ours: Contender, theirs: Contender) -> float:
    return median(one / other for one, other in zip(ours.rounds, theirs.rounds, strict=True))


class Machine(BaseModel):
    """Where it was measured: no host names, no paths."""

    cpu: str
    cores: int
    system: str
    python: str
    sqlite: str
    postgres: str | None
    """The server's version; none where nothing was measured on it."""
    libraries: dict[str, str]

    @classmethod
    def this(cls, postgres: str | None) -> Self:
        return cls(
            cpu=_cpu(),
            cores=os.cpu_count() or 0,
            system=f"{platform.system()} {platform.machine()}",
            python=platform.python_version(),
            sqlite=sqlite3.sqlite_version,
            postgres=postgres,
            libraries={name: version(name) for name in LIBRARIES},
        )


class Report(BaseModel):
    """A whole run."""

    machine: Machine
    size: dict[str, int]
    seed: int
    rows: list[Row]

    @property
    def failed(self) -> list[str]:
        """What must hold and does not."""
        budgets = [(row, budget) for row in self.rows for budget in row.budgets]
        return [f"{row.what}, {row.where}: {one.asked}" for row, one in budgets if one.must and not one.reached]

    def table(self) -> Table:
        table = Table(title="Speed: medians of the rounds", caption=self.caption(), caption_justify="left")
        for column in ("what", "store", "unit"):
            table.add_column(column)
        for column in ("ours", "floor", "library", "÷ floor", "÷ library"):
            table.add_column(column, justify="right", no_wrap=True)
        table.add_column("budget")
        for row in self.rows:
            table.add_row(
                row.what,
                row.where,
                row.unit,
                _number(row.ours.median),
                _number(row.floor.median),
                _number(row.library.median if row.library else None),
                _number(row.to_floor),
                _number(row.to_library),
                "\n".join(f"{budget.asked}: {'yes' if budget.reached else 'no'}" for budget in row.budgets) or "–",
            )
        return table

    def caption(self) -> str:
        machine = self.machine
        return (
            f"{machine.cpu}, {machine.cores} cores, Python {machine.python}, SQLite {machine.sqlite}, "
            f"PostgreSQL {machine.postgres or '–'}, seed {self.seed}, {self.size['rounds']} rounds; ↓: less is better."
        )


def _cpu() -> str:
    """The model's name, which only Linux tells in a file."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
