"""A store that fills up, its views, and whoever looks back at them; and all that may be asked of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

from domain.casework.registers import Registers
from domain.casework.streams import Streams
from domain.model import Model
from domain.territory import Territory
from projections.database import Transaction
from projections.docket import DocketQuery, docket
from projections.holding import HoldingQuery, holding
from projections.kpi import kpis
from projections.kpi_cases import KpiCasesQuery, kpi_cases
from projections.kpi_query import KpiQuery
from projections.looking_back import then
from projections.past import NotMade, PastViews
from projections.reading import AsOf, Readable, Snapshot
from projections.response_cases import ResponseCasesQuery, response_cases
from projections.response_time import ResponseTimeQuery, response_times
from projections.scope import Scope
from projections.workload import WorkloadQuery, workload
from tests.projections.rooms import Home
from tests.projections.showing import shown
from tests.rules.scene import CLOCKS, TERRITORY

PATIENCE = 60.0
"""Seconds after which something that should come is given up; nothing is measured."""
DRAWN = ("then", "now")
PLACES = (None, "grid")
Told = tuple[dict[str, Any], dict[str, Any]]


def answers(views: Readable, now: datetime, territory: Territory) -> dict[str, Any]:
    """What everybody may ask of the views, answered, each from a snapshot of its own."""
    return {
        f"{question.__name__} {query.model_dump_json(exclude_defaults=True)}": question(views, query, now, territory)
        for question, query in ASKED
    }


def _docket(views: Readable, query: Any, now: datetime, _: Territory) -> Any:
    return docket(views, Scope.all(), query, now)


def _workload(views: Readable, query: Any, now: datetime, territory: Territory) -> Any:
    return workload(views, Scope.all(), query, territory, now)


def _response_times(views: Readable, query: Any, _: datetime, territory: Territory) -> Any:
    return response_times(views, Scope.all(), query, territory)


def _response_cases(views: Readable, query: Any, _: datetime, territory: Territory) -> Any:
    return response_cases(views, Scope.all(), query, territory)


def _holding(views: Readable, query: Any, _: datetime, territory: Territory) -> Any:
    return holding(views, Scope.all(), query, territory)


def _kpis(views: Readable, query: Any, now: datetime, territory: Territory) -> Any:
    with views.reading() as transaction:
        return kpis(AsOf(Snapshot(transaction, 0), now, territory, CLOCKS), Scope.all(), query)


def _kpi_cases(views: Readable, query: Any, now: datetime, territory: Territory) -> Any:
    with views.reading() as transaction:
        return kpi_cases(AsOf(Snapshot(transaction, 0), now, territory, CLOCKS), Scope.all(), query)


def _all(model: type[Model], **choices: Sequence[Any]) -> list[Any]:
    """A query for each combination of what may be chosen."""
    chosen = (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))
    return [model.model_validate(one) for one in chosen]


BYS = ("grid", "kind")
ASKED: list[tuple[Callable[[Readable, Any, datetime, Territory], Any], Any]] = [
    *((_docket, query) for query in _all(DocketQuery, sort=("-updated_at", "due_at", "light"), limit=(200,))),
    *((_docket, query) for query in _all(DocketQuery, light=("red", "yellow", "green", "undetermined"))),
    *((_workload, query) for query in _all(WorkloadQuery, by=(*BYS, "officer"), drawn=DRAWN, territory=PLACES)),
    *((_response_times, query) for query in _all(ResponseTimeQuery, by=BYS, drawn=DRAWN, stage=("arrive", "resolve"))),
    *((_response_times, query) for query in _all(ResponseTimeQuery, by=("week",), exact=(True,))),
    *((_response_cases, query) for query in _all(ResponseCasesQuery, stage=("arrive",), limit=(200,))),
    *((_holding, query) for query in _all(HoldingQuery, by=("grid", "level"), drawn=DRAWN)),
    *((_kpis, query) for query in _all(KpiQuery, by=(*BYS, "month"), drawn=DRAWN, territory=PLACES)),
    *((_kpi_cases, query) for query in _all(KpiCasesQuery, kpi=("closed", "attended", "satisfied"), limit=(200,))),
]


@dataclass(frozen=True, slots=True)
class Past:
    """The views as of one position, to ask them as those in use are asked."""

    past: PastViews
    position: int

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        with self.past.snapshot(self.position) as views:
            assert views.position == self.position
            yield views.transaction


class Storefront:
    """A store that fills up, its views and registers, and whoever looks back at it."""

    def __init__(self, home: Home, *, kept: int = 4, page: int = 50) -> None:
        self.files = home.files()
        self.views = home.views(self.files, page=page)
        self.past = PastViews(self.files, self.views, kept=kept)

    def close(self) -> None:
        self.past.close()
        self.views.close()
        self.files.close()

    def told_now(self) -> Told:
        """Every row of every view, and every answer, by the registers as they are."""
        return self._told(self.views, self.views.position, None)

    def told_of(self, position: int) -> Told:
        """The same as of a position."""
        assert self.made(position)
        return self._told(Past(self.past, position), position, position)

    def _told(self, views: Readable, position: int, known: int | None) -> Told:
        now = then(self.files.store, None, position).now
        streams = Streams(self.files.lines, self.files.store)
        registers = Registers(streams, (TERRITORY, CLOCKS), secret=b"", clock=lambda: now)
        asyncio.run(streams.aclose())
        territory = registers.territory if known is None else registers.as_of(known).drawn.at(now)
        return shown(views), answers(views, now, territory)

    def made(self, position: int) -> bool:
        return asyncio.run(self.past.wait_for(position, PATIENCE))

    def is_there(self, position: int) -> bool:
        """Whether it need not be made."""
        try:
            with self.past.snapshot(position):
                return True
        except NotMade:
            return False
