"""Rolling up to any level of the tree: as it was drawn when things happened, or as it is drawn now.

Views keep every event under the place it was stored with. *Then* is that place. *Now* is that place
mapped through the registry in force, which only ever moves a row to another place: no drawing loses or
doubles anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from pydantic import Field

from domain.incident.words import Kind
from domain.model import Code, Model
from domain.territory import Level, Place, Territory
from projections.database import Transaction
from projections.frame_columns import PATH
from projections.projection import Projection
from projections.reading import Where
from projections.scope import Scope

LevelName = Literal["building", "grid", "estate", "community", "street", "district", "city"]
"""The levels that rows can be about."""
LEVELS = frozenset(get_args(LevelName))
BELOW_COMMUNITY = frozenset({"building", "grid", "estate"})
WAS, IS = [f"was_{level}" for level in PATH], [f"is_{level}" for level in PATH]
KINDS = {kind.value: kind.label for kind in Kind}


class RollUpQuery(Model):
    """统计的范围：不填的不限。日期为上海当地日期，首尾都算。"""

    territory: Code | None = Field(default=None, description="市、区、街道、社区、小区、网格或楼栋的编号")
    from_day: date | None = Field(default=None, description="从哪一天起")
    to_day: date | None = Field(default=None, description="到哪一天止")
    drawn: Literal["then", "now"] = Field(
        default="then", description="辖区按当时的划分（then），还是一律按现在的划分（now）；筛选和分列用同一种划分"
    )


class RollUpRow(Model):
    """统计的一行说的是谁、哪里、什么时候。"""

    key: str | None = Field(description="编号、性质，或日、周（周一）、月")
    name: str | None = Field(description="辖区、经办人、单位的现名，或性质；没有编号的一行是其社区的现名")
    community: str | None = Field(description="楼栋、网格或小区未知的一行所在的社区；其余的行没有")
    suppressed: bool = Field(default=False, description="敏感群体的件数为 1 或 2 的不公布：这一行有数字因此空着")


@dataclass(frozen=True, slots=True)
class Source:
    """What to select from: SQL to stand after FROM, with a column for every level, and the values bound in it."""

    sql: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The tree in force, and whether rows are shown where it has them or where they were stored."""

    territory: Territory
    now: bool

    def under(self, node: str | None) -> Scope:
        """What lies under a node: everything where none is named, nothing where the tree never had it."""
        level = self.territory.level(node)
        return Scope.all() if node is None else Scope.of(node, level or Level.BUILDING)

    def about(self, key: str | None, community: str) -> dict[str, str | None]:
        """What a row's key means to people."""
        called = key or community
        name = self.territory.names.get(called) or KINDS.get(called)
        return {"key": key or None, "name": name, "community": community or None}

    def above(self, row: RollUpRow) -> Iterator[str]:
        """The places, as they are now, whose totals a row is part of; '' for that of all there is."""
        yield ""
        yield from (node.id for node in self.territory.path(row.key or row.community))

    def standing(self, level: str, *within: Scope) -> list[str]:
        """The places of a level that stand now and lie within all of these."""
        asked = {scope.node for scope in within if scope.level is not Level.CITY}
        nodes = [node for node in self.territory.nodes if node.level == level and not node.closed]
        return [node.id for node in nodes if asked <= {above.id for above in self.territory.path(node.id)}]

    def rows(self, transaction: Transaction, view: type[Projection], where: Where) -> Source:
        """The rows of a view that meet conditions on other columns than its places, each under its place as drawn.

        To be read before the same view is asked for anew.
        """
        city = next((node.id for node in self.territory.nodes if node.level is Level.CITY), "")  # one at most
        stored = f'SELECT *, ? AS city FROM "{view.name}" WHERE {where}'
        if not self.now or not self._move(transaction, view, where):
            return Source(f"({stored}) AS drawn", (city, *where.values))
        columns = [
            f"coalesce(is_{column}, {column}) AS {column}" if column in PATH else column for column in view.columns
        ]
        same = " AND ".join(f"was_{level} = {level}" for level in PATH)
        return Source(
            f"""(SELECT {", ".join(columns)}, ? AS city
                 FROM "{view.name}" LEFT JOIN "{view.name} moved" ON {same} WHERE {where}) AS drawn""",
            (city, *where.values),
        )

    def _move(self, transaction: Transaction, view: type[Projection], where: Where) -> bool:
        """List the places that are drawn otherwise now, as stored and as they are; False when there are none.

        The table lasts as long as the snapshot. It has an index because neither would always make one itself.
        """
        found = transaction.execute(f'SELECT DISTINCT {", ".join(PATH)} FROM "{view.name}" WHERE {where}', where.values)
        moved = [(*stored, *drawn) for stored in map(tuple, found) if (drawn := self._drawn(stored)) != stored]
        if moved:
            name, columns = f"{view.name} moved", zip((*PATH, *PATH), (*WAS, *IS), strict=True)
            shape = ", ".join(f"{level} AS {column}" for level, column in columns)
            transaction.load(name, f'SELECT {shape} FROM "{view.name}"', moved)
            transaction.execute(
                f'CREATE INDEX IF NOT EXISTS "{name} here" ON "{name}" ({", ".join((*reversed(WAS), *IS))})'
            )
        return bool(moved)

    def _drawn(self, stored: tuple[str, ...]) -> tuple[str, ...]:
        place = Place(**{level: node for level, node in zip(PATH, stored, strict=True) if node})
        redrawn = self.territory.redrawn(place)
        return tuple(getattr(redrawn, level) or "" for level in PATH)


def days(query: RollUpQuery, day: str = "day") -> Where:
    """The stretch of time asked about, by the column that says to which day something belongs."""
    where = Where()
    if query.from_day:
        where.add(f"{day} >= ?", query.from_day.isoformat())
    if query.to_day:
        where.add(f"{day} <= ?", query.to_day.isoformat())
    return where


def places(scope: Scope, territory: Scope) -> Where:
    """Both where the reader is responsible and where they ask about."""
    where = Where()
    for part in (scope, territory):
        part.narrow(where, PATH)
    return where


def community_of(by: str) -> str:
    """As SQL, the community to tell apart the rows without a key by."""
    return f"CASE {by} WHEN '' THEN community ELSE '' END" if by in BELOW_COMMUNITY else "''"
