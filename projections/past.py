"""The views as they were. No history of them is kept: whatever moment is asked about, they are made again from the
events up to it, by what makes those in use, in a file of their own; so they say what was said then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Event, Lock
from time import monotonic

from domain.casework.batches import Keys
from domain.casework.case_files import CaseFiles
from projections import ALL
from projections.database import DatabaseUnavailable
from projections.engine import Views
from projections.frame import Frame
from projections.pages import Pages
from projections.projection import Projection
from projections.reading import Snapshot
from projections.scratch import Scratch
from projections.sqlite import copy
from projections.tables import Tables, least

log = logging.getLogger(__name__)
PREFIX = "bidao-past-"
PAGE = 10_000
Key = tuple[int, Keys]
"""A position, and the era of the store whose events came so far."""


class NotMade(LookupError):
    """The views as of that position are not there, or no longer. Raised with the position."""


@dataclass(slots=True)
class _Made:
    """Views as of one position, for as long as somebody has hold of them."""

    path: Path
    tables: Tables
    holders: int = 1
    """Whoever reads them, and whoever keeps them for the next."""


class PastViews:
    """The views of one store as of earlier positions. Usable from any thread; end it with `close`.

    At most `kept` of them are kept, those last asked for; one is made at a time, beginning with a copy of the nearest
    earlier one there is; at most `kept` wait to be made.
    """

    def __init__(
        self, files: CaseFiles, live: Views, projections: Sequence[type[Projection]] = ALL, *, kept: int = 4
    ) -> None:
        self._store, self._pages, self._live = files.store, Pages(files), live
        self._projections, self._most = projections, kept
        self._scratch = Scratch(PREFIX)
        self._names = count()
        self._made: dict[Key, _Made] = {}
        """The one last asked for is last."""
        self._making: dict[Key, Future[None]] = {}
        self._lock, self._ended = Lock(), Event()
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="past-views")

    def close(self) -> None:
        """Make no more, and throw everything away. Nobody may be reading."""
        self._ended.set()
        self._maker.shutdown(cancel_futures=True)
        while self._made:
            self._let_go(self._made.popitem()[1])
        self._scratch.close()

    @contextmanager
    def snapshot(self, position: int) -> Iterator[Snapshot]:
        """The views as of a position: those in use, while nothing came after it. Raises `NotMade`."""
        with self._live.snapshot() as views:
            if views.position == position == self._pages.head:  # so none of them is ahead of the others
                yield views
                return
        made = self._held(position)
        try:
            with made.tables.snapshot() as (transaction, found):
                yield Snapshot(transaction, least(found, self._projections))
        finally:
            self._let_go(made)

    async def wait_for(self, position: int, seconds: float) -> bool:
        """Whether the views as of a position were made within so many seconds. They are being made in any case,
        unless too many wait already. Raises what kept them from being made.
        """
        making = self._begun(position)
        if making is None:
            return False
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(making)), seconds)
        except TimeoutError:
            return False
        return True

    def _held(self, position: int) -> _Made:
        """Take hold of views there are."""
        key = position, self._store.era
        with self._lock:
            made = self._made.pop(key, None)
            if made is None:
                raise NotMade(position)
            self._made[key] = made
            made.holders += 1
            return made

    def _let_go(self, made: _Made) -> None:
        with self._lock:
            made.holders -= 1
            if made.holders:
                return
        made.tables.close()
        _delete(made.path)

    def _begun(self, position: int) -> Future[None] | None:
        """The making, begun now or before; None while too many are on their way."""
        key = position, self._store.era
        with self._lock:
            if key in self._made:
                return _done()
            if key not in self._making and len(self._making) < self._most:
                self._making[key] = self._maker.submit(self._make, key)
            return self._making.get(key)

    def _make(self, key: Key) -> None:
        """On the maker's thread. What keeps it from being made is told to whoever waits; the next try begins anew."""
        begun, path = monotonic(), self._scratch.path / f"{next(self._names)}.db"
        try:
            tables = self._followed(path, key)
        except BaseException as error:
            _delete(path)
            with self._lock:
                del self._making[key]
            if not self._ended.is_set():
                log.warning("views as of position %d were not made: %s", key[0], type(error).__name__)
            raise
        with self._lock:
            del self._making[key]
            self._made[key] = _Made(path, tables)
            spare = [self._made.pop(oldest) for oldest in list(self._made)[: -self._most]]
        for made in spare:
            self._let_go(made)
        log.info("views as of position %d made in %.1f s", key[0], monotonic() - begun)

    def _followed(self, path: Path, key: Key) -> Tables:
        """New tables that have come to the position, and no further. Raises what keeps them from it."""
        self._copy_nearest(path, key)
        tables = Tables(path, self._projections)
        try:
            position, era = key
            reached = tables.position()
            with closing(Frame()) as frame:
                while page := self._pages.read(reached, PAGE, position):
                    if self._ended.is_set():
                        raise DatabaseUnavailable("the service ends")
                    frame.load(page.rows)
                    tables.advance(reached, page.reached, {view: frame.changes(view) for view in tables.views})
                    reached = page.reached
            if (reached, self._store.era) != (position, era):
                raise DatabaseUnavailable("the store was put back to an earlier moment meanwhile")
        except BaseException:
            tables.close()
            raise
        return tables

    def _copy_nearest(self, path: Path, key: Key) -> None:
        """Begin with what is there already; the file stays missing where nothing is."""
        with self._lock:
            earlier = [position for position, era in self._made if position < key[0] and era == key[1]]
            if not earlier:
                return
            nearest = self._made[max(earlier), key[1]]
            nearest.holders += 1
        try:
            copy(nearest.path, path)
        finally:
            self._let_go(nearest)


def _done() -> Future[None]:
    done: Future[None] = Future()
    done.set_result(None)
    return done


def _delete(path: Path) -> None:
    """A database that is closed, and what it kept beside itself."""
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink(missing_ok=True)
