"""Whoever builds views: one process at a time, beside those who follow, and as often as it takes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import sleep, time

from projections.database import DatabaseUnusable
from projections.generations import Overtaken, buildings
from projections.pages import Pages
from projections.rebuilding import Progress, Rebuilding, RebuildReport, Stopped, ViewFailed
from projections.statements import View
from projections.tables import Tables, registry
from projections.tidying import abandoned, sweep, tidy

log = logging.getLogger(__name__)
LOOK, LONGEST_PAUSE = 0.5, 60.0
"""Seconds from one look to the next; and at most before another try, as the pause doubles with each that fails."""
GRACE = 600.0
"""Seconds that what was replaced stays for whoever still reads it, unless somebody says otherwise."""
RUNNING = "另一个重建正在进行，请等它完成后再重建。"


class Builder:
    """Builds what is none yet, finishes what was begun, and drops what was replaced long enough ago.

    Whatever goes wrong here, the views in use stay in use, and are followed.
    """

    def __init__(self, pages: Pages, tables: Tables) -> None:
        self.error: str | None = None
        """Why views are not built, if they are not."""
        self._pages, self._tables, self._grace = pages, tables, GRACE
        self._ended = Event()
        self._thread: Thread | None = None

    def start(self, leads: Callable[[], bool], built: Callable[[], None], grace: float) -> None:
        """Look again and again, on a thread of its own; tidy up while this process leads. `built` hears of success."""
        self._grace = grace
        self._ended.clear()
        self._thread = Thread(target=self._look, args=(leads, built), name="builder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End that thread after the page or step it is at; what it was building waits for the next."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def rebuild(self, views: Collection[View], progress: Progress | None) -> RebuildReport:
        """Build these again, and finish what else was begun. Raises `DatabaseUnusable` while somebody else builds,
        and what `Rebuilding.run` raises.
        """
        with self._right() as held:
            if not held:
                raise DatabaseUnusable(RUNNING)
            self._sweep()
            wanted = {*views, *self._wanted()}
            try:
                return self._rebuilding([view for view in self._tables.views if view in wanted]).run(progress)
            except Overtaken as lost:  # the right, with the connection it hung on
                raise DatabaseUnusable(RUNNING) from lost

    def complete(self) -> None:
        """Build what is none yet, or wait until whoever builds has done so."""
        while self._missing():
            with self._right() as held:
                if held:
                    self._build()
            if not held:
                sleep(LOOK / 10)

    def tidy(self, grace: float) -> None:
        """Drop what was replaced so many seconds ago."""
        for name in tidy(self._tables, grace, int(time())):
            log.info("replaced, and dropped now: %s", name)

    def _look(self, leads: Callable[[], bool], built: Callable[[], None]) -> None:
        pause = 0.0
        while not self._ended.wait(pause):
            try:
                if self._turn():
                    built()
                if leads():
                    self.tidy(self._grace)
            except (Stopped, Overtaken):
                pause = LOOK
            except Exception as error:
                self._fails(error)
                pause = min(max(LOOK, 2 * pause), LONGEST_PAUSE)
            else:
                self.error, pause = None, LOOK

    def _turn(self) -> bool:
        """Build what is to be built, if it is on this process to do so."""
        if not (self._wanted() or self._abandoned()):
            return False
        with self._right() as held:
            return held and self._build()

    def _build(self) -> bool:
        """Everything there is to build; one view that cannot be built keeps no other from it. Holds the right."""
        self._sweep()
        failed: list[ViewFailed] = []
        while left := [view for view in self._wanted() if view not in {failure.view for failure in failed}]:
            log.info("building %s", ", ".join(view.name for view in left))
            try:
                self._tell(self._rebuilding(left).run())
            except ViewFailed as failure:
                failed.append(failure)
        if failed:
            raise failed[0]
        return True

    def _rebuilding(self, views: Collection[View]) -> Rebuilding:
        return Rebuilding(self._pages, self._tables, views, ended=self._ended.is_set)

    def _sweep(self) -> None:
        with self._tables.writing() as transaction:
            sweep(transaction, self._tables.views, self._pages.head, time() - self._grace)

    def _wanted(self) -> list[View]:
        """What is none yet, or was begun."""
        with self._tables.database.reading() as transaction:
            shown, begun = registry(transaction), buildings(transaction)
        return [view for view in self._tables.views if view.name in begun or view.name not in shown]

    def _missing(self) -> bool:
        with self._tables.database.reading() as transaction:
            return not {view.name for view in self._tables.views} <= registry(transaction).keys()

    def _abandoned(self) -> list[str]:
        with self._tables.database.reading() as transaction:
            return abandoned(transaction, self._tables.views, time() - self._grace)

    @contextmanager
    def _right(self) -> Iterator[bool]:
        """Whether this process may build, until the block ends."""
        right = self._tables.database.rebuilding()
        try:
            yield right.take()
        finally:
            right.release()

    def _tell(self, report: RebuildReport) -> None:
        level = logging.WARNING if report.different else logging.INFO
        said = "views were built to position %d: new %s, equal %s, different from what they were %s"
        log.log(level, said, report.position, report.new, report.equal, report.different)

    def _fails(self, error: Exception) -> None:
        """Say so when it begins, and when the trouble becomes another."""
        if self.error is None or not self.error.startswith(f"{type(error).__name__}: "):
            log.error("views are not built, and it is tried again and again", exc_info=error)
        self.error = f"{type(error).__name__}: {error}"
