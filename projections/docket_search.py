"""How a page of the docket is found and its cases are counted: by an index, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from domain.clocks import Light
from domain.incident.words import OPEN, Stage
from domain.territory import Level
from projections import lights
from projections.database import Row, Transaction
from projections.docket_query import BY_DUE, DocketQuery
from projections.docket_rows import LIT, NARROW, WIDE, Docket
from projections.frame import PATH
from projections.lights import URGENT_FIRST, light_of
from projections.reading import Where, microseconds
from projections.scope import Scope

COUNTED_UP_TO = 10_000
SORTED_UP_TO = {"reported_at": 2_000, "updated_at": 500}
"""Up to how many cases of one light are sorted: looking up when each was last updated takes longer. Of more, a page is
soon met by going through the open cases in order."""
COUNTED = frozenset({*Docket.counted, Level.CITY.value})


class Part(NamedTuple):
    """One stretch of the list: where its cases are found, each arm by an index of its own, and their order."""

    arms: list[Where]
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """One question to the docket, at one moment (`now`, in microseconds).

    `scopes` are what the reader may see, and what they ask about.
    """

    transaction: Transaction
    scopes: tuple[Scope, Scope]
    query: DocketQuery
    now: int

    def count(self) -> tuple[int, bool]:
        """How many there are, and whether counting stopped: never where the counts kept can tell."""
        if self._asked <= COUNTED and not self.query.light:
            where = self._where(self._anchor)
            kept = f'SELECT CAST(coalesce(sum(n), 0) AS BIGINT) FROM "{Docket.name} counted" WHERE {where}'
            [[count]] = self.transaction.execute(kept, where.values)
            return count, False
        arms = self._lit() if self.query.light else [self._listed(self._anchor)]
        found, values = _united("1", arms)
        [[count]] = self.transaction.execute(
            f"SELECT count(*) FROM ({found} LIMIT ?) AS found", (*values, COUNTED_UP_TO + 1)
        )
        return min(count, COUNTED_UP_TO), count > COUNTED_UP_TO

    def page(self, after: tuple[int, ...], count: int) -> list[Row]:
        """The rows after that place, as many as asked for and one more, of a list of so many (or more, from 10,000)."""
        found: list[Row] = []
        for part in self._parts(after, count <= SORTED_UP_TO.get(self.query.order[0], 0)):
            found += self._rows(part, self.query.limit + 1 - len(found))
            if len(found) > self.query.limit:
                break
        return found

    def place(self, row: Row) -> tuple[int, ...]:
        """Where a row stands in the order asked for; the next page begins beyond."""
        light = light_of(row["due_at"], row["yellow_at"], row["undetermined"], self.now)
        turn = (*self._in_turn, None).index(light)
        return tuple(turn if column == "light" else row[column] for column in self.query.order)

    def _parts(self, after: tuple[int, ...], few: bool) -> Iterator[Part]:
        """The list in stretches, one beginning where the other ends."""
        match self.query.order[0]:
            case "light":
                yield from self._by_light(after)
            case "due_at":
                yield from self._by_due_time(after)
            case _:
                yield Part(self._by_time(after, few), self.query.order)

    def _by_light(self, after: tuple[int, ...]) -> Iterator[Part]:
        """One light after the other, each by due time; then what has none, in order of report."""
        reached, *beyond = after or (0,)
        for turn, light in enumerate(self._in_turn):
            if turn >= reached and light in (self.query.lights or URGENT_FIRST) and self._any_open:
                alone = self.query.model_copy(
                    update={"light": (light,), "sort": "-due_at" if self._backward else "due_at"}
                )
                yield from replace(self, query=alone)._by_due_time(tuple(beyond) if turn == reached else ())
        if not self.query.light:
            yield self._not_due(tuple(beyond) if reached == len(self._in_turn) else (), "undetermined = 0")

    def _by_due_time(self, after: tuple[int, ...]) -> Iterator[Part]:
        """What is due, then what is not, in order of report."""
        in_time = not after or after[0] > 0
        if in_time and self._any_open:
            yield Part(self._due(after), BY_DUE)
        if not self.query.light or Light.UNDETERMINED in self.query.light:
            yield self._not_due(() if in_time else after)

    def _not_due(self, after: tuple[int, ...], term: str = "true") -> Part:
        """What has no due time, beyond a place in order of due time."""
        arms = self._undetermined() if self._wide and self.query.light else [self._lit_or_not()]
        for arm in arms:
            arm.add(f"due_at = 0 AND {term}")
        order = BY_DUE[1:]
        return Part([self._beyond(arm, order, after[1:]) for arm in arms], order)

    def _by_time(self, after: tuple[int, ...], few: bool) -> list[Where]:
        """What is listed by the time of report or of the last update, beyond a place in that order."""
        anchor, order = self._anchor, self.query.order
        if self.query.light and (few or not self._wide):
            free = tuple(f"+{column}" for column in order) if self._wide else order
            return [self._beyond(arm, free, after) for arm in self._lit()]
        if self._wide and ("updated_at" in order or (self.query.light and anchor not in LIT)):
            anchor = order[0]
        return [self._beyond(self._showing(self._listed(anchor), *self.query.lights), order, after)]

    def _lit(self) -> list[Where]:
        """What shows a light asked for."""
        return [*self._by_margin(), *self._undetermined()] if self._wide else [self._lit_or_not()]

    def _due(self, after: tuple[int, ...]) -> list[Where]:
        """What is due, and shows a light asked for if any is, beyond a place in order of due time."""
        found = self._by_margin(after) if self._wide else []
        others = self._undetermined() if self._wide else [self._lit_or_not()]
        for arm in others:
            arm.add("+due_at > 0" if after else "due_at > 0")
        return [*found, *(self._beyond(arm, BY_DUE, after) for arm in others)]

    def _lit_or_not(self) -> Where:
        """What shows a light asked for, or everything if none is, by the index of the anchor."""
        return self._showing(self._listed(self._anchor), *self.query.lights)

    def _undetermined(self) -> list[Where]:
        """What is undetermined, if asked for."""
        if Light.UNDETERMINED not in self.query.light:
            return []
        where = self._where("undetermined")
        where.add("undetermined = 1")
        return [self._showing(where, Light.UNDETERMINED)]

    def _by_margin(self, after: tuple[int, ...] = ()) -> list[Where]:
        """What is due and shows one of the other lights asked for, or is due if none is."""
        if not self.query.light:
            return [self._within(bounds, after) for bounds in lights.bounds(None, self.now)]
        return [
            self._showing(self._within(bounds, after), light)
            for light in self.query.lights
            if light is not Light.UNDETERMINED
            for bounds in lights.bounds(light, self.now)
        ]

    def _within(self, bounds: lights.Bounds, after: tuple[int, ...] = ()) -> Where:
        """One margin, between due times. Of two bounds on a side SQLite hears the narrower, lest it go by the other."""
        where = self._where(self._anchor if self._anchor in LIT else "margin")
        where.add("due_at <> 0 AND margin = ?", bounds.margin)
        lower, upper = bounds.after, bounds.before
        if after and not self._backward and (lower is None or lower < after[0]):
            lower = None
            self._beyond(where, BY_DUE, after)
        if after and self._backward and (upper is None or upper > after[0]):
            upper = None
            self._beyond(where, BY_DUE, after)
        if lower is not None:
            where.add("due_at > ?", lower)
        if upper is not None:
            where.add("due_at < ?", upper)
        return where

    def _beyond(self, where: Where, order: tuple[str, ...], after: tuple[int, ...]) -> Where:
        if after:
            beyond = "<" if self._backward else ">"
            where.add(f"({', '.join(order)}) {beyond} ({', '.join('?' * len(after))})", *after)
        return where

    def _rows(self, part: Part, limit: int) -> list[Row]:
        """So many rows of a part, in order."""
        direction = "DESC" if self._backward else "ASC"
        order = ", ".join(f"{column} {direction}" for column in part.order)
        each = f" ORDER BY {order} LIMIT {limit}" if len(part.arms) > 1 and not self.transaction.dialect.merges else ""
        listed, values = _united(", ".join(dict.fromkeys(("opened", *part.order))), part.arms, each)
        page = f"SELECT opened FROM ({listed} ORDER BY {order} LIMIT ?) AS listed"
        found = self.transaction.execute(f'SELECT * FROM "{Docket.name}" WHERE opened IN ({page})', (*values, limit))
        rows: list[Row] = found.fetchall()
        return sorted(rows, key=lambda row: [row[column] for column in part.order], reverse=self._backward)

    def _where(self, index: str) -> Where:
        """What is asked for, light and openness apart, to be found by the index of one column."""
        where = Where(index)
        for scope in self.scopes:
            scope.narrow(where, PATH)
        for column, value in self.query.equal.items():
            where.equal(column, value)
        if self.query.reported_from:
            where.add("reported_at >= ?", microseconds(self.query.reported_from))
        if self.query.reported_to:
            where.add("reported_at < ?", microseconds(self.query.reported_to))
        wanted = self.query.stages
        if wanted < frozenset(Stage):
            where.add(f"stage IN ({','.join('?' * len(wanted))})" if wanted else "false", *sorted(wanted))
        return where

    def _listed(self, index: str) -> Where:
        """The same; the index of open cases may be used where no other is wanted: said in its own words."""
        where = self._where(index)
        if self.query.light or self.query.stages <= OPEN:
            where.add("open = 1")
        return where

    def _showing(self, where: Where, *asked: Light) -> Where:
        if asked:
            lights.require(where, asked, self.now)
        return where

    @property
    def _in_turn(self) -> tuple[Light, ...]:
        """The lights in the order of the list."""
        return URGENT_FIRST[::-1] if self._backward else URGENT_FIRST

    @property
    def _any_open(self) -> bool:
        """Whether anything asked for can be due: no clock runs for a closed case."""
        return bool(self.query.stages & OPEN)

    @property
    def _backward(self) -> bool:
        return self.query.sort.startswith("-")

    @property
    def _wide(self) -> bool:
        """Whether there may be too many open cases to sort."""
        return self._anchor not in NARROW

    @property
    def _anchor(self) -> str:
        """The narrowest of the columns asked about that has an index of its own."""
        return next((anchor for anchor in (*NARROW, *WIDE) if anchor in self._asked), "reported_at")

    @property
    def _asked(self) -> set[str]:
        """The columns asked about besides stage, openness and light."""
        ranges = {"reported_at"} if self.query.reported_from or self.query.reported_to else set()
        return {*self.query.equal, *ranges, *(scope.level for scope in self.scopes)}


def _united(columns: str, arms: Sequence[Where], each: str = "") -> tuple[str, list[Any]]:
    """What any of the arms finds, of `each` so much; no case is found by two of them."""
    selects = [f'SELECT {columns} FROM "{Docket.name}" WHERE {arm}{each}' for arm in arms]
    if each:
        selects = [f"SELECT * FROM ({select}) AS arm" for select in selects]
    return " UNION ALL ".join(selects), [value for arm in arms for value in arm.values]
