"""Views made again from the first event, beside those in use; compared with them, and put in their place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass

from projections import statements
from projections.database import DatabaseUnusable, Dialect, Transaction
from projections.frame import Frame
from projections.pages import Page, Pages
from projections.statements import PARTS, View
from projections.tables import Stand, Tables, Writing, discard, latest, registry, stand, tell

PAGE = 10_000
Progress = Callable[[int, int], None]
"""Told how many events are done, and how many there are."""
Generations = Mapping[View, int]
RUNNING = "另一个重建正在进行，请等它完成后再重建。"
Statements = Callable[[View, int, Dialect], Iterator[str]]


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


class Rebuilding:
    """One rebuild. With those who read or write the views meanwhile it shares nothing but the database."""

    def __init__(self, pages: Pages, tables: Tables) -> None:
        self._pages, self._tables = pages, tables
        self._frame = Frame()
        self._fresh: Generations = {}
        self._begun = 0

    def run(self, progress: Progress | None = None) -> RebuildReport:
        """Fill, furnish, compare and swap. Until the swap nobody sees any of it.

        Raises `DatabaseUnusable` while another rebuild runs.
        """
        right = self._tables.database.rebuilding()
        with closing(self._frame), ExitStack() as until_the_end:
            until_the_end.callback(right.release)
            if not right.take():
                raise DatabaseUnusable(RUNNING)
            with self._tables.writing() as transaction:
                self._begin(transaction)
            reached = self._fill(progress)
            with self._tables.writing() as transaction:
                self._each(transaction, statements.furnish)
                for view, generation in self._fresh.items():
                    for part in PARTS if view.counted else PARTS[:1]:
                        transaction.analyze(f"{statements.table(view, generation)}{part}")
            with self._tables.writing() as transaction:
                return self._swap(transaction, reached)

    def _begin(self, transaction: Transaction) -> None:
        """Empty tables beside those in use; what a broken rebuild left is thrown away."""
        self._begun = self._pages.head
        self._fresh = dict.fromkeys(self._tables.views, latest(transaction) + 1)
        discard(transaction, self._tables.views)
        for view, generation in self._fresh.items():
            transaction.execute(statements.create(view, generation, transaction.dialect))

    def _fill(self, progress: Progress | None) -> int:
        reached = 0
        for page in self._pages_after(0):
            with self._tables.writing() as transaction:
                self._put(transaction, self._fresh, page, statements.fill)
            reached = page.reached
            if progress:
                progress(reached, max(reached, self._pages.head))
        return reached

    def _swap(self, transaction: Transaction, reached: int) -> RebuildReport:
        """What came meanwhile goes into both; they are compared; the new ones take the names over."""
        head, stands = self._pages.head, registry(transaction)
        self._follow(transaction, self._fresh, reached, head)
        equal: list[str] = []
        different: list[str] = []
        new: list[str] = []
        for view, generation in self._fresh.items():
            old = stands.get(view.name)
            if old is None or old.position == 0 or old.definition != view.definition():
                new.append(view.name)
                continue
            self._follow(transaction, {view: old.generation}, old.position, head)
            same = _digest(transaction, view, old.generation) == _digest(transaction, view, generation)
            (equal if same else different).append(view.name)
        transaction.alone(lambda: self._change_places(transaction, head))
        tell(transaction, self._tables.views)
        return RebuildReport(head, tuple(equal), tuple(different), tuple(new))

    def _change_places(self, transaction: Transaction, head: int) -> None:
        """What another version keeps stays; its views that nobody moved while all this was done go."""
        self._each(transaction, statements.show)
        for view, generation in self._fresh.items():
            stand(transaction, view, Stand(view.definition(), generation, head))
        discard(transaction, self._tables.views, self._begun)

    def _follow(self, transaction: Transaction, views: Generations, start: int, stop: int) -> None:
        for page in self._pages_after(start, stop):
            self._put(transaction, views, page, statements.merge)

    def _put(self, transaction: Transaction, views: Generations, page: Page, how: Writing) -> None:
        self._frame.load(page.rows)
        for view, generation in views.items():
            self._tables.put(transaction, view, generation, self._frame.changes(view), how)

    def _pages_after(self, position: int, stop: int | None = None) -> Iterator[Page]:
        while page := self._pages.read(position, PAGE, stop):
            yield page
            position = page.reached

    def _each(self, transaction: Transaction, statements_of: Statements) -> None:
        for view, generation in self._fresh.items():
            for statement in statements_of(view, generation, transaction.dialect):
                transaction.execute(statement)


def _digest(transaction: Transaction, view: View, generation: int) -> str:
    """SHA-256 over all that a view says."""
    found = hashlib.sha256()
    for row in transaction.stream(statements.rows(view, generation)):
        found.update(repr(tuple(row)).encode())
    return found.hexdigest()
