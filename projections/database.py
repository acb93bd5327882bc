"""A small database beside the events, of two kinds: a SQLite file, or a schema of its own in PostgreSQL.

A statement is written once, in what both understand. Values are marked `?`, which stands for nothing else. A `+`
right before a column asks SQLite not to go by an index of it; PostgreSQL, which keeps statistics, never hears it.
Booleans are kept as 0 and 1. Where the two cannot be told the same, `Dialect` has a word for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, NamedTuple, Protocol

from projections.leadership import Leadership

Heard = Callable[[str], None]
"""Told the word of a message; '' when messages may have been missed."""


class DatabaseUnusable(RuntimeError):
    """What is there is not ours, or cannot be opened. Carries a Chinese sentence that says why and what to do."""


class DatabaseUnavailable(RuntimeError):
    """It does not answer now: locked for too long, full, restarting, or no connection is free. Ask again later.

    Whatever was being written is not there; only where a connection broke in the commit it may be.
    """


class Dialect(NamedTuple):
    """What the two kinds say each in its own words."""

    text: str
    """The type of a text, in order of its bytes."""
    integer: str
    """The type of a whole number of 64 bits."""
    counter: str
    """The type of a column that counts rows up by itself, and is the primary key."""
    clustered: str
    """After the columns of a table that is kept in order of its primary key."""
    monday: str
    """The Monday of the week of a day written 2026-02-16, `{}`, written likewise."""
    among: str
    """That a column, `{}`, has one of several values; the list of them is bound as one value."""
    merges: bool
    """Whether the arms of a UNION ALL are each read in the order of the whole, and no further than is needed."""


class Row(Protocol):
    """A row that was found, indexed by place or by name; `dict(row)` has every column."""

    def __getitem__(self, key: Any, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def __len__(self) -> int: ...

    def keys(self) -> Iterable[str]: ...


class Rows(Protocol):
    """What a statement finds."""

    def __iter__(self) -> Iterator[Any]: ...

    def fetchone(self) -> Any:
        """The next `Row`, None after the last."""

    def fetchall(self) -> list[Any]:
        """Every `Row` that is left."""


class Transaction(Protocol):
    """One transaction, for one thread."""

    @property
    def dialect(self) -> Dialect: ...

    def understand(self, meaning: Callable[[str], str]) -> None:
        """From now on run what `meaning` makes of a statement."""

    def execute(self, statement: str, values: Sequence[object] = ()) -> Rows:
        """Run one statement. Raises the driver's error when it is wrong."""

    def executemany(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for each row of values."""

    def stream(self, statement: str) -> Iterator[Row]:
        """What a statement finds, however much, without holding all of it at once."""

    def load(self, name: str, shape: str, rows: Sequence[Sequence[object]]) -> None:
        """Let `name` be a temporary table of these rows until the transaction ends; `shape` selects its columns."""

    def relations(self) -> Mapping[str, Literal["table", "view"]]:
        """The tables and views there are, by name."""

    def is_led(self, name: str) -> bool | None:
        """Whether some process has this lead now; None on SQLite, where that cannot be told."""

    def by_index(self) -> None:
        """From here on, read no table from end to end where an index tells as well, however soon that might end."""

    def analyze(self, table: str) -> None:
        """Say that a table was filled, where the plans of statements depend on what it holds."""

    def alone(self, change: Callable[[], None]) -> bool:
        """Change which tables there are, or what their names mean, while nobody uses them; until this transaction
        ends nobody begins to.

        Whoever does is waited for, for a moment. False when it takes longer: then nothing was changed. It may be
        tried again in another transaction, so that other writers, and whoever wants to read, have their turn.
        """

    def overwrite(self) -> None:
        """From here on to its end, leave nothing in the file of what is deleted; see `Database.scrub`."""

    def notify(self, word: str) -> None:
        """Once committed, let every process that listens hear it."""


class Listening(Protocol):
    """Hears what is told, on a thread of its own, until closed."""

    def close(self) -> None: ...


class Database(Protocol):
    """One database of ours. Usable from any thread."""

    @property
    def dialect(self) -> Dialect: ...

    def reading(self) -> AbstractContextManager[Transaction]:
        """One snapshot of all tables, unmoved by whatever is written meanwhile. Nothing done in it stays.

        Raises `DatabaseUnavailable`.
        """

    def writing(self) -> AbstractContextManager[Transaction]:
        """One transaction: all of it or nothing, and no other writer of any process in between.

        Raises `DatabaseUnavailable`.
        """

    def leadership(self, name: str) -> Leadership:
        """The right to do what one process at a time has to do; on SQLite nothing has to, and everybody holds it."""

    def rebuilding(self) -> Leadership:
        """The right to make tables beside those in use, and to drop such as another broke off; on SQLite as well."""

    def listening(self, heard: Heard, events: Heard) -> Listening | None:
        """Hear of every `notify`, and (`events`) of every append to the event store beside; None on SQLite.

        Messages may be lost when a connection breaks: they only save waiting.
        """

    def scrub(self) -> bool:
        """Leave nothing of what was deleted in any file that is the database's own; false while it is still read.

        Raises `DatabaseUnavailable`.
        """

    def close(self) -> None:
        """Let go of every connection."""
