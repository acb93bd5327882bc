"""轮次: one row for each cycle of a case, with what was due in it and what came of it. KPIs are counted from here."""

from __future__ import annotations

from typing import ClassVar

from domain.incident.keys import Heard
from projections.frame_columns import PATH
from projections.projection import KEY, LAST, Merge, Projection

DAYS = {"handle_due_on": "handle_due_at", "arrive_due_on": "arrive_due_at", "handled_on": "handled_at"}
"""The dates in Asia/Shanghai by which a cycle belongs to a period, and the times they are the dates of."""
TIMES = (
    *("reported_at", "began_at", "accepted_at", "arrived_at", "handled_at", "checked_at", "closed_at", "ended_at"),
    *("handle_due_at", "arrive_due_at", "check_due_at"),
)
MARKS = {
    "dispatched": "incident.dispatched",
    "extended": "incident.extension_granted",
    "reworked": "incident.check_failed",
    "exempted": "incident.timeout_exempted",
}
"""What happened in the cycle or did not, and the event that says so."""
VOICES = tuple(Heard.model_fields)


def _since(event: str, column: str) -> str:
    """When an event happened, 0 until it has."""
    return f"CASE WHEN type = {event} THEN effective_at WHEN begins THEN 0 END AS {column}"


def _date(time: str) -> str:
    """The date of a time, '' where there is none."""
    return f"""CASE WHEN {time} > 0 THEN strftime(make_timestamp({time} + 28800000000), '%Y-%m-%d')
                WHEN {time} = 0 THEN '' END"""


class Cycles(Projection):
    """每案每轮一行。A case has one cycle, and one more for each time it was reopened.

    `there` is 0 where a voiding left nothing of a cycle; `counts` is 0 for a duplicate. `handled_at` is the time of
    the result that stands, 0 while there is none, or it failed its check; `ended_at` is when a case was withdrawn or
    rejected. `hops` says how often it was returned in the cycle. Times are microseconds, 0 is none.
    """

    name: ClassVar[str] = "cycles.v1"
    columns: ClassVar[dict[str, Merge]] = {
        **dict.fromkeys(("id", "cycle"), KEY),
        **dict.fromkeys(("there", "counts", "stage", "kind", "urgency", "category", *PATH), LAST),
        **dict.fromkeys(("officer", "lead", *TIMES, *DAYS, *MARKS, "hops", *VOICES), LAST),
    }
    select: ClassVar[str] = f"""
        WITH begun AS (
            SELECT *, type = 'incident.reported' OR type IN ('incident.reopened', 'incident.unmerged')
                      AND cycle > 1 AND cycle_began_at = effective_at AS begins
            FROM events
        ), told AS (
            SELECT *,
                CASE WHEN type = 'incident.resolved' THEN effective_at
                     WHEN type = 'incident.check_failed' OR begins THEN 0 END AS handled_at
            FROM begun
        )
        SELECT n, "case" AS id, cycle, true AS there, counts, stage, kind, urgency, category, {", ".join(PATH)},
            officer, "lead", reported_at, cycle_began_at AS began_at,
            {_since("'incident.accepted'", "accepted_at")},
            {_since("'incident.arrived' AND data.first", "arrived_at")},
            handled_at,
            CASE WHEN type = 'incident.check_passed' THEN effective_at
                 WHEN type = 'incident.resolved' OR begins THEN 0 END AS checked_at,
            {_since("'incident.closed'", "closed_at")},
            CASE WHEN type IN ('incident.withdrawn', 'incident.rejected') THEN effective_at
                 WHEN begins THEN 0 END AS ended_at,
            handle_due_at, arrive_due_at,
            CASE WHEN type = 'incident.resolved' AND due_clock = 'check' THEN due_at
                 WHEN begins THEN 0 END AS check_due_at,
            {", ".join(f"{_date(time)} AS {day}" for day, time in DAYS.items())},
            {
        ", ".join(
            f"CASE WHEN type = '{event}' THEN true WHEN begins THEN false END AS {mark}"
            for mark, event in MARKS.items()
        )
    },
            hops, {", ".join(f"coalesce(heard.{voice}, 0) AS {voice}" for voice in VOICES)}
        FROM told WHERE sign > 0
        UNION ALL BY NAME
        SELECT n, "case" AS id, cycle, false AS there FROM told WHERE sign < 0"""
    indices: ClassVar[tuple[str, ...]] = tuple(
        f"{anchor}{day}, {time}" for day, time in DAYS.items() for anchor in ("", "community, ", "grid, ")
    )
