"""Views built from the first event, beside those in use; compared with them, and put in their place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from time import sleep, time
from typing import Any, NamedTuple

import orjson

from projections import statements
from projections.database import DatabaseUnavailable, DatabaseUnusable, Transaction
from projections.frame import Frame
from projections.generations import (
    Building,
    Overtaken,
    Replaced,
    begin,
    buildings,
    end,
    finishing,
    note,
    replace,
    tables_of,
)
from projections.pages import Pages
from projections.statements import View
from projections.tables import Rows, Stand, Tables, Writing, latest, registry, stand, tell

PAGE = 10_000
TURNS, PAUSE = 10, 0.5
"""How often to try to change places, and how many seconds everybody else has in between."""
OCCUPIED = "有别的数据库事务一直占用着视图（例如没有结束的 psql 会话），重建没有换上，原视图照旧：请结束它后再重建。"
COMPARED = 1_000
"""Rows that go into a digest at a time."""
Progress = Callable[[int, int], None]
"""Told how many events are done, and how many there are."""


class ViewFailed(RuntimeError):
    """One view cannot be built, whatever becomes of the others. Its cause says why."""

    def __init__(self, view: View, why: str) -> None:
        super().__init__(f"视图 {view.name} 没有建成（{why}）：原因见日志，别的视图照常。")
        self.view = view


class Stopped(Exception):
    """Whoever builds was asked to end."""


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """Which views, at `position`, equalled what they were, which did not, and which had nothing to compare."""

    position: int
    equal: tuple[str, ...] = ()
    different: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """In Chinese, for whoever asked for it."""
        found = {"与原视图相同": self.equal, "与原视图不同，已换上重建的": self.different, "新建": self.new}
        told = [f"{words}：{'、'.join(names)}" for words, names in found.items() if names]
        return f"已从第一条事件重建到第{self.position}条。{'；'.join(told)}。"


class Part(NamedTuple):
    """What a page of the log brings to views, and the last position it takes in."""

    reached: int
    changes: dict[View, Rows]


class Rebuilding:
    """One building of some views. With those who read or write the views meanwhile it shares nothing but the
    database. Whoever runs it holds the right to (`Database.rebuilding`).
    """

    def __init__(
        self,
        pages: Pages,
        tables: Tables,
        views: Collection[View],
        *,
        ended: Callable[[], bool] = lambda: False,
    ) -> None:
        self._pages, self._tables, self._views = pages, tables, views
        self._ended = ended
        self._frame = Frame()
        self._at: dict[View, Building] = {}

    def run(self, progress: Progress | None = None) -> RebuildReport:
        """Begin or go on, fill, furnish, compare and swap. Until the swap nobody sees any of it.

        However it ends, what was done is there for the next run to go on from. Raises `ViewFailed`, `UnreadablePage`,
        `Overtaken`, `Stopped`, `DatabaseUnavailable`; `DatabaseUnusable` where the swap is in somebody's way.
        """
        with closing(self._frame):
            self._begin()
            self._fill(progress)
            self._furnish()
            self._keep_up()
            same = {view: self._compare(view) for view in self._at}
            position = self._swap()
        equal, different, new = (
            tuple(view.name for view, found in same.items() if found is wanted) for wanted in (True, False, None)
        )
        return RebuildReport(position, equal, different, new)

    def _begin(self) -> None:
        """Each where it was broken off, or at the first event."""
        with self._tables.database.reading() as transaction:
            begun = buildings(transaction)
        self._at = {view: begun[view.name] for view in self._views if view.name in begun}
        for view in self._views:
            if view not in self._at:
                with _blamed(view), self._tables.writing() as transaction:
                    self._at[view] = begin(transaction, view, latest(transaction) + 1, int(time()))

    def _fill(self, progress: Progress | None) -> None:
        """Until there are no more events, as fast as can be."""
        bare = [view for view, at in self._at.items() if not at.steps]
        while bare and (part := self._next(bare)):
            self._take(part, statements.fill)
            if progress:
                progress(part.reached, max(part.reached, self._pages.head))

    def _furnish(self) -> None:
        for view, at in self._at.items():
            for nth, step in enumerate(finishing(view, at.generation, self._tables.database.dialect)):
                if nth >= at.steps:
                    self._require_time()
                    with _blamed(view), self._tables.writing() as transaction:
                        self._step(transaction, view, step)

    def _step(self, transaction: Transaction, view: View, step: str) -> None:
        self._note(transaction, view, steps=self._at[view].steps + 1)
        if step:
            transaction.execute(step)
        else:
            for table in tables_of(view, self._at[view].generation):
                transaction.analyze(table)

    def _keep_up(self) -> None:
        """Merge what has come meanwhile."""
        head = self._pages.head
        while part := self._next(self._at, head):
            self._take(part, statements.merge)

    def _compare(self, view: View) -> bool | None:
        """Whether it says what the one in use says, both at one position; None where there is nothing to compare.

        Both are read as they stood then, so that whoever follows can go on.
        """
        while (old := self._in_use(view)) and (part := self._part([view], old.position, self._at[view].position)):
            self._tables.advance(old.position, part.reached, part.changes)
        with self._tables.database.reading() as then:
            old = _alike(then, view)
            while old and (part := self._part([view], self._at[view].position, old.position)):
                self._take(part, statements.merge)
            with self._tables.database.reading() as now:
                new = self._at[view]
                return None if old is None else digest(then, view, old.generation) == digest(now, view, new.generation)

    def _in_use(self, view: View) -> Stand | None:
        with self._tables.database.reading() as transaction:
            return _alike(transaction, view)

    def _swap(self) -> int:
        """All at once, when they have all there is; gives the position."""
        for turn in range(TURNS):
            if turn:
                sleep(PAUSE)
            with self._tables.writing() as transaction:
                head = self._pages.head
                while part := self._next(self._at, head):
                    self._write(transaction, part, statements.merge)
                if transaction.alone(lambda: self._change_places(transaction)):
                    tell(transaction, self._tables.views)
                    return head
        raise DatabaseUnusable(OCCUPIED)

    def _change_places(self, transaction: Transaction) -> None:
        """The names mean the new ones now; the old ones stay for whoever reads them still."""
        shown = registry(transaction)
        for view, at in self._at.items():
            for statement in statements.show(view, at.generation, transaction.dialect):
                transaction.execute(statement)
            if old := shown.get(view.name):
                replace(transaction, Replaced(view.name, old.generation, old.position, int(time())))
            stand(transaction, view, Stand(at.definition, at.generation, at.position))
            end(transaction, view.name)

    def _next(self, views: Collection[View], stop: int | None = None) -> Part | None:
        """A page for those furthest behind."""
        start, *others = sorted({self._at[view].position for view in views})
        behind = [view for view in views if self._at[view].position == start]
        return self._part(behind, start, min([*others[:1], *([] if stop is None else [stop])], default=None))

    def _part(self, views: Sequence[View], start: int, stop: int | None) -> Part | None:
        """What a page brings, to `stop` inclusive; None where there are no events."""
        self._require_time()
        if (stop is not None and stop <= start) or (page := self._pages.read(start, PAGE, stop)) is None:
            return None
        self._frame.load(page.rows)
        changes: dict[View, Rows] = {}
        for view in views:
            with _blamed(view):
                changes[view] = self._frame.changes(view)
        return Part(page.reached, changes)

    def _take(self, part: Part, how: Writing) -> None:
        """A transaction for each view: whoever follows has a turn in between."""
        for view, rows in part.changes.items():
            with _blamed(view), self._tables.writing() as transaction:
                self._write(transaction, Part(part.reached, {view: rows}), how)

    def _write(self, transaction: Transaction, part: Part, how: Writing) -> None:
        events = max(part.reached, self._pages.head)
        for view, rows in part.changes.items():
            self._note(transaction, view, position=part.reached, events=events)
            self._tables.put(transaction, view, self._at[view].generation, rows, how)

    def _note(self, transaction: Transaction, view: View, **changes: Any) -> None:
        """First of all: whoever was overtaken is to do nothing."""
        before = self._at[view]
        self._at[view] = before._replace(touched=int(time()), **changes)
        note(transaction, view.name, before, self._at[view])

    def _require_time(self) -> None:
        if self._ended():
            raise Stopped


@contextmanager
def _blamed(view: View) -> Iterator[None]:
    """Tell what goes wrong with one view from what would with any."""
    try:
        yield
    except (DatabaseUnavailable, Overtaken):
        raise
    except Exception as error:
        raise ViewFailed(view, type(error).__name__) from error


def _alike(transaction: Transaction, view: View) -> Stand | None:
    """The one in use, if it says anything by the same definition."""
    old = registry(transaction).get(view.name)
    return old if old and old.position and old.definition == view.definition() else None


def digest(transaction: Transaction, view: View, generation: int) -> str:
    """SHA-256 over all that a view says."""
    found = hashlib.sha256()
    rows = map(tuple, transaction.stream(statements.rows(view, generation)))
    while some := list(islice(rows, COMPARED)):
        found.update(orjson.dumps(some))
    return found.hexdigest()
