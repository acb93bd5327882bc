"""台账: one row for each case, as it stands."""

from __future__ import annotations

from typing import ClassVar

from domain.incident.words import OPEN
from projections.frame_columns import PATH
from projections.lights import MARGIN
from projections.projection import KEY, LAST, Merge, Projection

NARROW = ("number", "officer", "building", "grid", "estate")
WIDE = ("lead", "community", "street", "district")
"""What people look for, the narrowest first, each with its own index in order of report. Under the wide ones
there may be too many cases to sort."""
CODED = ("category", "urgency")
"""Codes of the case that have an index each, which tells the places as well: counting need look no further."""
LISTED = ("reported_at", "updated_at")
WITHIN = {"officer": ", district", "lead": ", community, street, district"}
"""What else the index tells where people are often asked about within a place: counting then looks no further."""
LIT = ("lead", "community", "street")
"""Those of them that have an index by due time. A store serves few districts: they share the one of all."""


def _in_order_of_report(anchor: str) -> tuple[str, str]:
    """An index for paging, and the small one of open cases, which no history slows down.

    Where many cases are passed to find those of one light, the index itself must tell the light.
    """
    listed = f"{anchor}, reported_at, opened"
    told = ", due_at, yellow_at, undetermined, district" if anchor in LIT else ""
    return listed + WITHIN.get(anchor, ""), f"{listed}{told} WHERE open = 1"


class Docket(Projection):
    """每案一行。`opened` is the position of its report, so that rows of one time have an order."""

    name: ClassVar[str] = "docket.v2"
    columns: ClassVar[dict[str, Merge]] = {
        "id": KEY,
        **dict.fromkeys(("opened", "number", "stage", "open", "kind", "urgency", "category", "cell"), LAST),
        **dict.fromkeys(PATH, LAST),
        **dict.fromkeys(("officer", "lead", "held_by", "cycle", "counts", "version"), LAST),
        **dict.fromkeys(("reported_at", "updated_at", "accepted_at", "arrived_at"), LAST),
        **dict.fromkeys(("resolved_at", "checked_at", "closed_at", "suspended_until"), LAST),
        **dict.fromkeys(("due_at", "due_clock", "yellow_at", "margin", "undetermined"), LAST),
        **dict.fromkeys(("handle_due_at", "call_at", "merged_into", "reworks", "returns"), LAST),
    }
    select: ClassVar[str] = f"""
        WITH steps AS (
            SELECT *, type IN ('incident.reopened', 'incident.unmerged')
                      AND cycle > 1 AND cycle_began_at = effective_at AS begins_anew
            FROM events WHERE sign > 0
        )
        SELECT n, "case" AS id, CASE WHEN version = 1 THEN position END AS opened, data.number AS number,
            stage, stage IN ({", ".join(f"'{stage}'" for stage in sorted(OPEN))}) AS open,
            kind, urgency, category, data.cell AS cell, {", ".join(PATH)},
            officer, "lead", held_by, cycle, counts, version,
            reported_at, recorded_at AS updated_at,
            CASE WHEN type = 'incident.accepted' THEN effective_at END AS accepted_at,
            CASE WHEN type = 'incident.arrived' AND data.first THEN effective_at END AS arrived_at,
            CASE WHEN type = 'incident.resolved' THEN effective_at
                 WHEN type = 'incident.check_failed' OR begins_anew THEN 0 END AS resolved_at,
            CASE WHEN type = 'incident.check_passed' THEN effective_at WHEN begins_anew THEN 0 END AS checked_at,
            CASE WHEN type = 'incident.closed' THEN effective_at WHEN begins_anew THEN 0 END AS closed_at,
            CASE WHEN type = 'incident.suspension_granted' THEN epoch_us(data.until)
                 WHEN type IN ('incident.resumed', 'incident.resolved') OR begins_anew THEN 0 END AS suspended_until,
            due_at, due_clock, yellow_at, {MARGIN} AS margin, undetermined, handle_due_at, call_at,
            CASE WHEN type = 'incident.merged' THEN data."into"
                 WHEN type = 'incident.unmerged' THEN '' END AS merged_into,
            data.rework AS reworks, data.hop AS returns
        FROM steps"""
    indices: ClassVar[tuple[str, ...]] = (
        "number",
        "opened",
        "reported_at, opened",
        "updated_at, opened",
        *(f"{time}, opened, due_at, yellow_at, undetermined, {', '.join(WIDE)} WHERE open = 1" for time in LISTED),
        *(index for anchor in (*NARROW[1:], *WIDE) for index in _in_order_of_report(anchor)),
        *(
            f"{anchor}margin, due_at, reported_at, opened, yellow_at, undetermined, district WHERE due_at <> 0"
            for anchor in ("", *(f"{column}, " for column in LIT))
        ),
        "undetermined, due_at, reported_at, opened, yellow_at, district, street, community WHERE undetermined = 1",
        *(f"{code}, reported_at, opened, kind, {', '.join(WIDE)}" for code in CODED),
        f"stage, kind, reported_at, opened, {', '.join(WIDE)}",
        "call_at WHERE call_at > 0",
        "category, cell, reported_at, id, open WHERE open = 1",
    )
    counted: ClassVar[tuple[str, ...]] = ("grid", "stage", "kind", "estate", "community", "street", "district")
