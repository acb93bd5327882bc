"""指标里的每一户、每一名报到者: what is behind a figure counted from rolls, so that anybody can count it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, ClassVar

from pydantic import Field

from domain.model import Model
from domain.rolls import RollName
from domain.territory import Place
from projections.cursor import Cursor
from projections.database import Row
from projections.drawn import Drawing, places
from projections.frame_columns import PATH
from projections.kpi import of_cases_alone
from projections.kpi_cases import UnknownVersion
from projections.kpi_definition import OfRolls
from projections.kpi_definitions import OF_ROLLS, definition, in_force
from projections.kpi_query import BehindFigure, Part
from projections.obligations import DUTIES
from projections.owed import owed, today
from projections.reading import AsOf, microseconds, moment
from projections.scope import Scope

CODES = tuple(dict.fromkeys(one.code for one in OF_ROLLS))
PARTS: dict[Part, str] = {"numerator": "times > 0", "denominator": "true", "missed": "times = 0"}


class OwedQuery(BehindFigure):
    """要看哪一个数里的户、报到者。"""

    codes: ClassVar[tuple[str, ...]] = CODES

    kpi: str = Field(description="哪一项指标", json_schema_extra={"enum": list(CODES)})
    running: bool = Field(default=False, description="也列出还没有过完的一期：现在还欠着哪些")


class Owed(Model):
    """一户、一名报到者在一期里该做的，和做了几次。"""

    roll: RollName = Field(description="household 住户，member 报到的党员或单位")
    entry: str = Field(description="编号")
    from_day: date = Field(description="这一期的首日")
    to_day: date = Field(description="这一期的末日")
    place: Place
    since: date = Field(description="从哪一天起在册")
    until: date | None = Field(description="到哪一天不再在册；还在册的没有")
    times: int = Field(description="做了几次")


class OwedPage(Model):
    """一页；`count` 为总数，`numerator`、`denominator` 为其合计。`next` 为下一页的 cursor，没有即到底。"""

    kpi: str
    version: int
    items: tuple[Owed, ...]
    count: int
    numerator: int
    denominator: int
    next: str | None


def kpi_owed(at: AsOf, scope: Scope, query: OwedQuery) -> OwedPage:
    """One page of what is behind a figure, by period. Raises `BadCursor`, `UnknownVersion`.

    What is over is over as of the first page, as long as one reads.
    """
    one, asked = _definition(at, query), query.asked
    cursor = Cursor.read(query.cursor, asked, 2) if query.cursor else Cursor(microseconds(at.now), ())
    begun = replace(at, now=min(at.now, moment(cursor.now) or at.now))
    where = places(scope, Drawing(at.territory, now=True).under(query.territory))
    where.add(PARTS[query.part])
    if query.without:
        where.add(f"{query.without} = ''")
    nothing = OwedPage(kpi=one.code, version=one.version, items=(), count=0, numerator=0, denominator=0, next=None)
    with at.views.reading() as transaction:
        rows = owed(transaction, begun, one, query, running=query.running)
        if rows is None or of_cases_alone(query, query.without):
            return nothing
        values = (*rows.values, *where.values)
        totals = f"""SELECT count(*), coalesce(sum(CASE WHEN times > 0 THEN 1 ELSE 0 END), 0)
            FROM {rows.sql} WHERE {where}"""
        [count, numerator] = transaction.execute(totals, values).fetchone()
        if cursor.after:
            where.add("(nth, opened) > (?, ?)", *cursor.after)
        page = f"SELECT * FROM {rows.sql} WHERE {where} ORDER BY nth, opened LIMIT ?"
        found = transaction.execute(page, (*rows.values, *where.values, query.limit + 1)).fetchall()
    shown = found[: query.limit]
    onward = cursor.moved((shown[-1]["nth"], shown[-1]["opened"])) if len(found) > query.limit else None
    update = {
        "items": tuple(map(_told, shown)),
        "count": count,
        "numerator": numerator,
        "denominator": count,
        "next": onward.written(asked) if onward else None,
    }
    return nothing.model_copy(update=update)


def _definition(at: AsOf, query: OwedQuery) -> OfRolls:
    last = query.to_day or today(at.now)
    version = query.version or next(one.version for one in in_force(last, OF_ROLLS) if one.code == query.kpi)
    found = definition(query.kpi, version, OF_ROLLS)
    if found is None:
        raise UnknownVersion(f"指标 {query.kpi} 没有第{query.version}版口径。")
    return found


def _told(row: Row) -> Owed:
    told: dict[str, Any] = {
        "roll": DUTIES[row["duty"]],
        "entry": row["id"],
        "from_day": row["first"],
        "to_day": row["last"],
        "place": {level: row[level] or None for level in PATH},
        "since": row["from_day"],
        "until": row["until_day"] or None,
        "times": row["times"],
    }
    return Owed.model_validate(told)
