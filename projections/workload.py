"""工作量: what was done, per grid, officer and unit, by day. Counts of work, in no order of merit."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, Literal

from pydantic import Field

from domain.territory import Territory
from projections.database import Transaction
from projections.docket import Docket
from projections.drawn import Drawing, LevelName, RollUpQuery, RollUpRow, community_of, days, places
from projections.projection import KEY, SUM, Merge, Projection
from projections.reading import Readable, Where
from projections.scope import Scope

WORK = (
    *("reported", "accepted", "assigned", "arrived", "meetings"),
    *("escalated", "returned", "resolved", "reworked", "closed"),
)


class Workload(Projection):
    """每网格、每人、每单位每日的工作量。

    `officer` is whoever a case was assigned or handed to, else the member of staff who acted; `unit` is
    the unit the case was dispatched to. Of arrivals the first of a case counts. A duplicate is reported,
    but neither resolved nor closed; a voided case was never there.
    """

    name: ClassVar[str] = "workload.v2"
    columns: ClassVar[dict[str, Merge]] = {
        **dict.fromkeys(("day", "grid", "building", "officer", "unit"), KEY),
        **dict.fromkeys(("estate", "community", "street", "district"), KEY),
        **dict.fromkeys(WORK, SUM),
    }
    select: ClassVar[str] = """
        SELECT day, grid, building, estate, community, street, district,
            CASE WHEN type IN ('incident.assigned', 'incident.handed_over') THEN data.officer
                 WHEN role = 'resident' THEN '' ELSE actor END AS officer,
            coalesce(data."lead", "lead") AS unit,
            sum(sign) FILTER (type = 'incident.reported') AS reported,
            sum(sign) FILTER (type = 'incident.accepted') AS accepted,
            sum(sign) FILTER (type IN ('incident.assigned', 'incident.handed_over')) AS assigned,
            sum(sign) FILTER (type = 'incident.arrived' AND data.first) AS arrived,
            sum(sign) FILTER (type = 'incident.meeting_held') AS meetings,
            sum(sign) FILTER (type = 'incident.escalated') AS escalated,
            sum(sign) FILTER (type = 'incident.returned') AS returned,
            sum(sign) FILTER (type = 'incident.resolved' AND counts) AS resolved,
            sum(sign) FILTER (type = 'incident.check_failed') AS reworked,
            sum(sign) FILTER (type = 'incident.closed' AND counts) AS closed
        FROM events GROUP BY ALL"""
    reads: ClassVar[frozenset[str]] = frozenset(
        f"incident.{event}"
        for event in (
            *("reported", "accepted", "assigned", "handed_over", "arrived", "meeting_held"),
            *("escalated", "returned", "resolved", "check_failed", "closed"),
        )
    )


By = Literal[LevelName, "officer", "unit"]


class WorkloadQuery(RollUpQuery):
    """工作量的查询条件：不填的不限。日期为上海当地日期，首尾都算。"""

    by: By = Field(default="grid", description="按哪一级辖区，或按经办人、单位")
    split_by_day: bool = Field(default=False, description="逐日分列")


class WorkloadRow(RollUpRow):
    """一处辖区、一名经办人或一个单位的工作量；经办人、单位为空的一行是没有工作人员、没有派到单位的。"""

    day: date | None = Field(description="逐日分列时的日期")
    reported: int
    accepted: int
    assigned: int
    arrived: int = Field(description="首次到场")
    meetings: int
    escalated: int
    returned: int
    resolved: int
    reworked: int
    closed: int
    open_now: int | None = Field(description="现在在办的件数；逐日分列时没有")


def workload(views: Readable, scope: Scope, query: WorkloadQuery, territory: Territory) -> tuple[WorkloadRow, ...]:
    """The work within what a reader may see, in order of keys, communities and days."""
    drawing = Drawing(territory, now=query.drawn == "now")
    where = places(scope, drawing.under(query.territory))
    with views.reading() as transaction:
        done = _done(transaction, drawing, query, where)
        open_now = {} if query.split_by_day else _open_now(transaction, drawing, query, where)
    idle = [(*key, None, *[0] * len(WORK)) for key in open_now.keys() - {row[:2] for row in done}]
    return tuple(
        WorkloadRow(
            **drawing.about(key, community),
            day=day,
            **dict(zip(WORK, counts, strict=True)),
            open_now=None if query.split_by_day else open_now.get((key, community), 0),
        )
        for key, community, day, *counts in sorted(done + idle, key=lambda row: row[:3])
    )


def _done(transaction: Transaction, drawing: Drawing, query: WorkloadQuery, where: Where) -> list[tuple[Any, ...]]:
    """Key, community, day, and how much of each kind of work."""
    rows = drawing.rows(transaction, Workload, days(query))
    day = "day" if query.split_by_day else "NULL"
    sums = [f"CAST(sum({work}) AS BIGINT)" for work in WORK]
    statement = f"""
        SELECT {query.by}, {community_of(query.by)}, {day}, {", ".join(sums)} FROM {rows.sql} WHERE {where}
        GROUP BY 1, 2, 3 HAVING {" OR ".join(f"{total} <> 0" for total in sums)}"""
    return [tuple(row) for row in transaction.execute(statement, (*rows.values, *where.values))]


def _open_now(
    transaction: Transaction, drawing: Drawing, query: WorkloadQuery, where: Where
) -> dict[tuple[str, str], int]:
    """Cases in hand now, by key and community, whenever they were reported."""
    rows = drawing.rows(transaction, Docket, Where(terms=["open = 1"]))
    column = '"lead"' if query.by == "unit" else query.by
    statement = f"""
        SELECT {column}, {community_of(column)}, count(*) FROM {rows.sql} WHERE {where} GROUP BY 1, 2"""
    found = transaction.execute(statement, (*rows.values, *where.values))
    return {(key, community): n for key, community, n in found}
