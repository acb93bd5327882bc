"""Whatever the views say, against case files folded one by one: for as many cases as there are, in as many parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple, get_args

from domain.clocks import Clocks
from domain.territory import Level, Territory
from projections.docket import Docket
from projections.engine import Views
from projections.holding import Holding
from projections.kpi import KpiRow, kpis
from projections.kpi_query import By, KpiQuery
from projections.reading import AsOf
from projections.response_time import ResponseTime
from projections.scope import Scope
from projections.stretches import Stretches
from projections.workload import Workload
from tests.projections import counting, recomputation, showing, timing
from tests.projections.counting import Cycle
from tests.projections.recomputation import Lines

Told = dict[Any, Any]
SAID: dict[str, tuple[Callable[[list[Lines]], Mapping[Any, Any]], Callable[[Any], Mapping[Any, Any]]]] = {
    Docket.name: (recomputation.docket, showing.docket),
    Workload.name: (recomputation.workload, showing.workload),
    ResponseTime.name: (timing.response_time, showing.response_time),
    Stretches.name: (timing.rows, showing.stretches),
    Holding.name: (timing.holding, showing.holding),
}
"""Of each view, what it says by hand and by itself. The cycles are told by the KPIs."""


class Asked(NamedTuple):
    """A question to the KPIs."""

    now: datetime
    by: str = "all"
    drawn: str = "then"
    territory: str | None = None
    kind: str | None = None
    unit: str | None = None
    from_day: date | None = None
    to_day: date | None = None

    @property
    def query(self) -> KpiQuery:
        return KpiQuery.model_validate({word: value for word, value in self._asdict().items() if word != "now"})

    def wants(self, cycle: Cycle, day: date) -> bool:
        """Whether it is about a cycle that counts on that day."""
        return (
            (self.territory is None or self.territory in cycle.place.model_dump().values())
            and self.kind in (None, cycle.kind)
            and self.unit in (None, cycle.unit)
            and (self.from_day is None or self.from_day <= day)
            and (self.to_day is None or day <= self.to_day)
        )


@dataclass(frozen=True, slots=True)
class Books:
    """What is asked, and what holds when it is."""

    asked: Sequence[Asked]
    territory: Territory
    clocks: Clocks


def every_level(now: datetime) -> list[Asked]:
    """Every way to break down the KPIs as drawn then; as drawn now, every level."""
    then = [Asked(now, by=by) for by in get_args(By)]
    return then + [Asked(now, by=level.value, drawn="now") for level in Level]


def by_hand(files: list[Lines], books: Books) -> dict[Any, Told]:
    """What the views and the KPIs have to say of these case files, by the name of the view or by the question."""
    found: dict[Any, Told] = {name: dict(told(files)) for name, (told, _) in SAID.items()}
    cycles = {"then": counting.cycles(files, books.clocks)}
    redrawn = cache(books.territory.redrawn)
    cycles["now"] = [replace(cycle, place=redrawn(cycle.place)) for cycle in cycles["then"]]
    for one in books.asked:
        told = counting.counted(cycles[one.drawn], one.by, one.now, one.wants)
        found[one] = {(key or None, community): +sums for (key, community), sums in told.items() if +sums}
    return found


def add(whole: dict[Any, Told], part: Mapping[Any, Told]) -> None:
    """Take in what was found in another part of the case files."""
    for name, told in part.items():
        known = whole.setdefault(name, {})
        for key, value in told.items():
            known[key] = known[key] + value if key in known else value


def differences(views: Views, expected: Mapping[Any, Told], books: Books) -> dict[Any, int]:
    """How many rows are not what they should be, of each view and each question."""
    return {
        name: _different(
            told, dict(SAID[name][1](_Only(views, name))) if name in SAID else _figures(views, name, books)
        )
        for name, told in expected.items()
    }


def _different(expected: Told, told: Told) -> int:
    return sum(expected.get(key) != told.get(key) for key in expected.keys() | told.keys())


def _figures(views: Views, one: Asked, books: Books) -> Told:
    with views.snapshot() as snapshot:
        rows = kpis(AsOf(snapshot, one.now, books.territory, books.clocks), Scope.of("city", Level.CITY), one.query)
    told = {(row.key or None, row.community or ""): _sums(row) for row in rows}
    return {key: sums for key, sums in told.items() if sums}


def _sums(row: KpiRow) -> Counter[str]:
    above = {one.kpi: one.numerator or 0 for one in row.figures}
    return +Counter(above | {f"/{one.kpi}": one.denominator or 0 for one in row.figures})


class _Only:
    """Views of which one is read and the others are not, so that a whole district fits into memory."""

    def __init__(self, views: Views, name: str) -> None:
        self._views, self._name = views, name

    @contextmanager
    def reading(self) -> Iterator[Any]:
        with self._views.reading() as transaction:
            self._transaction = transaction
            yield self

    def execute(self, statement: str) -> Iterable[Any]:
        return self._transaction.execute(statement) if f'"{self._name}"' in statement else ()
