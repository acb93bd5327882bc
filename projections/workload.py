"""工作量: what was done, per grid, officer and unit, by day. Counts of work, in no order of merit."""

from __future__ import annotations

from datetime import date
from sqlite3 import Connection
from typing import Any, ClassVar, Literal

from pydantic import Field

from domain.model import Code, Model
from projections.docket import Docket, within
from projections.frame import PATH
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

    name: ClassVar[str] = "workload.v1"
    columns: ClassVar[dict[str, Merge]] = {
        **dict.fromkeys(("day", "grid", "officer", "unit", "estate", "community", "street", "district"), KEY),
        **dict.fromkeys(WORK, SUM),
    }
    select: ClassVar[str] = """
        SELECT day, grid,
            CASE WHEN type IN ('incident.assigned', 'incident.handed_over') THEN data.officer
                 WHEN role = 'resident' THEN '' ELSE actor END AS officer,
            coalesce(data."lead", "lead") AS unit, estate, community, street, district,
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


By = Literal["grid", "officer", "unit"]
DOCKET_COLUMN: dict[By, str] = {"grid": "grid", "officer": "officer", "unit": "lead"}


class WorkloadQuery(Model):
    """工作量的查询条件：不填的不限。日期为上海当地日期，首尾都算。"""

    by: By = Field(default="grid", description="按网格、经办人或单位")
    territory: Code | None = Field(default=None, description="区、街道、社区、小区或网格的编号")
    from_day: date | None = Field(default=None, description="从哪一天起")
    to_day: date | None = Field(default=None, description="到哪一天止")
    split_by_day: bool = Field(default=False, description="逐日分列")


class WorkloadRow(Model):
    """一个网格、经办人或单位的工作量；`key` 为空的一行是没有工作人员、没有派到单位的。"""

    key: str | None
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


def workload(views: Readable, scope: Scope, query: WorkloadQuery) -> tuple[WorkloadRow, ...]:
    """The work within what a reader may see, in order of keys and days."""
    with views.reading() as connection:
        scopes = (scope, within(connection, query.territory))
        done = _done(connection, scopes, query)
        open_now = {} if query.split_by_day else _open_now(connection, scopes, query)
    idle = [(key, None, *[0] * len(WORK)) for key in open_now.keys() - {key for key, *_ in done}]
    return tuple(
        WorkloadRow(
            key=key or None,
            day=day,
            **dict(zip(WORK, counts, strict=True)),
            open_now=None if query.split_by_day else open_now.get(key, 0),
        )
        for key, day, *counts in sorted(done + idle, key=lambda row: row[:2])
    )


def _done(connection: Connection, scopes: tuple[Scope, Scope], query: WorkloadQuery) -> list[tuple[Any, ...]]:
    """Key, day, and how much of each kind of work."""
    where = Where()
    for scope in scopes:
        scope.narrow(where, Workload.columns.keys())
    if query.from_day:
        where.add("day >= ?", query.from_day.isoformat())
    if query.to_day:
        where.add("day <= ?", query.to_day.isoformat())
    day = "day" if query.split_by_day else "NULL"
    sums = [f"sum({work})" for work in WORK]
    statement = f"""
        SELECT {query.by}, {day}, {", ".join(sums)} FROM "{Workload.name}" WHERE {where}
        GROUP BY 1, 2 HAVING {" OR ".join(f"{total} <> 0" for total in sums)}"""
    return connection.execute(statement, where.values).fetchall()


def _open_now(connection: Connection, scopes: tuple[Scope, Scope], query: WorkloadQuery) -> dict[str, int]:
    """Cases in hand now, whenever they were reported."""
    where = Where()
    for scope in scopes:
        scope.narrow(where, PATH)
    column = DOCKET_COLUMN[query.by]
    statement = f'SELECT {column}, count(*) FROM "{Docket.name}" WHERE open = 1 AND {where} GROUP BY {column}'
    return dict(connection.execute(statement, where.values).fetchall())
