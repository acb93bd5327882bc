"""A store that fills up, its views, and whoever looks back at them; and all that may be asked of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any, get_args

from domain.casework.registers import Registers
from domain.casework.streams import Streams
from domain.model import Model
from domain.territory import Territory
from projections import response_time as times
from projections import workload as work
from projections.database import Transaction
from projections.docket import DocketQuery, Sort, docket
from projections.looking_back import then
from projections.past import NotMade, PastViews
from projections.reading import Readable
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
    asked: dict[str, Any] = {}
    for sort in get_args(Sort):
        asked[sort] = docket(views, Scope.all(), DocketQuery(sort=sort, limit=200), now)
    for light in ("red", "yellow", "green", "undetermined"):
        asked[light] = docket(views, Scope.all(), DocketQuery.model_validate({"light": light}), now)
    for by, drawn, place in product(get_args(work.By), DRAWN, PLACES):
        query: Model = WorkloadQuery.model_validate({"by": by, "drawn": drawn, "territory": place})
        assert isinstance(query, WorkloadQuery)
        asked[f"work {by} {drawn} {place}"] = workload(views, Scope.all(), query, territory)
    for by, drawn, stage in product(get_args(times.By), DRAWN, ("arrive", "resolve")):
        query = ResponseTimeQuery.model_validate({"by": by, "drawn": drawn, "stage": stage})
        assert isinstance(query, ResponseTimeQuery)
        asked[f"times {by} {drawn} {stage}"] = response_times(views, Scope.all(), query, territory)
    return asked


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
        streams = Streams(self.files.mapper, self.files.store)
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
