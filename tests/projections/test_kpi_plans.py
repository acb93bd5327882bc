"""指标 of a community's month are found by an index, in a table of a hundred thousand cycles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.territory import Level, Node, Territory
from projections import statements
from projections.cycles import DAYS, TIMES, Cycles
from projections.database import Rows
from projections.docket import Docket
from projections.kpi import kpis
from projections.kpi_cases import KpiCasesQuery, kpi_cases
from projections.kpi_definitions import OF_CYCLES
from projections.kpi_query import KpiQuery
from projections.reading import AsOf, microseconds
from projections.scope import Scope
from projections.tables import Tables
from tests.projections.rooms import KINDS, SQLITE, Room
from tests.rules.scene import CLOCKS

CASES, COMMUNITIES, GRIDS = 100_000, 65, 411
BEGIN = datetime(2026, 1, 1, 4, tzinfo=UTC)
NOW = BEGIN + timedelta(days=400)
MONTH = {"from_day": "2026-05-01", "to_day": "2026-05-31"}
SECRETARY = Scope.of("community-3", Level.COMMUNITY)
READERS: list[tuple[Scope, dict[str, Any]]] = [
    (SECRETARY, MONTH),
    (SECRETARY, {**MONTH, "kind": "dispute", "unit": "unit-3"}),
    (SECRETARY, {**MONTH, "territory": "grid-3"}),
    (Scope.of("grid-3", Level.GRID), MONTH),
    (Scope.of("district", Level.DISTRICT), {**MONTH, "territory": "community-3"}),
    (Scope.of("district", Level.DISTRICT), {**MONTH, "territory": "grid-3"}),
    (Scope.of("district", Level.DISTRICT), {**MONTH, "territory": "building-3"}),
]
DRAWN = ("then", "now")
WHOLE = re.compile(r"SCAN (cycles|docket)\.v\d+~|Seq Scan on \"(cycles|docket)\.v\d+~")
NARROW = re.compile(r"\((community|grid)=\?|\(\((community|grid) = ")
"""Found by its place and day, not by its day alone."""


def territory() -> Territory:
    """One grid is another now."""
    nodes = [
        Node(id="district", level=Level.DISTRICT, name="区"),
        *(Node(id=f"community-{n}", level=Level.COMMUNITY, name="社区", parent="district") for n in range(COMMUNITIES)),
        *(
            Node(id=f"grid-{n}", level=Level.GRID, name="网格", parent=f"community-{n % COMMUNITIES}")
            for n in range(1, GRIDS)
        ),
        Node(id="grid-0", level=Level.GRID, name="旧", parent="community-0", closed=True, successors=("grid-65",)),
        Node(id="building-3", level=Level.BUILDING, name="楼", parent="grid-3"),
    ]
    return Territory(nodes=tuple(nodes))


@pytest.fixture(scope="module", params=KINDS)
def tables(request: pytest.FixtureRequest) -> Iterator[Tables]:
    url = SQLITE if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with closing(Tables(Room(Path("plans of KPIs"), url).open() if url else None, (Docket, Cycles))) as tables:
        fill(tables)
        yield tables


def fill(tables: Tables) -> None:
    """A year of cases, one cycle each, spread over days, grids, kinds and units."""
    moments = [BEGIN + timedelta(days=nth) for nth in range(365)]
    days = [(nth, microseconds(moment), f"{moment:%Y-%m-%d}") for nth, moment in enumerate(moments)]
    texts = {
        "stage": "'closed'",
        "id": "'case-' || n",
        "kind": "CASE n % 3 WHEN 0 THEN 'dispute' WHEN 1 THEN 'emergency' ELSE 'ordinary' END",
        "category": "'0101'",
        "district": "'district'",
        "street": f"'street-' || (n % {GRIDS} % {COMMUNITIES} % 7)",
        "community": f"'community-' || (n % {GRIDS} % {COMMUNITIES})",
        "estate": "''",
        "grid": f"'grid-' || (n % {GRIDS})",
        "building": f"'building-' || (n % {GRIDS})",
        "officer": "''",
        "lead": "'unit-' || (n % 60)",
        **dict.fromkeys(DAYS, "day"),
        **dict.fromkeys(TIMES, "time"),
        **dict.fromkeys(("there", "counts", "cycle"), "1"),
    }
    with tables.writing() as transaction:
        transaction.load(
            "days", 'SELECT cycle AS nth, handle_due_at AS time, handle_due_on AS day FROM "cycles.v1"', days
        )
        numbers = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)"
        values = ", ".join(texts.get(column, "0") for column in Cycles.columns)
        cycles, docket = (statements.table(view, 1) for view in (Cycles, Docket))
        cases = f"SELECT {values} FROM numbers JOIN days ON nth = n % 365"  # noqa: S608 - our own words
        transaction.execute(f'INSERT INTO "{cycles}" {numbers} {cases}', (CASES,))
        cases = "SELECT 'case-' || n, n, '' FROM numbers"
        transaction.execute(f'INSERT INTO "{docket}" (id, opened, number) {numbers} {cases}', (CASES,))
        for view in (Docket, Cycles):
            transaction.analyze(statements.table(view, 1))


class Explained:
    """A snapshot that notes how the database goes about each query."""

    def __init__(self, tables: Tables) -> None:
        self._tables, self.plans, self.position = tables, list[str](), 0

    @contextmanager
    def reading(self) -> Iterator[Any]:
        with self._tables.reading() as transaction:
            self._transaction, self.dialect = transaction, transaction.dialect
            self._explain = "EXPLAIN QUERY PLAN" if transaction.dialect.merges else "EXPLAIN"
            yield self

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        if "SELECT" in statement:
            steps = self._transaction.execute(f"{self._explain} {statement}", values)
            self.plans.append("\n".join(step[-1] for step in steps))
        return self._transaction.execute(statement, values)

    def load(self, *told: Any) -> None:
        self._transaction.load(*told)


def asked(explained: Explained) -> AsOf:
    return AsOf(explained, NOW, territory(), CLOCKS)  # type: ignore[arg-type] # a snapshot for as long as is read


@pytest.mark.parametrize("drawn", DRAWN)
@pytest.mark.parametrize(("scope", "query"), READERS)
def test_no_figure_of_a_month_needs_a_reading_of_all_cycles(
    tables: Tables, scope: Scope, query: dict[str, Any], drawn: str
) -> None:
    for by in ("all", "grid", "unit", "week"):
        explained = Explained(tables)
        wanted = KpiQuery.model_validate({**query, "by": by, "drawn": drawn})
        rows = kpis(asked(explained), scope, wanted, OF_CYCLES)
        assert rows
        for plan in explained.plans:
            assert not WHOLE.search(plan), plan
            assert drawn == "now" or query.get("territory") == "building-3" or NARROW.search(plan), plan


@pytest.mark.parametrize("drawn", DRAWN)
@pytest.mark.parametrize(("scope", "query"), READERS)
def test_no_list_behind_a_figure_needs_one(tables: Tables, scope: Scope, query: dict[str, Any], drawn: str) -> None:
    for code in ("handled_on_time", "attended", "satisfied"):
        explained = Explained(tables)
        first = KpiCasesQuery.model_validate({**query, "kpi": code, "drawn": drawn, "limit": 3})
        page = kpi_cases(asked(explained), scope, first)
        if page.next:
            kpi_cases(asked(explained), scope, first.model_copy(update={"cursor": page.next}))
        for plan in explained.plans:
            assert not WHOLE.search(plan), plan
            assert drawn == "now" or query.get("territory") == "building-3" or NARROW.search(plan), plan
