"""疑似重复: open cases that may be about one matter, for people to look at. Nothing is merged by itself.

Two cases are alike when they are of one category, both open and neither a duplicate already, reported
within `alike_hours` of each other, and in the same building or within `alike_metres` (rule table). The
docket offers candidates by building and by cell; how far apart they are is told by the positions in their
case files, which no view holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime, Field

from domain.casework.case_files import CaseFiles
from domain.clocks import RuleTable
from domain.incident.cells import around, cell_of
from domain.incident.words import Stage
from domain.model import Model, Point
from domain.territory import Place
from projections.database import Row, Transaction
from projections.distance import Positions, distance, distance_up_to
from projections.docket import LABELS, Docket
from projections.frame_columns import PATH
from projections.reading import EPOCH, MICROSECOND, Readable, Where, microseconds, moment
from projections.scope import Scope

COMPARED = 500
"""Candidates compared at most in a building, and as many around a position."""
COUNTED = 20
"""The same, where only their number is told, for many cases at once."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What others are to be like: a case, or (without `incident_id`) what somebody is about to report."""

    category: str
    reported_at: datetime
    building: str | None = None
    position: Point | None = None
    incident_id: str = ""


class CaseBrief(Model):
    """在办案件的简况。时间为 UTC。"""

    incident_id: str
    number: str | None
    stage: Stage
    stage_label: str
    reported_at: AwareDatetime
    place: Place


class AlikeCase(CaseBrief):
    """可能说的是同一件事的在办案件。"""

    metres: int | None = Field(description="相距多少米；有一方没有坐标，或坐标系不能相比，即为空")
    same_building: bool = Field(description="是否登记在同一楼栋")


class Alike(Model):
    """可能重复的在办案件，由近及远，是否并案由人决定。`capped` 为 true 时附近太多，只比对了一部分。"""

    items: tuple[AlikeCase, ...]
    capped: bool


def alike(views: Readable, files: CaseFiles, scope: Scope, sought: Sought, table: RuleTable) -> Alike:
    """The open cases within what a reader may see that are like this one, nearest first."""
    with views.reading() as transaction:
        candidates, capped = _candidates(transaction, scope, sought, table, COMPARED)
    return Alike(items=_alike_among(candidates, sought, table, Positions(files)), capped=capped)


def alike_counts(
    views: Readable, files: CaseFiles, scope: Scope, incident_ids: Sequence[str], table: RuleTable
) -> dict[str, int]:
    """How many cases are like each of these (a page of the docket), counted among `COUNTED` candidates.

    Cases that are not open have no count.
    """
    positions, counts = Positions(files), dict[str, int]()
    if not incident_ids:
        return counts
    where = still_open(scope, "id")
    where.add(f"id IN ({marks(incident_ids)})", *incident_ids)
    with views.reading() as transaction:
        for row in selected(transaction, where, "id", len(incident_ids)):
            sought = _sought(row, positions)
            candidates, _ = _candidates(transaction, scope, sought, table, COUNTED)
            counts[sought.incident_id] = len(_alike_among(candidates, sought, table, positions))
    return counts


def still_open(scope: Scope, index: str) -> Where:
    """Open (so no duplicate already), and within what a reader may see."""
    where = Where(index, ["open = 1"])
    scope.narrow(where, PATH)
    return where


def selected(transaction: Transaction, where: Where, order: str, *values: object) -> list[Row]:
    """These rows of the docket, as far as they are needed here; found by index alone before any is read."""
    found = transaction.execute(
        f"""SELECT id, opened, number, stage, category, cell, reported_at, {", ".join(PATH)} FROM "{Docket.name}"
            WHERE id IN (SELECT id FROM "{Docket.name}" WHERE {where} ORDER BY {order} LIMIT ?)""",
        (*where.values, *values),
    )
    return found.fetchall()


def marks(values: Sequence[object]) -> str:
    """A question mark for each."""
    return ",".join("?" * len(values))


def briefly(row: Row) -> dict[str, Any]:
    """The fields of `CaseBrief`."""
    return {
        "incident_id": row["id"],
        "number": row["number"] or None,
        "stage": row["stage"],
        "stage_label": LABELS[row["stage"]],
        "reported_at": moment(row["reported_at"]),
        "place": {level: row[level] or None for level in PATH},
    }


def _candidates(
    transaction: Transaction, scope: Scope, sought: Sought, table: RuleTable, most: int
) -> tuple[list[Row], bool]:
    """At most so many of its building and of the cells around it, and whether there are more.

    Its own cell comes before those around it, and then the next in time.
    """
    found: dict[str, Row] = {}
    capped = False
    for column, values in _places(sought).items():
        where = still_open(scope, column)
        where.add("category = ?", sought.category)
        where.add(f"{column} IN ({marks(values)})", *values)
        where.add("reported_at BETWEEN ? AND ?", *_span(sought.reported_at, table))
        where.add("id <> ?", sought.incident_id)
        at = microseconds(sought.reported_at)
        rows = selected(transaction, where, f"{column} <> ?, abs(reported_at - ?)", values[0], at, most + 1)
        capped = capped or len(rows) > most
        found |= {row["id"]: row for row in rows[:most]}
    return list(found.values()), capped


def _places(sought: Sought) -> dict[str, Sequence[str]]:
    """Where candidates are looked for, by column: its own first."""
    places: dict[str, Sequence[str]] = {}
    if sought.building:
        places["building"] = (sought.building,)
    if sought.position:
        places["cell"] = around(cell_of(sought.position))
    return places


def _span(at: datetime, table: RuleTable) -> tuple[int, int]:
    hours = timedelta(hours=table.alike_hours)
    return microseconds(at - hours), microseconds(at + hours)


def _sought(row: Row, positions: Positions) -> Sought:
    reported_at = EPOCH + row["reported_at"] * MICROSECOND
    placed = positions.among([row["opened"]] if row["cell"] else [])
    return Sought(row["category"], reported_at, row["building"] or None, placed.get(row["opened"]), row["id"])


def _alike_among(
    candidates: Sequence[Row], sought: Sought, table: RuleTable, positions: Positions
) -> tuple[AlikeCase, ...]:
    """Those in the same building or near enough, nearest first; the same building is as near as can be."""
    here, found = sought.position, []
    placed = positions.among(row["opened"] for row in candidates if here and row["cell"])
    for row in candidates:
        there = placed.get(row["opened"])
        same = bool(sought.building) and row["building"] == sought.building
        apart = distance(here, there) if same else distance_up_to(table.alike_metres, here, there)
        if same or apart is not None:
            metres = None if apart is None else round(apart)
            found.append(AlikeCase(**briefly(row), metres=metres, same_building=same))
    return tuple(sorted(found, key=lambda case: (case.metres or 0, -case.reported_at.timestamp())))
