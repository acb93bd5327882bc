"""工作量: what was done, counted by place, officer, unit and kind, day by day."""

from __future__ import annotations

from typing import ClassVar

from projections.projection import KEY, SUM, Merge, Projection

WORK = (
    *("reported", "accepted", "assigned", "arrived", "meetings"),
    *("escalated", "returned", "resolved", "reworked", "closed"),
)


class Workload(Projection):
    """每网格、每人、每单位、每种性质每日的工作量。

    `officer` is whoever a case was assigned or handed to, else the member of staff who acted; `unit` is
    the unit the case was dispatched to. Of arrivals the first of a case counts. A duplicate is reported,
    but neither resolved nor closed; a voided case was never there.
    """

    name: ClassVar[str] = "workload.v3"
    columns: ClassVar[dict[str, Merge]] = {
        **dict.fromkeys(("day", "grid", "building", "officer", "unit", "kind"), KEY),
        **dict.fromkeys(("estate", "community", "street", "district"), KEY),
        **dict.fromkeys(WORK, SUM),
    }
    select: ClassVar[str] = """
        SELECT day, grid, building, estate, community, street, district,
            CASE WHEN type IN ('incident.assigned', 'incident.handed_over') THEN data.officer
                 WHEN role = 'resident' THEN '' ELSE actor END AS officer,
            coalesce(data."lead", "lead") AS unit, kind,
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
