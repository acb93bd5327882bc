"""Rows and positions of the views, in one SQLite file beside the events. All of it can be made again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from threading import RLock
from time import sleep
from typing import Any, NamedTuple

from projections import statements
from projections.statements import PARTS, View

APPLICATION_ID = int.from_bytes(b"BIDV")
PATIENCE = 60.0
"""Seconds to wait for another writer: as long as comparing and swapping after a rebuild may take."""
BOUND = 30_000
"""Values bound in one statement; SQLite takes 32,766."""
REGISTRY = """
    CREATE TABLE IF NOT EXISTS views (
        name TEXT PRIMARY KEY, definition TEXT NOT NULL, generation INTEGER NOT NULL, position INTEGER NOT NULL
    )"""

Rows = Sequence[tuple[Any, ...]]
Writing = Callable[[View, int, str], Iterable[str]]
"""How rows get into a table: `statements.merge`, or `statements.fill` while it is bare."""


class ViewsUnusable(RuntimeError):
    """The file of the views cannot be used. Carries a Chinese sentence that says why and what to do."""


class DefinitionChanged(RuntimeError):
    """A view's rows were made by another definition under the same name."""

    def __init__(self, view: View) -> None:
        super().__init__(f"视图 {view.name} 的定义已改而名称未改：请换一个版本号，或运行重建。")


class Stand(NamedTuple):
    """What made a view's rows, the generation of tables they are in, and the last position they take in."""

    definition: str
    generation: int
    position: int


class Tables:
    """The views' file; a temporary one where no path is given. One writer at a time, readers from any thread."""

    def __init__(self, path: Path | None, views: Sequence[View]) -> None:
        self._folder = TemporaryDirectory(prefix="bidao-views-") if path is None else None
        self.path = Path(self._folder.name, "views.db") if self._folder else Path(path or "")
        self.views = views
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        self._turn = RLock()
        try:
            self._writer = self._connect()
            self._prepare()
        except sqlite3.Error as error:
            raise ViewsUnusable(f"视图文件 {self.path} 不能使用（{error}）。它可以删去，会从事件重新生成。") from error

    def close(self) -> None:
        """Let go of every connection; a temporary file is gone."""
        self._writer.close()
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()
        if self._folder:
            self._folder.cleanup()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One snapshot of all views, unmoved by whatever is written meanwhile."""
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = self._connect()
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.rollback()
            self._idle.put(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing, and no other process in between."""
        with self._turn:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                self._writer.rollback()
                raise

    def stands(self, connection: sqlite3.Connection) -> dict[View, Stand]:
        """How far each view has come. Raises `DefinitionChanged`."""
        found = registry(connection)
        for view in self.views:
            if found[view.name].definition != view.definition():
                raise DefinitionChanged(view)
        return {view: found[view.name] for view in self.views}

    def position(self) -> int:
        """Up to where every view has come."""
        with self.reading() as connection:
            found = registry(connection)
        return min(found[view.name].position for view in self.views)

    def advance(self, start: int, reached: int, changes: Mapping[View, Rows]) -> bool:
        """Merge what a page brings to the views that stand at `start`; False when another process was faster."""
        with self.writing() as connection:
            stands = self.stands(connection)
            if any(stands[view].position != start for view in changes):
                return False
            for view, rows in changes.items():
                self.put(connection, view, stands[view].generation, rows, statements.merge)
                stand(connection, view, stands[view]._replace(position=reached))
        return True

    def put(self, connection: sqlite3.Connection, view: View, generation: int, rows: Rows, how: Writing) -> None:
        """Merge rows into one generation of a view, within the caller's transaction.

        They go by a table in memory, many in a statement: a row at a time, the driver would hand the
        interpreter to a busy thread after each.
        """
        if not rows:
            return
        page = f'temp."{view.name} page"'
        connection.execute(f"CREATE TABLE IF NOT EXISTS {page} ({', '.join(view.columns)})")
        connection.execute(f"DELETE FROM {page}")
        row, size = f"({','.join('?' * len(view.columns))})", BOUND // len(view.columns)
        for part in (rows[at : at + size] for at in range(0, len(rows), size)):
            values = ",".join([row] * len(part))
            connection.execute(f"INSERT INTO {page} VALUES {values}", list(chain.from_iterable(part)))
        for statement in how(view, generation, page):
            connection.execute(statement)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous = NORMAL")  # what a power cut takes, position and rows, comes again
        connection.execute("PRAGMA temp_store = MEMORY")
        return connection

    def _prepare(self) -> None:
        """Make the file ours, and a table for every view that has none."""
        [mark] = self._writer.execute("PRAGMA application_id").fetchone()
        if mark not in (0, APPLICATION_ID):
            raise ViewsUnusable(f"文件 {self.path} 不是必到的视图文件，请另指定文件。")
        _write_ahead(self._writer)
        with self.writing() as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(REGISTRY)
            known = registry(connection)
            generation = latest(connection) + 1
            for view in self.views:
                if view.name not in known:
                    make(connection, view, generation)


def make(connection: sqlite3.Connection, view: View, generation: int) -> None:
    """A new view: its tables, empty, and its stand before the first event."""
    connection.execute(statements.create(view, generation))
    for statement in (*statements.furnish(view, generation), *statements.show(view, generation)):
        connection.execute(statement)
    stand(connection, view, Stand(view.definition(), generation, 0))


def discard(connection: sqlite3.Connection, views: Sequence[View]) -> None:
    """Drop every table that none of these views is shown from: old versions, and what a broken rebuild left."""
    known = registry(connection)
    shown = {f"{statements.table(view, known[view.name].generation)}{part}" for view in views for part in PARTS}
    names = {f"{view.name}{part}" for view in views for part in PARTS}
    listed = connection.execute(
        "SELECT type, name FROM sqlite_master WHERE type = 'view' OR name LIKE '%~%'"
    ).fetchall()
    for kind, name in listed:
        if kind in ("table", "view") and name not in shown | names:
            connection.execute(f'DROP {kind} "{name}"')
    for name in known.keys() - names:
        connection.execute("DELETE FROM views WHERE name = ?", (name,))


def registry(connection: sqlite3.Connection) -> dict[str, Stand]:
    """Every view in the file, whoever's it is."""
    rows = connection.execute("SELECT name, definition, generation, position FROM views")
    return {name: Stand(*stands) for name, *stands in rows}


def stand(connection: sqlite3.Connection, view: View, at: Stand) -> None:
    """Note how far a view has come."""
    connection.execute("INSERT OR REPLACE INTO views VALUES (?, ?, ?, ?)", (view.name, *at))


def latest(connection: sqlite3.Connection) -> int:
    """The highest generation of any table, 0 when there is none."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%~%'")
    return max((int(name.rpartition("~")[2].split()[0]) for (name,) in names), default=0)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the journal; of processes that do so at once, all but one are told "locked" without any waiting."""
    for _ in range(50):
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
            return
        sleep(0.02)
