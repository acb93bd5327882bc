"""响应段: one row for each stretch of a case that ended, exact to the microsecond, with the times that were claimed."""

from __future__ import annotations

from typing import ClassVar

from projections.frame_columns import PATH
from projections.percentiles import UNKNOWN
from projections.projection import KEY, LAST, Merge, Projection

MEASURES = ("gross", "net", "worked", "worked_net")
"""自然时间、扣除挂账的自然时间、工作时间、扣除挂账的工作时间."""
QUICK = 10 * 60
"""A case closed within so many seconds of its report, or reopening, is looked at again (domain.md §5)."""
FLAGS = ("claimed_not_counted", "quick")
ENDS = ("incident.accepted", "incident.arrived", "incident.resolved", "incident.closed")
ENDED = f"""
    WITH ended AS (
        SELECT n, position, sign, "case" AS id, cycle, counts AND NOT undone AS counted,
            CASE type WHEN 'incident.accepted' THEN 'accept' WHEN 'incident.arrived' THEN 'arrive'
                      WHEN 'incident.resolved' THEN 'resolve' ELSE 'close' END AS stretch,
            day, kind, {", ".join(PATH)},
            CASE WHEN officer <> '' THEN officer WHEN role <> 'resident' THEN actor ELSE '' END AS officer,
            "lead" AS unit,
            effective_at AS ended_at, claimed_at, recorded_at, coalesce(epoch_us(took.due_at), 0) AS due_at,
            effective_at - CASE type WHEN 'incident.resolved' THEN cycle_began_at
                                     WHEN 'incident.closed' THEN resolved_at ELSE reported_at END AS gross,
            {", ".join(f"round(took.{measure} * 1e6)::BIGINT AS {measure}" for measure in MEASURES[1:])},
            type = 'incident.resolved' AND exempted AS exempted,
            claimed_at < effective_at AS claimed_not_counted,
            type = 'incident.closed' AND effective_at - cycle_began_at <= {QUICK} * 1000000 AS quick
        FROM events
        WHERE type IN ('incident.accepted', 'incident.resolved', 'incident.closed')
            OR type = 'incident.arrived' AND data.first
    )"""
"""As SQL, the stretches that the frame's events ended.

accept, arrive: from the report to `accepted`, to the first `arrived`. resolve: from the report, or from the
reopening, to `resolved`; a failed check takes it back, the next result counts anew, from the same start. close: from
`resolved` to `closed`. `officer` is whoever the case was assigned to, else the member of staff who acted; `unit` the
one it was dispatched to. A claim entered too late, or before what it follows, did not count. Durations are
microseconds; those that the event does not tell (working time in a year not published) are NULL.
"""


class Stretches(Projection):
    """每案每轮每段一行。

    `counted` is 0 for a duplicate, a result that failed its check, and what a voiding left nothing of. `due` says
    that it had to end by `due_at` (0 where nothing says so), and was not forgiven its lateness (`exempted`).
    """

    name: ClassVar[str] = "stretches.v1"
    columns: ClassVar[dict[str, Merge]] = {
        **dict.fromkeys(("id", "cycle", "stretch"), KEY),
        **dict.fromkeys(("counted", "position", "day", "kind", *PATH, "officer", "unit"), LAST),
        **dict.fromkeys(("ended_at", "claimed_at", "recorded_at", "due_at", *MEASURES), LAST),
        **dict.fromkeys(("due", "on_time", "exempted", *FLAGS), LAST),
    }
    select: ClassVar[str] = f"""
        {ENDED}
        SELECT n, id, cycle, stretch, counted, position, day, kind, {", ".join(PATH)}, officer, unit,
            ended_at, claimed_at, recorded_at, due_at,
            {", ".join(f"coalesce({measure}, {UNKNOWN}) AS {measure}" for measure in MEASURES)},
            due_at > 0 AND NOT exempted AS due, due_at > 0 AND NOT exempted AND ended_at <= due_at AS on_time,
            exempted, {", ".join(FLAGS)}
        FROM ended WHERE sign > 0
        UNION ALL BY NAME
        SELECT n, id, cycle, stretch, false AS counted FROM ended WHERE sign < 0"""
    reads: ClassVar[frozenset[str]] = frozenset(ENDS)
    indices: ClassVar[tuple[str, ...]] = (
        *(
            f"{anchor}stretch, ended_at, position WHERE counted = 1"
            for anchor in ("", "officer, ", "grid, ", "unit, ", "community, ")
        ),
        *(f"stretch, ended_at, position WHERE {flag} = 1 AND counted = 1" for flag in FLAGS),
    )
