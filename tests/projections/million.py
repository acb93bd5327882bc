"""A docket of very many cases, made by the database itself: skewed over grids, stages, kinds and lights.

Seven streets, 65 communities, 411 grids: the busiest has some forty times the cases of the quietest. They were
reported evenly over three years; six of ten are open of those of the last eight weeks, and hardly any of the others.
Nothing is drawn by chance: how a case is follows from its number.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from domain.incident.words import OPEN, Kind, Stage
from projections import statements
from projections.database import Database
from projections.docket import Docket
from projections.lights import SECOND, STEP
from projections.reading import MICROSECOND, microseconds
from projections.tables import Tables
from tests.bench.district import COMMUNITIES, ESTATES, GRIDS, STREETS, UNITS

NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)
YEARS = timedelta(days=1100)
LIMITS = (timedelta(hours=2), timedelta(days=1), timedelta(days=9), timedelta(days=21))
"""By urgency, as long as they take with nights and weekends."""
RECENT: dict[str, int] = {Stage.REPORTED: 30, Stage.ACCEPTED: 40, Stage.DISPATCHED: 80, Stage.HANDLING: 300}
RECENT |= {Stage.RESOLVED: 90, Stage.CHECKED: 60, Stage.CLOSED: 300, Stage.REJECTED: 30, Stage.WITHDRAWN: 20}
RECENT |= {Stage.VOIDED: 5, Stage.MERGED: 45}
FORMER: dict[str, int] = {Stage.HANDLING: 2, Stage.CLOSED: 40, Stage.ARCHIVED: 850, Stage.REJECTED: 30}
FORMER |= {Stage.WITHDRAWN: 20, Stage.VOIDED: 8, Stage.MERGED: 50}
KINDS: dict[str, int] = {Kind.EMERGENCY: 15, Kind.HARDSHIP: 5, Kind.DISPUTE: 120, Kind.ORDINARY: 860}
URGENCIES = {"1": 20, "2": 130, "3": 350, "4": 500}
"""Of a thousand cases each."""
GENERATION = 1
PRIME = 1_000_003


class Bare(Docket):
    """The docket before it is furnished."""

    indices = ()
    counted = ()


def docket_of(database: Database | None, cases: int) -> Tables:
    """A docket of so many cases in an empty database, made, furnished and analysed as a rebuild does it."""
    tables = Tables(database, (Bare,))
    with tables.writing() as transaction:
        transaction.execute(_insertion(cases), (microseconds(NOW),) * 2)
        for finish in (statements.furnish, statements.show):
            for statement in finish(Docket, GENERATION, transaction.dialect):
                transaction.execute(statement)
        for part in statements.PARTS:
            transaction.analyze(f"{statements.table(Docket, GENERATION)}{part}")
    return tables


def _insertion(cases: int) -> str:
    """Every column of every case; what a column does not name here is 0."""
    step, recent = YEARS // MICROSECOND // cases, cases - cases // 20
    spans = [limit // MICROSECOND for limit in LIMITS]
    columns = dict.fromkeys(Docket.columns, "0") | {
        "id": "'case-' || n",
        "opened": "n",
        "number": f"CAST(20230000 + n / 1000 AS TEXT) || '-' || {_padded('n % 1000000', 6)}",
        **{column: column for column in ("stage", "open", "kind", "category", "reported_at")},
        "urgency": "CAST(urgency AS INTEGER)",
        **dict.fromkeys(("cell", "merged_into"), "''"),
        "district": "'district'",
        "street": f"'street-' || (grid % {COMMUNITIES} % {STREETS})",
        "community": f"'community-' || {_padded(f'grid % {COMMUNITIES}', 2)}",
        "estate": f"CASE WHEN grid < {ESTATES} THEN 'estate-' || {_padded('grid', 3)} ELSE '' END",
        "grid": f"'grid-' || {_padded('grid', 3)}",
        "building": "CASE WHEN n % 3 = 0 THEN 'building-' || grid || '-' || (n % 2) ELSE '' END",
        "officer": f"'officer-' || {_padded('grid', 3)}",
        "lead": f"'unit-' || {_padded(f'(grid * 7 + n % 3) % {UNITS}', 2)}",
        "held_by": "'grid'",
        **dict.fromkeys(("cycle", "counts"), "1"),
        "version": "8",
        "updated_at": f"reported_at + CASE WHEN open = 1 THEN (? - reported_at) / 1000 * (n * 31 % 1000)"
        f" ELSE {spans[-1]} / 1000 * (n * 37 % 1000) END",
        "due_at": "due * (reported_at + span)",
        "yellow_at": "due * (reported_at + span / 5 * 4)",
        "margin": f"due * CASE urgency {_by_urgency([_margin(span // 5) for span in spans])} END",
        "due_clock": "CASE WHEN due = 1 THEN 'handle' ELSE '' END",
        "undetermined": "CASE WHEN open = 1 AND n % 29 = 0 THEN 1 ELSE 0 END",
    }
    return f"""
        INSERT INTO "{statements.table(Docket, GENERATION)}" ({", ".join(columns)})
        WITH RECURSIVE numbers(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < {cases}),
        drawn AS (
            SELECT n, n * 7919 % {PRIME} % 1000 AS u, {_drawn(KINDS, 15_485)} AS kind,
                CASE WHEN n > {recent} THEN {_drawn(RECENT, 10_473)} ELSE {_drawn(FORMER, 10_473)} END AS stage,
                {_drawn(URGENCIES, 32_453)} AS urgency, ? - ({cases} - n) * {step} AS reported_at,
                {_padded(f"1 + n * 271 % {PRIME} % 13", 2)} || {_padded(f"1 + n * 613 % {PRIME} % 6", 2)} AS category
            FROM numbers
        ), placed AS (
            SELECT *, {GRIDS} * u * u / 1000000 AS grid, CASE urgency {_by_urgency(spans)} END AS span,
                CASE WHEN stage IN ({", ".join(f"'{stage}'" for stage in sorted(OPEN))}) THEN 1 ELSE 0 END AS open
            FROM drawn
        ), timed AS (SELECT *, CASE WHEN open = 1 AND n % 20 <> 0 THEN 1 ELSE 0 END AS due FROM placed)
        SELECT {", ".join(columns.values())} FROM timed"""  # noqa: S608 - our own names and numbers


def _drawn(shares: Mapping[str, int], salt: int) -> str:
    """One of these for each case, as often as its share of a thousand says."""
    assert sum(shares.values()) == 1000
    draw, up_to, cases = f"n * {salt} % {PRIME} % 1000", 0, ""
    for value, share in shares.items():
        up_to += share
        cases += f" WHEN {draw} < {up_to} THEN '{value}'"
    return f"CASE{cases} END"


def _by_urgency(values: list[int]) -> str:
    return " ".join(f"WHEN '{urgency}' THEN {value}" for urgency, value in enumerate(values, 1))


def _margin(between: int) -> int:
    """As `lights.MARGIN` has it."""
    return next(margin for margin in range(1, 17) if between < STEP**margin * SECOND)


def _padded(number: str, digits: int) -> str:
    """A number with noughts before it, as text."""
    return f"substr(CAST({10**digits} + {number} AS TEXT), 2)"
