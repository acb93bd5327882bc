"""What the query functions share: a snapshot to read, conditions, and times as people and programs read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from domain.clocks import Clocks, RuleTable
from domain.territory import Territory
from projections.database import Transaction

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Readable(Protocol):
    """Views, as far as a query needs them."""

    def reading(self) -> AbstractContextManager[Transaction]:
        """One snapshot of all views."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Views as of one position: however many queries are asked of it, all see the same."""

    transaction: Transaction
    position: int
    """Up to where every view has come in it."""

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """See `Readable`."""
        yield self.transaction


@dataclass(frozen=True, slots=True)
class AsOf:
    """What an answer is told from: the views as of one position, and what holds at one moment (`now`, aware)."""

    views: Snapshot
    now: datetime
    territory: Territory
    """As drawn at that moment."""
    clocks: Clocks

    @property
    def position(self) -> int:
        """That of the views."""
        return self.views.position

    @property
    def table(self) -> RuleTable:
        """The rule table in force at that moment."""
        return self.clocks.table_at(self.now)


@dataclass(slots=True)
class Where:
    """Conditions that all must hold, and the values bound in them.

    `index` names the column to find rows by; without it SQLite chooses, by guess. PostgreSQL always chooses.
    """

    index: str | None = None
    terms: list[str] = field(default_factory=lambda: ["true"])
    values: list[Any] = field(default_factory=list)

    def add(self, term: str, *values: object) -> None:
        """One more condition, a question mark for each value."""
        self.terms.append(term)
        self.values += values

    def equal(self, column: str, value: object | None) -> None:
        """The column has this value; None asks nothing."""
        if value is not None:
            unused = "+" if self.index not in (None, column) else ""  # SQLite's way to keep an index out
            self.add(f"{unused}{column} = ?", value)

    def __str__(self) -> str:
        return " AND ".join(self.terms)


def microseconds(moment: datetime) -> int:
    """Since 1970, as the views keep times."""
    return (moment - EPOCH) // MICROSECOND


def moment(microseconds: int | None) -> datetime | None:
    """An aware time; None where there is none (any more)."""
    return EPOCH + microseconds * MICROSECOND if microseconds else None
