"""值班表: who is to be called at which hour, for which part of the territory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property

from domain.model import Code, Instant, Model


class Shift(Model):
    """Somebody on duty for a node, from `starts` until `ends` (no longer at that very instant)."""

    node: Code
    staff: Code
    starts: Instant
    ends: Instant


class Roster(Model):
    """The shifts in force and to come, by the order in which they were assigned."""

    shifts: tuple[Shift, ...] = ()

    def on_duty(self, nodes: Iterable[str], at: datetime) -> tuple[str, ...]:
        """Who is on duty for the nearest of these nodes, given from below, that somebody is on duty for."""
        for node in nodes:
            of_node = self._by_node.get(node, ())
            if called := tuple(shift.staff for shift in of_node if shift.starts <= at < shift.ends):
                return called
        return ()

    @cached_property
    def _by_node(self) -> dict[str, list[Shift]]:
        found: dict[str, list[Shift]] = {}
        for shift in self.shifts:
            found.setdefault(shift.node, []).append(shift)
        return found
