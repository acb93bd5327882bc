"""Rows and positions of the views, in a database beside the events. All of it can be made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from projections import statements
from projections.database import Database, Transaction
from projections.generations import TABLES, buildings
from projections.naming import Naming, Underway, underway
from projections.sqlite import SQLiteDatabase
from projections.statements import View

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

    The database is theirs from now on. A view that is new stands before the first event where the log has nothing for
    it (`empty`); else it is none until it was built. Raises `DatabaseUnusable`.
    """

    def __init__(self, where: Database | Path | None, views: Sequence[View], *, empty: bool = True) -> None:
        self.database = SQLiteDatabase(where, MARK) if where is None or isinstance(where, Path) else where
        self.views = views
        try:
            self._prepare(empty)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of every transaction; a temporary file is gone."""
        self.database.close()

    @contextmanager
    def snapshot(self) -> Iterator[tuple[Transaction, dict[str, Stand]]]:
        """One snapshot of all views, unmoved by whatever is written meanwhile, and how they stand in it.

        Asked for a view that is none yet, it raises `ViewUnderway`.
        """
        with self.database.reading() as transaction:
            found = registry(transaction)
            shown = {name: at.generation for name, at in found.items()}
            transaction.understand(Naming(transaction, shown, self.views))
            yield transaction, found

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """The same snapshot."""
        with self.snapshot() as (transaction, _):
            yield transaction

    def writing(self) -> AbstractContextManager[Transaction]:
        """One transaction: all of it or nothing, and no other writer in between."""
        return self.database.writing()

    def stands(self, transaction: Transaction) -> dict[View, Stand]:
        """How far each view has come that is one already. Raises `DefinitionChanged`."""
        found = registry(transaction)
        for view in self.views:
            if view.name in found and found[view.name].definition != view.definition():
                raise DefinitionChanged(view)
        return {view: found[view.name] for view in self.views if view.name in found}

    def position(self) -> int:
        """Up to where every view has come."""
        with self.snapshot() as (_, found):
            return least(found, self.views)

    def underway(self) -> list[Underway]:
        """The views that are being built, or built again, or wait for it."""
        with self.database.reading() as transaction:
            shown, built = registry(transaction), buildings(transaction)
        return [
            underway(built.get(view.name), view, shown=view.name in shown)
            for view in self.views
            if view.name in built or view.name not in shown
        ]

    def advance(self, start: int, reached: int, changes: Mapping[View, Rows]) -> bool:
        """Merge what a page brings to the views that stand at `start`; False when another process was faster, or one
        of another version dropped a view.
        """
        with self.writing() as transaction:
            found = registry(transaction)
            stands = {view: found.get(view.name, NOWHERE) for view in changes}
            if any((at.definition, at.position) != (view.definition(), start) for view, at in stands.items()):
                return False
            for view, rows in changes.items():
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

    def _prepare(self, empty: bool) -> None:
        """Nothing is written, and no writer waited for, where all is there."""
        with self.database.reading() as transaction:
            there = transaction.relations().keys()
            missing = not {"views", "buildings", "replaced"} <= there or (empty and self._new(transaction))
        if missing:
            with self.writing() as transaction:
                for registered in (REGISTRY, *TABLES):
                    transaction.execute(registered)
                generation = latest(transaction) + 1
                for view in self._new(transaction) if empty else ():
                    make(transaction, view, generation)

    def _new(self, transaction: Transaction) -> list[View]:
        known = registry(transaction)
        return [view for view in self.views if view.name not in known]


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


def registry(transaction: Transaction) -> dict[str, Stand]:
    """Every view in the database, whoever's it is."""
    rows = transaction.execute("SELECT name, definition, generation, position FROM views")
    return {name: Stand(*stands) for name, *stands in rows}


def least(found: Mapping[str, Stand], views: Sequence[View]) -> int:
    """Up to where all of these have come that are views already; 0 where none is."""
    return min((found[view.name].position for view in views if view.name in found), default=0)


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
    transaction.notify(str(least(registry(transaction), views)))


def latest(transaction: Transaction) -> int:
    """The highest generation of any table, 0 when there is none."""
    tables = [name for name, kind in transaction.relations().items() if kind == "table" and "~" in name]
    return max((int(name.rpartition("~")[2].split()[0]) for name in tables), default=0)
