"""Views: they follow the log in pages, let readers wait for a position, and can be made again while in use."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Event, RLock, Thread
from typing import NamedTuple

from domain.casework.case_files import CaseFiles
from projections import ALL
from projections.blind_index import BlindIndex
from projections.builder import GRACE, Builder
from projections.database import Database, Listening, Transaction
from projections.frame import Frame
from projections.naming import Underway
from projections.pages import Pages
from projections.projection import Projection
from projections.reading import Snapshot
from projections.rebuilding import Progress, RebuildReport
from projections.tables import Tables, lead, least
from projections.waiting import Waiters

log = logging.getLogger(__name__)
PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds before another try after a failure: doubled each time, up to the longest, as others wait for what failed.
Once the database is heard of again, nobody waits any longer.
"""


class ViewsAhead(RuntimeError):
    """The views know of events that the store does not have."""


class Standing(NamedTuple):
    """How the views stand, by what the database says."""

    position: int
    kept: bool | None
    """Whether some process keeps them or is about to; None where only a store that stays ahead tells that none does."""


class Views:
    """The views of one store: in a database, in the SQLite file at a path, or in a temporary one.

    `page` is how many events are merged at a time. `poll` is how often, in seconds, to look for events
    that other processes wrote and were not heard of; `wake` tells of our own. `gather` is how long more
    events may come before a page is read, unless somebody waits.

    A view that is new to a store with cases is built beside the others (`projections.builder`) and is one of them
    from then on: until then it holds up nothing, and asking for it raises `ViewUnderway`.

    Any number of processes may follow into one database: each page is merged once, whatever they believe. In
    PostgreSQL one of them leads, so that no work is done twice; the others hear how far it has come, and
    take over when it dies.
    """

    def __init__(
        self,
        files: CaseFiles,
        where: Database | Path | None,
        projections: Sequence[type[Projection]] = ALL,
        *,
        page: int = 1000,
        poll: float = 1.0,
        gather: float = 0.01,
    ) -> None:
        self.error: str | None = None
        """Why the views do not follow, if they do not."""
        self.leads = False
        """Whether this process keeps the views now."""
        self._page, self._poll, self._gather, self._may_lead = page, poll, gather, True
        self._pages, self._frame = Pages(files), Frame()
        self._tables = Tables(where, projections, empty=self._pages.blank)
        self._builder = Builder(self._pages, self._tables)
        self.index = BlindIndex(files, self._tables.database)
        """Beside the views, and no view: it needs the keys of what is sealed."""
        self._waiters = Waiters(self._tables.position())
        self._leadership = self._tables.database.leadership(lead(projections))
        self._one_at_a_time = RLock()
        self._woken, self._again, self._ended = Event(), Event(), Event()
        self._stuck = 0
        self._thread: Thread | None = None
        self._listening: Listening | None = None

    @property
    def position(self) -> int:
        """Up to where every view has come that is one already, as was last heard: a database that crashed, or a copy
        of it that took its place, may have forgotten the last of it. What a reader is promised rests on a `snapshot`.
        """
        return self._waiters.position

    def reading(self) -> AbstractContextManager[Transaction]:
        """One snapshot of all views, from any thread. Raises `DatabaseUnavailable`."""
        return self._tables.reading()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The same, and the position that is true of it."""
        with self._tables.snapshot() as (transaction, found):
            yield Snapshot(transaction, least(found, self._tables.views))

    def look(self) -> Standing:
        """Ask the database, and believe it: the position may turn out to be an earlier one than was heard of.

        Raises `DatabaseUnavailable`.
        """
        believed = self.position
        with self.snapshot() as found:
            kept = True if self._may_lead else found.transaction.is_led(lead(self._tables.views))
        self._waiters.corrected(believed, found.position)
        return Standing(found.position, kept)

    @property
    def building_error(self) -> str | None:
        """Why views are not built here, if they are not."""
        return self._builder.error

    def underway(self) -> list[Underway]:
        """The views that are being built, for the first time or again. Raises `DatabaseUnavailable`."""
        return self._tables.underway()

    def catch_up(self) -> int:
        """Build what is none yet, merge all there is, page by page, and return the position reached.

        Raises `DefinitionChanged`, `ViewsAhead`, `UnreadablePage`, or an error of either database; what
        was merged before stays.
        """
        self._builder.complete()
        while self._step():
            pass
        return self.position

    async def wait_for(self, position: int, seconds: float) -> bool:
        """Whether the views had come this far within so many seconds."""
        self.wake(position)
        return await self._waiters.wait(position, seconds)

    def start(self, *, leading: bool = True, grace: float = GRACE) -> None:
        """Follow the log on a thread of its own, build on another what is none yet or was begun, and drop what was
        replaced so many seconds ago (`grace`); or only see how far others come, who keep the views.
        """
        self._may_lead = leading
        self._ended.clear()
        self._again.clear()
        self._woken.set()
        self._listening = self._tables.database.listening(self._came_elsewhere, self._appended)
        self._thread = Thread(target=self._follow, name="views", daemon=True)
        self._thread.start()
        if leading:
            self._builder.start(lambda: self.leads, self._woken.set, grace)
            self.index.start(lambda: self.leads)

    def stop(self) -> None:
        """End that thread, and whatever is being built, after the page it is at."""
        self._ended.set()
        self._again.set()
        self._woken.set()
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._builder.stop()
        self.index.stop()

    def wake(self, position: int) -> None:
        """Say that the store has come this far. Returns at once; whoever does not lead will hear of it."""
        if self.leads:
            self.index.wake()
            if position > self.position:
                self._woken.set()

    def rebuild(self, progress: Progress | None = None, names: Collection[str] = ()) -> RebuildReport:
        """Make these views, or all, again from the first event, compare them with those in use, and put them in their
        place.

        Readers and followers go on meanwhile. Raises what `catch_up` raises and `KeyError` for a name that is none,
        and leaves all as it was; what was done already, the next rebuild goes on from, or whoever keeps the views.
        """
        known = {view.name: view for view in self._tables.views}
        try:
            return self._builder.rebuild([known[name] for name in names or known], progress)
        finally:
            with self._one_at_a_time:
                self._waiters.arrived(self._tables.position())

    def tidy(self, grace: float = GRACE) -> None:
        """Drop what was replaced so many seconds ago. Whoever keeps the views does so now and then."""
        self._builder.tidy(grace)

    def close(self) -> None:
        """Stop following and let go of the database. The store stays open."""
        self.stop()
        self._tables.close()
        self._frame.close()

    def _step(self) -> bool:
        """Merge one page into the views that are furthest behind; False when there is nothing to merge, or no view."""
        with self._one_at_a_time:
            with self._tables.reading() as transaction:
                stands = self._tables.stands(transaction)
            if not stands:
                return False
            start, *others = sorted({at.position for at in stands.values()})
            page = self._pages.read(start, self._page, others[0] if others else None)
            if page is None:
                if start > self._pages.head:
                    raise ViewsAhead(f"视图已到第{start}条，事件库只有{self._pages.head}条：请核对数据，或运行重建。")
                self._waiters.arrived(start)
                return False
            self._frame.load(page.rows)
            behind = [view for view, at in stands.items() if at.position == start]
            if self._tables.advance(start, page.reached, {view: self._frame.changes(view) for view in behind}):
                self._waiters.arrived(page.reached)
            return True

    def _follow(self) -> None:
        pause = 0.0
        while not self._ended.is_set():
            self._woken.wait(self._poll)
            if not self._waiters:
                self._ended.wait(self._gather)
            self._woken.clear()
            self._again.clear()
            try:
                self._go_on()
            except Exception as error:
                self._fails(error)
                self._let_go()  # another process may be able to, and looks while this one pauses
                pause = min(max(PAUSE, 2 * pause), LONGEST_PAUSE)
                if self._ended.is_set() or self._again.wait(pause):
                    pause = 0.0
            else:
                pause = 0.0
        self._let_go()

    def _go_on(self) -> None:
        """Merge all there is, if it is on this process to do so; else see how far another has come."""
        while not self._ended.is_set() and self._leading() and self._step():
            pass
        if not self.leads:
            self.look()
        if self.error is not None and (self.leads or self._sees_progress()):
            self._works()

    def _sees_progress(self) -> bool:
        """Whether others get further, where this process could not."""
        return not self._may_lead or self.position > self._stuck or self.position >= self._pages.head

    def _fails(self, error: Exception) -> None:
        """Say so when it begins, and when the trouble becomes another."""
        name = type(error).__name__
        if self.error is None or not self.error.startswith(f"{name}: "):
            log.error("the views stay at position %d, and are tried again and again", self.position, exc_info=error)
        self.error, self._stuck = f"{name}: {error}", self.position

    def _works(self) -> None:
        self.error = None
        log.info("the views go on from position %d", self.position)

    def _let_go(self) -> None:
        self._leadership.release()
        self.leads = False

    def _leading(self) -> bool:
        leads = self._may_lead and self._leadership.take()
        if leads != self.leads:
            self.leads = leads
            self.index.wake()
            log.info("the views are kept here%s, from position %d", "" if leads else " no longer", self.position)
        return leads

    def _came_elsewhere(self, word: str) -> None:
        """Time to look. What is said is of the views that whoever said it has; and anybody may say anything."""
        if not word:
            self._heard_again()
        elif not self.leads:
            self._woken.set()

    def _appended(self, word: str) -> None:
        if not word:
            self._heard_again()
        elif self.leads:
            self._woken.set()
            self.index.wake()

    def _heard_again(self) -> None:
        """The connection was lost, and with it, it may be, what was told meanwhile and what was believed before."""
        self._woken.set()
        self._again.set()
