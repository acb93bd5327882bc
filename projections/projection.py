"""What a projection is: a name, columns that say how they merge, and one SELECT over the frame `events`."""

from __future__ import annotations

import hashlib
from enum import Enum
from typing import ClassVar


class Merge(Enum):
    """How a page's value meets the one that stands."""

    KEY = "key"
    SUM = "sum"
    LAST = "last"


KEY, SUM, LAST = Merge.KEY, Merge.SUM, Merge.LAST


class Projection:
    """One view. Whoever changes `columns` or `select` gives it a new name: rows are made by one definition.

    Either it counts: KEY and SUM, the SELECT grouped by its keys and every sum built on `sign`, so that
    whatever was added can be taken back. Or it lists: KEY and LAST, the SELECT one line per event with
    `n`, the event's place in the frame; the last value given stands, NULL leaves what stood, and '' or 0
    say that there is none any more.
    """

    name: ClassVar[str]
    columns: ClassVar[dict[str, Merge]]
    select: ClassVar[str]
    reads: ClassVar[frozenset[str]] = frozenset()
    """The events without which a page has nothing for this view; empty: every event matters."""
    indices: ClassVar[tuple[str, ...]] = ()
    """What reading needs, as SQL: the columns, and WHERE for a partial one."""
    counted: ClassVar[tuple[str, ...]] = ()
    """Columns whose combinations are counted exactly, as rows come and change."""

    @classmethod
    def merging(cls, how: Merge) -> list[str]:
        """The columns that merge in this way."""
        return [column for column, merge in cls.columns.items() if merge is how]

    @classmethod
    def definition(cls) -> str:
        """A digest of what its rows are made by; line breaks do not matter."""
        columns = ",".join(f"{column} {merge.value}" for column, merge in cls.columns.items())
        return hashlib.sha256(f"{columns}\n{' '.join(cls.select.split())}".encode()).hexdigest()

    @classmethod
    def page_select(cls) -> str:
        """What one page adds, a row for each combination of keys."""
        keys = ", ".join(cls.merging(KEY))
        last = cls.merging(LAST)
        if last:
            latest = ", ".join(f"arg_max({column}, n)" for column in last)  # which passes over NULL
            return f"SELECT {keys}, {latest} FROM ({cls.select}) GROUP BY {keys}"
        sums = [f"coalesce({column}, 0)" for column in cls.merging(SUM)]
        moved = " OR ".join(f"{value} <> 0" for value in sums)
        return f"SELECT {keys}, {', '.join(sums)} FROM ({cls.select}) WHERE {moved}"
