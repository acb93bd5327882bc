"""Somebody who looks for people in the cases of one store, by its index."""

from __future__ import annotations

from typing import Any

from projections.engine import Views
from projections.finding import found
from projections.scope import Scope
from tests.casework.office import Process
from tests.projections.rooms import Room

Row = tuple[Any, ...]


class Finder:
    """A process of an office with the views and the index of its store; they follow when they are told to."""

    def __init__(self, process: Process, room: Room) -> None:
        self.process, self.room = process, room
        self.files = process.casework.files
        self.views = Views(self.files, room.open())

    def close(self) -> None:
        self.views.close()

    def follow(self) -> None:
        self.views.catch_up()
        self.views.index.catch_up()

    def found(self, value: str, kind: str = "name", scope: Scope | None = None) -> list[str]:
        """The cases found, by the names the office has for them, once everything is taken in."""
        self.follow()
        return self.found_now(value, kind, scope)

    def found_now(self, value: str, kind: str = "name", scope: Scope | None = None) -> list[str]:
        """The same, of what was taken in."""
        names = {id: name for name, id in self.process.office.ids.items()}
        with self.views.reading() as transaction:
            token = self.views.index.token(transaction, kind, value, self.files.store.max_notification_id())
            assert token is not None, "the index is behind"
            rows = found(transaction, scope or Scope.all(), token, self.process.office.now).items
        return [names[row.incident_id] for row in rows]

    def rows(self) -> list[Row]:
        """All that the index holds."""
        return rows_of(self.views)

    def begin_again(self) -> None:
        """The database of the views was lost."""
        with self.views._tables.writing() as transaction:
            for table in ("blind_index", "blind_index_stands"):
                transaction.execute(f"DROP TABLE {table}")


def rows_of(views: Views) -> list[Row]:
    """All that an index holds, in order."""
    with views.reading() as transaction:
        found = transaction.execute('SELECT generation, token, subject, "case" FROM blind_index')
        return sorted(tuple(row) for row in found)
