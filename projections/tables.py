"""Rows and positions of the views, in a database beside the events. All of it can be made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from projections import statements
from projections.database import Database, Transaction
from projections.sqlite import SQLiteDatabase
from projections.statements import PARTS, View

MARK = b"BIDV"
"""Tells a file of views from others."""
REGISTRY = """
    CREATE TABLE IF NOT EXISTS views (
        name TEXT PRIMARY KEY, definition TEXT NOT NULL, generation BIGINT NOT NULL, position BIGINT NOT NULL
    )"""

Rows = Sequence[tuple[Any, ...]]
Writing = Callable[[View, int, str], Iterable[str]]
"""How rows get into a table: `statements.merge`, or `statements.fill` while it is bare."""


class DefinitionChanged(RuntimeError):
    """A view's rows were made by another definition under the same name."""

    def __init__(self, view: View) -> None:
        super().__init__(f"视图 {view.name} 的定义已改而名称未改：请换一个版本号，或运行重建。")


class Stand(NamedTuple):
    """What made a view's rows, the generation of tables they are in, and the last position they take in."""

    definition: str
    generation: int
    position: int


NOWHERE = Stand("", 0, 0)
"""Of a view that has no tables; generations are counted from 1."""


class Tables:
    """The tables of these views: in a database, in the SQLite file at a path, or in a temporary one.

    The database is theirs from now on. Raises `DatabaseUnusable`.
    """

    def __init__(self, where: Database | Path | None, views: Sequence[View]) -> None:
        self.database = SQLiteDatabase(where, MARK) if where is None or isinstance(where, Path) else where
        self.views = views
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of every transaction; a temporary file is gone."""
        self.database.close()

    def reading(self) -> AbstractContextManager[Transaction]:
        """One snapshot of all views, unmoved by whatever is written meanwhile."""
        return self.database.reading()

    def writing(self) -> AbstractContextManager[Transaction]:
        """One transaction: all of it or nothing, and no other writer in between."""
        return self.database.writing()

    def stands(self, transaction: Transaction) -> dict[View, Stand]:
        """How far each view has come; one without tables nowhere. Raises `DefinitionChanged`."""
        found = registry(transaction)
        for view in self.views:
            if view.name in found and found[view.name].definition != view.definition():
                raise DefinitionChanged(view)
        return {view: found.get(view.name, NOWHERE) for view in self.views}

    def position(self) -> int:
        """Up to where every view has come."""
        with self.reading() as transaction:
            return position_of(transaction, self.views)

    def advance(self, start: int, reached: int, changes: Mapping[View, Rows]) -> bool:
        """Merge what a page brings to the views that stand at `start`; False when another process was faster."""
        with self.writing() as transaction:
            stands = self.stands(transaction)
            if any(stands[view].position != start for view in changes):
                return False
            for view, rows in changes.items():
                if stands[view] == NOWHERE:  # another version's rebuild dropped it
                    stands[view] = make(transaction, view, latest(transaction) + 1)
                self.put(transaction, view, stands[view].generation, rows, statements.merge)
                stand(transaction, view, stands[view]._replace(position=reached))
            tell(transaction, self.views)
        return True

    def put(self, transaction: Transaction, view: View, generation: int, rows: Rows, how: Writing) -> None:
        """Merge rows into one generation of a view, within the caller's transaction."""
        if not rows:
            return
        page = f"{view.name} page"
        transaction.load(page, f'SELECT * FROM "{statements.table(view, generation)}"', rows)
        for statement in how(view, generation, f'"{page}"'):
            transaction.execute(statement)

    def _prepare(self) -> None:
        """A table for every view that has none."""
        with self.writing() as transaction:
            transaction.execute(REGISTRY)
            known = registry(transaction)
            generation = latest(transaction) + 1
            for view in self.views:
                if view.name not in known:
                    make(transaction, view, generation)


def make(transaction: Transaction, view: View, generation: int) -> Stand:
    """A new view: its tables, empty, and its stand before the first event."""
    dialect = transaction.dialect
    transaction.execute(statements.create(view, generation, dialect))
    for more in (statements.furnish, statements.show):
        for statement in more(view, generation, dialect):
            transaction.execute(statement)
    made = Stand(view.definition(), generation, 0)
    stand(transaction, view, made)
    return made


def discard(transaction: Transaction, views: Sequence[View], behind: int = 0) -> None:
    """Drop every table that no view is shown from: what a broken rebuild left, and another version's views that
    stand behind this position, so that nobody keeps them any more.
    """
    ours, known = {view.name for view in views}, registry(transaction)
    kept = {name: at for name, at in known.items() if name in ours or at.position >= behind}
    names = {f"{name}{part}" for name in kept for part in PARTS}
    shown = {f"{name}~{at.generation}{part}" for name, at in kept.items() for part in PARTS}
    there = transaction.relations()
    for kind, needed in (("view", names), ("table", shown)):  # in this order: a view is shown from a table
        for name in there:
            if there[name] == kind and name not in needed and (kind == "view" or "~" in name):
                transaction.execute(f'DROP {kind} "{name}"')
    for name in known.keys() - kept.keys():
        transaction.execute("DELETE FROM views WHERE name = ?", (name,))


def registry(transaction: Transaction) -> dict[str, Stand]:
    """Every view in the database, whoever's it is."""
    rows = transaction.execute("SELECT name, definition, generation, position FROM views")
    return {name: Stand(*stands) for name, *stands in rows}


def position_of(transaction: Transaction, views: Sequence[View]) -> int:
    """Up to where all of these views have come."""
    found = registry(transaction)
    return min(found.get(view.name, NOWHERE).position for view in views)


def lead(views: Sequence[View]) -> str:
    """What whoever keeps exactly these views leads: a process of another version has to keep its own."""
    known = sorted(f"{view.name} {view.definition()}" for view in views)
    return f"views {sha256(' '.join(known).encode()).hexdigest()}"


def stand(transaction: Transaction, view: View, at: Stand) -> None:
    """Note how far a view has come."""
    transaction.execute(
        """INSERT INTO views VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE
           SET definition = excluded.definition, generation = excluded.generation, position = excluded.position""",
        (view.name, *at),
    )


def tell(transaction: Transaction, views: Sequence[View]) -> None:
    """Let other processes hear up to where all of these views have come."""
    transaction.notify(str(position_of(transaction, views)))


def latest(transaction: Transaction) -> int:
    """The highest generation of any table, 0 when there is none."""
    tables = [name for name, kind in transaction.relations().items() if kind == "table" and "~" in name]
    return max((int(name.rpartition("~")[2].split()[0]) for name in tables), default=0)
