"""Which cases a reader may see. Every query function asks for one, so that none can be forgotten."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from domain.territory import Level
from projections.reading import Where


@dataclass(frozen=True, slots=True)
class Scope:
    """Every case, or those that lie under one node of the tree.

    A store serves one city at most and a place is written from its district down, so a city is everything.
    """

    node: str = ""
    level: Level = Level.CITY

    @classmethod
    def all(cls) -> Self:
        return cls()

    @classmethod
    def of(cls, node_id: str, level: Level) -> Self:
        return cls(node_id, level)

    def narrow(self, where: Where, columns: Collection[str]) -> None:
        """Let nothing through but what may be seen: nothing at all where a view does not know the level."""
        if self.level is Level.CITY:
            return
        if self.level.value in columns:
            where.equal(self.level.value, self.node)
        else:
            where.add("false")
