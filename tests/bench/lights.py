"""The docket by lights: a page of a hundred thousand open cases, against the same page of ten thousand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from statistics import median
from typing import Any

from domain.clocks import Light
from domain.incident.words import ClockName, Kind, Stage
from domain.territory import Level
from projections import statements
from projections.docket import Docket, DocketQuery, docket
from projections.reading import microseconds
from projections.scope import Scope
from projections.tables import Tables
from tests.bench.district import COMMUNITIES, ESTATES, GRIDS, STREETS, UNITS
from tests.bench.measuring import alternate, seconds
from tests.bench.report import Budget, Contender, Row
from tests.bench.stores import Bench, Place, Store

NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)
LIMITS = [timedelta(hours=2), timedelta(days=1), timedelta(days=9), timedelta(days=21)]
"""By urgency, as long as they take with nights and weekends."""
TERRITORIES = (None, "street-1", "community-03", f"grid-{GRIDS // 2:03d}")
SCOPE = Scope.of("district", Level.DISTRICT)
TIMES = 10
"""The smaller town has so many times fewer open cases."""
GENERATION = 1


def measure(bench: Bench) -> list[Row]:
    return [row for store in bench.stores for row in _rows(bench, store)]


def _rows(bench: Bench, store: Store) -> Iterator[Row]:
    cases = bench.size.docket
    with (
        store.place() as here,
        store.place() as there,
        closing(_town(bench, here, cases)) as large,
        closing(_town(bench, there, cases // TIMES)) as small,
    ):
        for sort in ("light", "due_at", "reported_at", "updated_at"):
            yield _row(bench, large, small, sort).on(store.kind)


@dataclass(frozen=True, slots=True)
class _Page:
    """One question, and the cursors to its middle in both towns."""

    query: DocketQuery
    cursors: tuple[str | None, str | None]

    def milliseconds(self, views: Tables, nth: int) -> float:
        query = self.query.model_copy(update={"cursor": self.cursors[nth]})
        return 1000 * seconds(lambda: docket(views, SCOPE, query, NOW))


def _row(bench: Bench, large: Tables, small: Tables, sort: str) -> Row:
    pages = list(_pages(large, small, sort, bench.size.docket))
    ours, floor = alternate(
        bench.size.rounds,
        lambda: [page.milliseconds(large, 0) for page in pages],
        lambda: [page.milliseconds(small, 1) for page in pages],
    )
    row = Row.of(
        f"docket by lights, in order of {sort}: {bench.size.docket:,} open cases against a tenth",
        "ms a page ↓",
        Contender.of(f"the mean of {len(pages)} pages", [sum(took) / len(took) for took in ours]),
        Contender.of("the same pages of the smaller town", [sum(took) / len(took) for took in floor]),
    )
    worst = max(
        median(one) / median(other)
        for one, other in zip(zip(*ours, strict=True), zip(*floor, strict=True), strict=True)
    )
    row.budgets = [Budget.at_most(2, row.to_floor, "× floor"), Budget.at_most(3, worst, "× floor, the worst page")]
    return row


def _pages(large: Tables, small: Tables, sort: str, cases: int) -> Iterator[_Page]:
    """First pages and pages from the middle, forward and backward, where there are some to turn.

    In order of light they are of all lights and none, closed cases among them; else of every light by itself.
    """
    limit = max(1, min(50, cases // (20 * TIMES)))
    shown = [(), tuple(Light)] if sort == "light" else [(light,) for light in Light]
    for lit, territory, order in product(shown, TERRITORIES, (sort, f"-{sort}")):
        query = DocketQuery.model_validate({"light": lit, "territory": territory, "sort": order, "limit": limit})
        cursors = _middle(large, query), _middle(small, query)
        if all(cursors):
            yield _Page(query, (None, None))
            yield _Page(query, cursors)


def _middle(views: Tables, query: DocketQuery) -> str | None:
    """The cursor to the middle of what there is; None where that is not two pages."""
    page = docket(views, SCOPE, query, NOW)
    longer = query.model_copy(update={"limit": 200})
    for _ in range(page.count // 400):
        page = docket(views, SCOPE, longer.model_copy(update={"cursor": page.next}), NOW)
    return page.next


def _town(bench: Bench, place: Place, cases: int) -> Tables:
    """A docket of so many open cases, put straight into its table."""
    tables = Tables(place.views_kept(), (_Bare,))
    with tables.writing() as transaction:
        tables.put(transaction, _Bare, GENERATION, list(rows(bench.rnd(), cases)), statements.fill)
        for finish in (statements.furnish, statements.show):
            for statement in finish(Docket, GENERATION, transaction.dialect):
                transaction.execute(statement)
        transaction.analyze(statements.table(Docket, GENERATION))
    return tables


class _Bare(Docket):
    """The docket before it is furnished."""

    indices = ()
    counted = ()


def rows(rnd: Random, cases: int) -> Iterator[tuple[Any, ...]]:
    """So many open cases and half as many closed ones, as the docket keeps them."""
    busy = [1 / (rank + 5) for rank in range(GRIDS)]
    grids = rnd.choices(range(GRIDS), busy, k=cases * 3 // 2)
    for nth, grid in enumerate(grids):
        opened = nth < cases
        urgency = rnd.choices((1, 2, 3, 4), (5, 15, 40, 40))[0]
        reported = NOW - timedelta(days=rnd.expovariate(1 / 8))
        limit = LIMITS[urgency - 1]
        running = opened and rnd.random() < 0.95
        unknown = opened and rnd.random() < 0.03
        row: dict[str, Any] = dict.fromkeys(Docket.columns, 0)
        row |= {
            "id": f"{rnd.getrandbits(128):032x}",
            "opened": nth + 1,
            "number": f"20260601-{nth:06d}",
            "stage": Stage.HANDLING.value if opened else Stage.ARCHIVED.value,
            "open": opened,
            "kind": rnd.choice(list(Kind)).value,
            "urgency": urgency,
            "category": "0101",
            "district": "district",
            "street": f"street-{grid % COMMUNITIES % STREETS}",
            "community": f"community-{grid % COMMUNITIES:02d}",
            "estate": f"estate-{grid:03d}" if grid < ESTATES else "",
            "grid": f"grid-{grid:03d}",
            "building": "",
            "officer": f"officer-{grid:03d}",
            "lead": f"unit-{grid % UNITS:02d}",
            "held_by": "grid",
            "counts": True,
            "cycle": 1,
            "version": 5,
            "cell": "",
            "merged_into": "",
            "reported_at": microseconds(reported),
            "updated_at": microseconds(reported + (NOW - reported) * rnd.random()),
            "due_clock": ClockName.HANDLE.value if running else "",
            "undetermined": unknown,
        }
        if running and not (unknown and rnd.random() < 0.8):
            yellow, due = (microseconds(reported + limit * share) for share in (0.8, 1))
            row |= {"due_at": due, "yellow_at": yellow}
            seconds, margin = (due - yellow) // 1_000_000, 1
            while seconds >= 4**margin:
                margin += 1
            row["margin"] = margin
        yield tuple(row.values())
