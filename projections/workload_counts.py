"""Where the figures of the workload come from: work done day by day, cycles that ran out of time, cases in hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from domain.incident.words import UNRESOLVED
from projections.cycles import Cycles
from projections.database import Transaction
from projections.docket import Docket
from projections.drawn import Drawing, community_of, days
from projections.kpi_definition import BASE
from projections.kpi_definitions import NOT_ENDED, ON_TIME
from projections.projection import Projection
from projections.reading import Where, microseconds
from projections.workload_query import WorkloadQuery
from projections.workload_rows import WORK, Workload

IN_HAND = ("open_now", "overdue_now")
COUNTS = (*WORK, "overdue", *IN_HAND)
OVERDUE = f"{BASE} AND {NOT_ENDED} AND NOT ({ON_TIME}) AND handle_due_at > 0 AND handle_due_at < ?"
"""As SQL over the cycles, now for the question mark: what 按期处置率 counts as not on time, with what was exempted."""
NOT_HANDLED = ", ".join(f"'{stage}'" for stage in sorted(UNRESOLVED))
RAN_OUT = f"handle_due_at > 0 AND handle_due_at < ? AND stage IN ({NOT_HANDLED})"
"""The same of an open case, over the docket."""


class About(NamedTuple):
    """What a row is about: its key, the community where there is none, the day of a daily one."""

    key: str
    community: str
    day: str | None = None


Counts = Mapping[str, int]
Counted = Iterator[tuple[About, Counts]]
"""What a row is about, and some of its counts."""


@dataclass(frozen=True, slots=True)
class Counting:
    """One question, asked of one snapshot at one moment (`now`, aware); `where` narrows it to places."""

    transaction: Transaction
    drawing: Drawing
    query: WorkloadQuery
    where: Where
    now: datetime

    def all(self) -> dict[About, dict[str, int]]:
        """Every row that has something to count."""
        found: dict[About, dict[str, int]] = {}
        for counted in (self.done(), self.overdue(), self.in_hand()):
            for about, counts in counted:
                found.setdefault(about, {}).update(counts)
        return found

    def done(self) -> Counted:
        """How much of each kind of work."""
        sums = [f"CAST(sum({work}) AS BIGINT)" for work in WORK]
        for about, counts in self._summed(Workload, days(self.query), sums, day="day"):
            if any(counts):
                yield about, dict(zip(WORK, counts, strict=True))

    def overdue(self) -> Counted:
        """Cycles whose time to handle ran out."""
        where = days(self.query, "handle_due_on")
        where.add(OVERDUE, microseconds(self.now))
        for about, [count] in self._summed(Cycles, where, ["count(*)"], day="handle_due_on"):
            yield about, {"overdue": count}

    def in_hand(self) -> Counted:
        """Cases in hand now, and those of them whose time to handle has run out, whenever they were reported."""
        if self.query.split_by_day:
            return
        sums = ["count(*)", f"CAST(sum(CASE WHEN {RAN_OUT} THEN 1 ELSE 0 END) AS BIGINT)"]
        for about, counts in self._summed(Docket, Where(terms=["open = 1"]), sums, microseconds(self.now)):
            yield about, dict(zip(IN_HAND, counts, strict=True))

    def _summed(
        self, view: type[Projection], where: Where, sums: Sequence[str], *values: object, day: str = ""
    ) -> Iterator[tuple[About, Sequence[int]]]:
        """Sums over the rows of a view under these conditions; `values` are those bound in the sums."""
        where.equal("kind", self.query.kind)
        rows = self.drawing.rows(self.transaction, view, where)
        by = '"lead"' if self.query.by == "unit" and "unit" not in view.columns else self.query.by
        statement = f"""
            SELECT {by}, {community_of(by)}, {day if self.query.split_by_day else "NULL"}, {", ".join(sums)}
            FROM {rows.sql} WHERE {self.where} GROUP BY 1, 2, 3"""
        found = self.transaction.execute(statement, (*values, *rows.values, *self.where.values))
        for key, community, on, *counts in found:
            yield About(key, community, on), counts
