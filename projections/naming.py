"""What the name of a view means to a reader: the tables that the reader's own snapshot knows of, and no newer ones."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from projections.database import DatabaseUnavailable, Transaction
from projections.generations import Building, buildings
from projections.statements import PARTS, View

QUOTED = re.compile('"([^"]+)"')


class Underway(NamedTuple):
    """A view that is being built: how many events it has taken in, and of how many."""

    name: str
    done: int
    events: int
    shown: bool
    """Whether an earlier generation of it can be read meanwhile."""

    @property
    def told(self) -> str:
        """In Chinese."""
        come = f"共{self.events}条事件，已汇总{self.done}条" if self.events else "还没有开始汇总"
        return f"视图 {self.name} 正在{'重建' if self.shown else '建立'}：{come}"


class ViewUnderway(DatabaseUnavailable):
    """A view was asked that cannot be read yet. Says so, and how far it is."""

    def __init__(self, view: Underway) -> None:
        super().__init__(view.told)
        self.view = view


class Naming:
    """Puts tables for the names of views, as of one snapshot: `shown` says which generation each name means in it."""

    def __init__(self, transaction: Transaction, shown: Mapping[str, int], views: Collection[View]) -> None:
        self._transaction = transaction
        self._meant = {f"{name}{part}": f'"{name}~{at}{part}"' for name, at in shown.items() for part in PARTS}
        self._missing = {f"{view.name}{part}": view for view in views if view.name not in shown for part in PARTS}

    def __call__(self, statement: str) -> str:
        """Raises `ViewUnderway` for a statement about a view that is none yet."""
        return QUOTED.sub(self._table, statement)

    def _table(self, quoted: re.Match[str]) -> str:
        name = quoted[1]
        if name in self._missing:
            view = self._missing[name]
            self._missing = {}  # the next question is about how far it is
            raise ViewUnderway(underway(buildings(self._transaction).get(view.name), view, shown=False))
        return self._meant.get(name, quoted[0])


def underway(building: Building | None, view: View, *, shown: bool) -> Underway:
    """How far a view is; one that nobody has begun is nowhere."""
    done, events = (building.position, building.events) if building else (0, 0)
    return Underway(view.name, done, events, shown)
