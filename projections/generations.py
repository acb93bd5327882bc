"""Generations of a view beside the one in use: one being built, and how far it has come; and those that were replaced.

How far a building has come is noted in one transaction with its rows. So whoever finds one that was broken off, by
kill -9 or otherwise, goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from projections import statements
from projections.database import Dialect, Transaction
from projections.statements import PARTS, View

TABLES = (
    """CREATE TABLE IF NOT EXISTS buildings (
        name TEXT PRIMARY KEY, definition TEXT NOT NULL, generation BIGINT NOT NULL, position BIGINT NOT NULL,
        events BIGINT NOT NULL, steps BIGINT NOT NULL, touched BIGINT NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS replaced (
        name TEXT NOT NULL, generation BIGINT NOT NULL, position BIGINT NOT NULL, since BIGINT NOT NULL,
        PRIMARY KEY (name, generation)
    )""",
)
"""What is noted of them. A name has one building at a time."""


class Building(NamedTuple):
    """A generation that nobody sees yet."""

    definition: str
    generation: int
    position: int
    """The last event taken in."""
    events: int
    """How many there were when that was noted."""
    steps: int
    """How many of `finishing` are done: 0 while it is being filled."""
    touched: int
    """When somebody last worked on it, in seconds since 1970."""


class Replaced(NamedTuple):
    """A generation that goes when its time has come."""

    name: str
    generation: int
    position: int
    since: int
    """When it was first found replaced, at this position; in seconds since 1970."""


class Overtaken(Exception):
    """Somebody else works on the same building; whoever meets this leaves it to them."""


def buildings(transaction: Transaction) -> dict[str, Building]:
    """Every building in the database, whoever's it is, by the name of its view."""
    rows = transaction.execute("SELECT name, definition, generation, position, events, steps, touched FROM buildings")
    return {name: Building(*values) for name, *values in rows}


def note(transaction: Transaction, name: str, before: Building | None, now: Building) -> None:
    """Note how far a building has come. Raises `Overtaken` if it was not where whoever built it believed."""
    if buildings(transaction).get(name) != before:
        raise Overtaken(name)
    end(transaction, name)
    transaction.execute("INSERT INTO buildings VALUES (?, ?, ?, ?, ?, ?, ?)", (name, *now))


def end(transaction: Transaction, name: str) -> None:
    """It is no building any more."""
    transaction.execute("DELETE FROM buildings WHERE name = ?", (name,))


def finishing(view: View, generation: int, dialect: Dialect) -> Sequence[str]:
    """What makes a filled generation one to be read: each a step in a transaction of its own. At least one: the last,
    empty, is for the database to look at what it was filled with.
    """
    return [*statements.furnish(view, generation, dialect), ""]


def replaced(transaction: Transaction) -> list[Replaced]:
    """Every generation that goes when its time has come."""
    return [Replaced(*row) for row in transaction.execute("SELECT name, generation, position, since FROM replaced")]


def replace(transaction: Transaction, old: Replaced) -> None:
    """It goes when its time has come, counted from `since`."""
    stay(transaction, old.name, old.generation)
    transaction.execute("INSERT INTO replaced VALUES (?, ?, ?, ?)", old)


def stay(transaction: Transaction, name: str, generation: int) -> None:
    """It does not go, or is gone already."""
    transaction.execute("DELETE FROM replaced WHERE name = ? AND generation = ?", (name, generation))


def drop(transaction: Transaction, name: str, generation: int) -> None:
    """Its tables, and what is noted of them."""
    for part in reversed(PARTS):
        transaction.execute(f'DROP TABLE IF EXISTS "{name}~{generation}{part}"')
    stay(transaction, name, generation)


def begin(transaction: Transaction, view: View, generation: int, now: int) -> Building:
    """An empty table beside whatever is in use, without anything that is quickest made once the rows are there."""
    begun = Building(view.definition(), generation, position=0, events=0, steps=0, touched=now)
    note(transaction, view.name, None, begun)
    transaction.execute(statements.create(view, generation, transaction.dialect))
    return begun


def tables_of(view: View, generation: int) -> list[str]:
    """Its tables once it is finished."""
    return [f"{statements.table(view, generation)}{part}" for part in (PARTS if view.counted else PARTS[:1])]
