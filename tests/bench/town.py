"""A district's log in one database, and the views of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from domain.casework.books import books
from domain.casework.case_files import CaseFiles
from domain.territory import Territory
from projections.engine import Views
from projections.reading import AsOf
from tests.bench.district import district, redrawn
from tests.bench.generator import BEGINS, BETWEEN_REPORTS, REDRAWN
from tests.bench.log import Log
from tests.bench.measuring import batches
from tests.bench.stores import Place, Store

CLOCKS = books()
BATCH = 1_000


@cache
def drawn_now() -> Territory:
    """The district as it was redrawn."""
    return redrawn(district(), REDRAWN).territory


@dataclass(frozen=True, slots=True)
class Town:
    """As many cases as were reported by `now`, in a place, and their views, which may still have to follow."""

    place: Place
    files: CaseFiles
    views: Views
    now: datetime

    @property
    def events(self) -> int:
        return self.files.store.max_notification_id()

    @contextmanager
    def looked_at(self) -> Iterator[AsOf]:
        """What an answer is told from, as the service has it."""
        with self.views.snapshot() as snapshot:
            yield AsOf(snapshot, self.now, drawn_now(), CLOCKS)


@contextmanager
def town(store: Store, log: Log, cases: int) -> Iterator[Town]:
    """The log of so many cases in a new place, which is gone after the block."""
    with store.place() as place, closing(place.case_files()) as files:
        for batch in batches(log.events(cases), BATCH):
            files.store.insert_batch([batch])
        with closing(place.views(files)) as views:
            yield Town(place, files, views, BEGINS + cases * BETWEEN_REPORTS)
