"""The database beside the events as a SQLite file: one writer at a time, readers from any thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain
from json import dumps
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from threading import Lock
from time import sleep
from typing import Literal

from projections.database import DatabaseUnavailable, DatabaseUnusable, Dialect, Heard, Listening, Row, Rows
from projections.leadership import FileLeadership, Leadership, SharedLeadership

PATIENCE = 60.0
"""Seconds to wait for another writer: as long as comparing and swapping after a rebuild may take."""
SCRUBBING = 500
"""Milliseconds to wait for whoever reads what is to be gone from the journal; writers wait as well."""
GONE = "no such table"
"""What is said of a table that a rebuild by another version has dropped; whoever follows makes it again."""
BOUND = 30_000
"""Values bound in one statement; SQLite takes 32,766."""
DIALECT = Dialect(
    text="TEXT",
    integer="BIGINT",
    counter="INTEGER PRIMARY KEY",
    clustered=" WITHOUT ROWID",
    monday="date({}, 'weekday 0', '-6 days')",
    among="{} IN (SELECT value FROM json_each(?))",
    merges=True,
)


class SQLiteTransaction:
    """See `projections.database.Transaction`."""

    dialect = DIALECT

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._meaning: Callable[[str], str] = str

    def understand(self, meaning: Callable[[str], str]) -> None:
        self._meaning = meaning

    def execute(self, statement: str, values: Sequence[object] = ()) -> Rows:
        bound = [dumps(value) if isinstance(value, list) else value for value in values]
        return self._connection.execute(self._meaning(statement), bound)

    def executemany(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        self._connection.executemany(self._meaning(statement), rows)

    def stream(self, statement: str) -> Iterator[Row]:
        return iter(self._connection.execute(self._meaning(statement)))

    def load(self, name: str, shape: str, rows: Sequence[Sequence[object]]) -> None:
        """Many rows in a statement: a row at a time, the driver would hand the interpreter to a busy thread
        after each.
        """
        execute = self._connection.execute
        execute(f'CREATE TEMP TABLE IF NOT EXISTS "{name}" AS {shape} LIMIT 0')
        execute(f'DELETE FROM temp."{name}"')
        width = len(rows[0]) if rows else 1
        row, size = f"({','.join('?' * width)})", BOUND // width
        for part in (rows[at : at + size] for at in range(0, len(rows), size)):
            values = ",".join([row] * len(part))
            execute(f'INSERT INTO temp."{name}" VALUES {values}', list(chain.from_iterable(part)))

    def relations(self) -> Mapping[str, Literal["table", "view"]]:
        return dict(self._connection.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"))

    def is_led(self, name: str) -> bool | None:
        """Whoever leads leaves no trace."""
        return None

    def by_index(self) -> None:
        """Nothing: every statement says by which."""

    def analyze(self, table: str) -> None:
        """Nothing: plans are steered by indices and `+`, the same for few rows and many."""

    def alone(self, change: Callable[[], None]) -> bool:
        """At once: a snapshot keeps the tables it began with."""
        change()
        return True

    def overwrite(self) -> None:
        self._connection.execute("PRAGMA secure_delete = ON")

    def notify(self, word: str) -> None:
        """Nothing: nobody listens."""


class SQLiteDatabase:
    """See `projections.database.Database`. A temporary file where no path is given.

    `mark` (four bytes) tells our files from others. Raises `DatabaseUnusable`.
    """

    dialect = DIALECT

    def __init__(self, path: Path | None, mark: bytes) -> None:
        self._folder = TemporaryDirectory(prefix="bidao-") if path is None else None
        self.path = Path(self._folder.name, "database.db") if self._folder else Path(path or "")
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        self._turn = Lock()
        try:
            self._writer = self._connect()
            self._prepare(int.from_bytes(mark))
        except sqlite3.Error as error:
            raise DatabaseUnusable(f"文件 {self.path} 不能使用（{error}）。") from error

    def close(self) -> None:
        """Let go of every connection; a temporary file is gone."""
        self._writer.close()
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()
        if self._folder:
            self._folder.cleanup()

    @contextmanager
    def reading(self) -> Iterator[SQLiteTransaction]:
        """See `Database`."""
        with _told():
            try:
                connection = self._idle.get_nowait()
            except Empty:
                connection = self._connect()
            connection.execute("BEGIN")
            try:
                yield SQLiteTransaction(connection)
            finally:
                connection.rollback()
                self._idle.put(connection)

    @contextmanager
    def writing(self) -> Iterator[SQLiteTransaction]:
        """See `Database`."""
        with _told(), self._turn:
            self._writer.execute("PRAGMA secure_delete = OFF")
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield SQLiteTransaction(self._writer)
                self._writer.execute("COMMIT")
            except BaseException:
                self._writer.rollback()
                raise

    def scrub(self) -> bool:
        """What was written ahead goes into the file, and is gone from where it was."""
        with _told(), closing(self._connect()) as connection:
            connection.execute(f"PRAGMA busy_timeout = {SCRUBBING}")
            [busy, *_] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def leadership(self, name: str) -> Leadership:
        return SharedLeadership()

    def rebuilding(self) -> Leadership:
        return FileLeadership(self.path.with_suffix(".rebuild.lock"))

    def listening(self, heard: Heard, events: Heard) -> Listening | None:
        return None

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = NORMAL")  # what a power cut takes can be made again
        connection.execute("PRAGMA temp_store = MEMORY")
        return connection

    def _prepare(self, ours: int) -> None:
        """Make the file ours."""
        [mark] = self._writer.execute("PRAGMA application_id").fetchone()
        if mark not in (0, ours):
            raise DatabaseUnusable(f"文件 {self.path} 是别的程序或别的用途的，请另指定文件。")
        _write_ahead(self._writer)
        if mark != ours:
            self._writer.execute(f"PRAGMA application_id = {ours}")


def copy(source: Path, path: Path) -> None:
    """Put all that a database holds into a new file. Raises `DatabaseUnavailable`."""
    with _told(), closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(path)) as new:
        old.backup(new)


@contextmanager
def _told() -> Iterator[None]:
    """Trouble that passes, told apart from a statement that is wrong."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR and not str(error).startswith(GONE):
            raise
        raise DatabaseUnavailable(str(error)) from error


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the journal; of processes that do so at once, all but one are told "locked" without any waiting."""
    for _ in range(50):
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
            return
        sleep(0.02)
