"""指标: the figures people are judged by, each with what stands above and below the line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from pydantic import Field

from domain.model import Model
from projections.cycles import Cycles
from projections.database import Transaction
from projections.drawn import Drawing, RollUpRow, Source, community_of, places
from projections.kpi_definition import BASE, Definition, OfCycles, OfRolls, Unit, past
from projections.kpi_definitions import DEFINITIONS, D, in_force
from projections.kpi_query import By, KpiFilter, KpiQuery
from projections.owed import owed, today
from projections.reading import AsOf, Where, microseconds
from projections.scope import Scope
from projections.suppression import SENSITIVE_KINDS, is_sensitive, withheld


class Figure(Model):
    """一个指标的一个数：分子、分母、结果，和所用口径的版本。"""

    kpi: str
    label: str
    version: int = Field(description="口径的版本，见 /api/v1/views/kpis/definitions")
    numerator: int | None
    denominator: int | None
    value: float | None = Field(description="分子÷分母；分母为零即没有")
    shown: str | None = Field(description="写给人看的：比率为百分数，均值为两位小数，四舍五入")
    suppressed: bool = Field(default=False, description="涉及敏感群体而不足三件、不足三户，不公布")


class KpiRow(RollUpRow):
    """一处辖区、一个单位、一种性质或一段时间的各项指标，按口径表的次序。"""

    figures: tuple[Figure, ...]


class Sums(NamedTuple):
    """What stands above the line, and below it; and of how many cases, households or members it tells."""

    numerator: int = 0
    denominator: int = 0
    behind: int = 0


Counted = defaultdict[tuple[Any, str], dict[str, Sums]]
"""Key and community of a row → the sums of its figures, by code."""


def kpis(at: AsOf, scope: Scope, query: KpiQuery, definitions: Sequence[Definition] = DEFINITIONS) -> list[KpiRow]:
    """The figures within what a reader may see, in order of keys and communities.

    There is no row for what nothing was due of; but the one of all there always is.
    """
    asked = judged_by(at, query, query.kpi, definitions)
    drawing = Drawing(at.territory, now=query.drawn == "now")
    found = _counted(at, scope, query, asked, drawing)
    keys = sorted(found, key=lambda row: (row[0] or "", row[1]))
    rows = [KpiRow(**drawing.about(*key), figures=()) for key in keys]
    columns = []
    for one in asked:
        sums = [found[key].get(one.code, Sums()) for key in keys]
        few = _few(one, sums, rows, query, drawing)
        columns.append([untold(one) if nth in few else figure(one, pair) for nth, pair in enumerate(sums)])
    figures = [tuple(column[nth] for column in columns) for nth in range(len(rows))]
    return [
        row.model_copy(update={"figures": told, "suppressed": any(one.suppressed for one in told)})
        for row, told in zip(rows, figures, strict=True)
    ]


def _counted(at: AsOf, scope: Scope, query: KpiQuery, asked: Sequence[Definition], drawing: Drawing) -> Counted:
    """What each figure counts, where it counts anything."""
    found: Counted = defaultdict(dict)
    where = places(scope, drawing.under(query.territory))
    cycles = [one for one in asked if isinstance(one, OfCycles)]
    with at.views.reading() as transaction:
        for day in dict.fromkeys(one.day for one in cycles):
            dated = [one for one in cycles if one.day == day]
            source = drawing.rows(transaction, Cycles, counting(query, day, microseconds(at.now)))
            for key, community, *sums in _summed(transaction, source, where, dated, query):
                pairs = zip(dated, map(Sums, sums[::3], sums[1::3], sums[2::3]), strict=True)
                if counted := {one.code: pair for one, pair in pairs if pair.denominator}:
                    found[key, community] |= counted
        for one in (one for one in asked if isinstance(one, OfRolls) and not of_cases_alone(query, query.by)):
            rows = owed(transaction, at, one, query)
            for key, community, *sums in _owed_summed(transaction, rows, where, query.by) if rows else ():
                found[key, community][one.code] = Sums(*sums)
    if query.by == "all":
        found[None, ""] |= {}
    return found


def _few(one: Definition, sums: Sequence[Sums], rows: Sequence[KpiRow], query: KpiQuery, drawing: Drawing) -> set[int]:
    """In which rows a figure is of too few of a sensitive group to be told, or has to go with one that is."""
    sensitive = isinstance(one, OfRolls) and one.sensitive
    about_few = [sensitive or is_sensitive(row.key if query.by == "kind" else query.kind) for row in rows]
    totals = [[*drawing.above(row)] for row in rows]
    return withheld([one.behind for one in sums], about_few, totals)


def judged_by(at: AsOf, query: KpiFilter, wanted: Collection[str], definitions: Iterable[D]) -> list[D]:
    """The definitions in force on the last day asked about, of the figures wanted (of all, where none is named) and
    of those without which they are not told.
    """
    found = in_force(query.to_day or today(at.now), definitions)
    beside = {one.beside for one in found if one.code in wanted}
    return [one for one in found if not wanted or one.code in wanted or one.code in beside]


def counting(query: KpiFilter, day: str, now: int) -> Where:
    """The cycles that may count in a figure of this day, but for places: in the period, and past by now."""
    where = Where()
    where.add(BASE)
    where.equal("kind", query.kind)
    where.equal('"lead"', query.unit)
    where.add(f"{day} >= ?", query.from_day.isoformat() if query.from_day else "0")
    where.add(f"{day} <= ?", query.to_day.isoformat() if query.to_day else "9")
    where.add(past(day), now)
    return where


def figure(one: Definition, sums: Sums) -> Figure:
    """A figure as people and programs read it."""
    value = sums.numerator / sums.denominator if sums.denominator else None
    return Figure(
        kpi=one.code,
        label=one.label,
        version=one.version,
        numerator=sums.numerator,
        denominator=sums.denominator,
        value=value,
        shown=_shown(one.unit, sums) if sums.denominator else None,
    )


def untold(one: Definition) -> Figure:
    """A figure that would point at somebody."""
    nothing = dict.fromkeys(("numerator", "denominator", "value", "shown"))
    return Figure(kpi=one.code, label=one.label, version=one.version, suppressed=True, **nothing)


def _shown(unit: Unit, sums: Sums) -> str:
    scale, sign = (100, "%") if unit is Unit.RATE else (1, "")
    exact = Decimal(scale * sums.numerator) / Decimal(sums.denominator)
    return f"{exact.quantize(Decimal('0.01'), ROUND_HALF_UP)}{sign}"


def _summed(
    transaction: Transaction, rows: Source, where: Where, dated: Sequence[OfCycles], query: KpiQuery
) -> list[Any]:
    """Key, community, and for each definition of one day what stands above the line and below it, and how many cases
    are behind it; where it is not about a sensitive group, what stands below once more.
    """
    by = query.by
    sums = ", ".join(f"CAST({side} AS BIGINT)" for one in dated for side in (*one.sums, _behind(one, query)))
    statement = f"""
        SELECT {_key_of(by, dated[0].day, transaction)}, {community_of(by)}, {sums}
        FROM {rows.sql} WHERE {where} GROUP BY 1, 2"""
    return transaction.execute(statement, (*rows.values, *where.values)).fetchall()


def _behind(one: OfCycles, query: KpiQuery) -> str:
    """As SQL, of how many cases a figure tells: one is one, however often it was reopened, or whomever it asked."""
    below, cases = one.sums[1], f"count(DISTINCT id) FILTER (WHERE ({one.counts})"
    if is_sensitive(query.kind):
        return f"{cases})"
    if query.by != "kind":
        return below
    kinds = ", ".join(f"'{kind}'" for kind in sorted(SENSITIVE_KINDS))
    return f"CASE WHEN kind IN ({kinds}) THEN {cases} AND kind IN ({kinds})) ELSE {below} END"


def of_cases_alone(query: KpiFilter, by: str | None) -> bool:
    """Whether only cases are told apart by what is asked: what is owed to a household has neither unit nor kind."""
    return by in ("unit", "kind") or query.unit is not None or query.kind is not None


def _owed_summed(transaction: Transaction, rows: Source, where: Where, by: By) -> list[Any]:
    """Key, community, how often it was done, how often it was owed, and by or to how many."""
    statement = f"""
        SELECT {_key_of(by, '"last"', transaction)}, {community_of(by)}, sum(CASE WHEN times > 0 THEN 1 ELSE 0 END),
            count(*), count(DISTINCT id) FROM {rows.sql} WHERE {where} GROUP BY 1, 2"""
    return transaction.execute(statement, (*rows.values, *where.values)).fetchall()


def _key_of(by: By, day: str, transaction: Transaction) -> str:
    """As SQL, what tells the rows apart."""
    keys: dict[str, str] = {
        "all": "NULL",
        "unit": '"lead"',
        "day": day,
        "week": transaction.dialect.monday.format(day),
        "month": f"substr({day}, 1, 7)",
    }
    return keys.get(by, by)
