"""该做的和做了的: what is owed to households or by members in a month, half-year or year, and how often it was done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from domain.clocks import SHANGHAI
from projections.database import Transaction
from projections.drawn import Drawing, RollUpQuery, Source
from projections.kpi_definition import OfRolls
from projections.obligations import Obligations
from projections.reading import AsOf, Where

Span = tuple[date, date]
"""A first and a last day."""


def today(now: datetime) -> date:
    """The date in Asia/Shanghai."""
    return now.astimezone(SHANGHAI).date()


def owed(
    transaction: Transaction, at: AsOf, one: OfRolls, query: RollUpQuery, *, running: bool = False
) -> Source | None:
    """A row for each obligation in each period it stands in, called `owed`; None where there is none.

    Each lies where the map has it at the moment asked about, whatever the query says: once a grid is redrawn, whoever
    has the household now is whom it is owed by.
    Of periods that are over, and with `running` of the one under way. Besides what an obligation has: `first` and
    `last` day of the period, `nth` to order them by, and `times`, how often it was done in it.
    """
    spans = _asked(transaction, one, query, today(at.now), running=running)
    if not spans:
        return None
    where = Where()
    where.equal("duty", one.duty)
    where.add("from_day <= ?", spans[-1][1].isoformat())
    rows = Drawing(at.territory, now=True).rows(transaction, Obligations, where)
    period = " UNION ALL ".join(
        f"""SELECT {last.toordinal()} AS nth, '{first}' AS "first", '{last}' AS "last" """ for first, last in spans
    )
    sql = f"""(SELECT owed.*, nth, "first", "last", {one.done} AS times
        FROM (SELECT * FROM {rows.sql}) AS owed JOIN ({period}) AS period ON {one.stands}) AS owed"""
    return Source(sql, rows.values)


def _asked(transaction: Transaction, one: OfRolls, query: RollUpQuery, now: date, *, running: bool) -> list[Span]:
    """The periods asked about, by their last days."""
    begun = f'SELECT min(from_day) FROM "{Obligations.name}" WHERE duty = ?'
    [earliest] = transaction.execute(begun, (one.duty,)).fetchone()
    if not earliest:
        return []
    start = max(query.from_day or date.min, date.fromisoformat(earliest))
    spans = []
    for first, last in _spans(one.months, start, now):
        ended, until = last < now, query.to_day or date.max
        if (last if ended else first) > until or not (ended or running):
            break
        spans.append((first, last))
    return spans


def _spans(months: int, start: date, now: date) -> Iterator[Span]:
    """The months, half-years or years from the one in which a day lies to the one under way."""
    first = start.replace(month=(start.month - 1) // months * months + 1, day=1)
    while first <= now:
        after = (first + timedelta(days=31 * months)).replace(day=1)
        yield first, after - timedelta(days=1)
        first = after
