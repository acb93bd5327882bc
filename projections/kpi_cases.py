"""指标里的每一件: the cycles behind a figure, so that anybody can count them again."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import AwareDatetime, Field

from domain.clocks import SHANGHAI
from domain.incident.words import Kind, Stage
from domain.model import Model
from domain.territory import Place
from projections.cursor import Cursor
from projections.cycles import DAYS, TIMES, Cycles
from projections.database import Row
from projections.docket import Docket
from projections.drawn import Drawing, places
from projections.frame_columns import PATH
from projections.kpi import counting, judged_by
from projections.kpi_definition import OfCycles
from projections.kpi_definitions import OF_CYCLES, definition
from projections.kpi_query import BehindFigure, Part
from projections.reading import AsOf, Where, microseconds, moment
from projections.scope import Scope

CODES = tuple(dict.fromkeys(one.code for one in OF_CYCLES))
PARTS: dict[Part, str] = {
    "numerator": "{met} AND {hit} > 0",
    "denominator": "true",
    "missed": "NOT ({met} AND {hit} >= {of})",
}


class KpiCasesQuery(BehindFigure):
    """要看哪一个数里的案件。"""

    codes: ClassVar[tuple[str, ...]] = CODES

    kpi: str = Field(description="哪一项指标", json_schema_extra={"enum": list(CODES)})


class KpiCase(Model):
    """指标里的一轮处置，和判断它所依据的时间。时间为 UTC，没有即为空。"""

    incident_id: str
    number: str | None
    cycle: int = Field(description="第几轮；重办另算一轮")
    kind: Kind
    stage: Stage = Field(description="这一轮最后所处的阶段")
    place: Place
    lead: str | None
    reported_at: AwareDatetime
    began_at: AwareDatetime
    accepted_at: AwareDatetime | None
    arrived_at: AwareDatetime | None
    handled_at: AwareDatetime | None
    checked_at: AwareDatetime | None
    closed_at: AwareDatetime | None
    ended_at: AwareDatetime | None = Field(description="撤回或不予受理的时间")
    handle_due_at: AwareDatetime | None
    arrive_due_at: AwareDatetime | None
    check_due_at: AwareDatetime | None
    exempted: bool = Field(description="超时经申诉免责：事实照旧，只是不计")
    numerator: int = Field(description="这一轮在分子里计多少")
    denominator: int = Field(description="这一轮在分母里计多少")


class KpiCases(Model):
    """一页轮次；`count` 为总数，`numerator`、`denominator` 为其合计。`next` 为下一页的 cursor，没有即到底。"""

    kpi: str
    version: int
    items: tuple[KpiCase, ...]
    count: int
    numerator: int
    denominator: int
    next: str | None


class UnknownVersion(LookupError):
    """No such version of a definition. Carries a Chinese sentence."""


def kpi_cases(at: AsOf, scope: Scope, query: KpiCasesQuery) -> KpiCases:
    """One page of the cycles behind a figure, in order of the time that counts. Raises `BadCursor`, `UnknownVersion`.

    What is past is past as of the first page, as long as one reads.
    """
    one, asked = _definition(at, query), query.asked
    now = microseconds(at.now)
    cursor = Cursor.read(query.cursor, asked, 3) if query.cursor else Cursor(now, ())
    drawing = Drawing(at.territory, now=query.drawn == "now")
    where = _where(one, scope, query, drawing)
    counted = counting(query, one.day, min(now, cursor.now))
    hit, of = f"CASE WHEN {one.met} THEN {one.hit} ELSE 0 END", one.of
    with at.views.reading() as transaction:
        rows = drawing.rows(transaction, Cycles, counted)
        values = (*rows.values, *where.values)
        totals = f"""
            SELECT count(*), CAST(coalesce(sum({hit}), 0) AS BIGINT), CAST(coalesce(sum({of}), 0) AS BIGINT)
            FROM {rows.sql} WHERE {where}"""
        [count, numerator, denominator] = transaction.execute(totals, values).fetchone()
        if cursor.after:
            rows = drawing.rows(transaction, Cycles, _from(cursor, query, one.day))
            where.add(f"({DAYS[one.day]}, opened, cycle) > (?, ?, ?)", *cursor.after)
        page = f"""
            SELECT drawn.*, {DAYS[one.day]} AS time, {hit} AS hit, {of} AS of_all, opened, number
            FROM {rows.sql} JOIN (SELECT id AS listed, opened, number FROM "{Docket.name}") AS docket ON listed = id
            WHERE {where} ORDER BY {one.day}, time, opened, cycle LIMIT ?"""
        found = transaction.execute(page, (*rows.values, *where.values, query.limit + 1)).fetchall()
    shown = found[: query.limit]
    ends = [(row["time"], row["opened"], row["cycle"]) for row in shown]
    return KpiCases(
        kpi=one.code,
        version=one.version,
        items=tuple(map(_told, shown)),
        count=count,
        numerator=numerator,
        denominator=denominator,
        next=cursor.moved(ends[-1]).written(asked) if len(found) > query.limit else None,
    )


def _definition(at: AsOf, query: KpiCasesQuery) -> OfCycles:
    if query.version is None:
        return next(one for one in judged_by(at, query, {query.kpi}, OF_CYCLES) if one.code == query.kpi)
    found = definition(query.kpi, query.version, OF_CYCLES)
    if found is None:
        raise UnknownVersion(f"指标 {query.kpi} 没有第{query.version}版口径。")
    return found


def _from(cursor: Cursor, query: KpiCasesQuery, day: str) -> Where:
    """What may come at a place in the order or beyond: no index need be read from the beginning."""
    reached = moment(cursor.after[0])
    if reached is not None:
        query = query.model_copy(update={"from_day": reached.astimezone(SHANGHAI).date()})
    return counting(query, day, cursor.now)


def _where(one: OfCycles, scope: Scope, query: KpiCasesQuery, drawing: Drawing) -> Where:
    where = places(scope, drawing.under(query.territory))
    where.add(f"({one.counts})")
    where.add(PARTS[query.part].format(met=f"({one.met})", hit=one.hit, of=one.of))
    if query.without:
        where.add(f"""{'"lead"' if query.without == "unit" else query.without} = ''""")
    return where


def _told(row: Row) -> KpiCase:
    told: dict[str, Any] = {
        "incident_id": row["id"],
        "number": row["number"] or None,
        "place": {level: row[level] or None for level in PATH},
        "lead": row["lead"] or None,
        "numerator": row["hit"],
        "denominator": row["of_all"],
        **{column: row[column] for column in ("cycle", "kind", "stage", "exempted")},
        **{column: moment(row[column]) for column in TIMES},
    }
    return KpiCase.model_validate(told)
