"""How a page of the docket is found and its cases are counted: by an index, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain.clocks import Light
from domain.incident.words import OPEN
from projections import lights
from projections.database import Row
from projections.docket_asked import Asked
from projections.docket_query import BY_DUE
from projections.docket_rows import LIT, NARROW, Docket
from projections.lights import URGENT_FIRST, light_of
from projections.reading import Where

COUNTED_UP_TO = 10_000
SORTED_UP_TO = 5_000
"""Up to how many cases are all looked up and sorted. Of more, a page is soon met by going through the list in order."""


class Part(NamedTuple):
    """One stretch of the list: where its cases are found, each arm by an index of its own, and their order."""

    arms: list[Where]
    order: tuple[str, ...]
    sorted: bool = False
    """Whether to find all and sort them; else they are met in order."""


@dataclass(frozen=True, slots=True)
class Search:
    """The answer to one question: how many there are, and a page of them."""

    asked: Asked

    def count(self) -> tuple[int, bool]:
        """How many there are, and whether counting stopped: never where the counts kept can tell."""
        if self.asked.count is not None:
            return self.asked.count, False
        found, values = _united("1", self._found())
        [[count]] = self.asked.transaction.execute(
            f"SELECT count(*) FROM ({found} LIMIT ?) AS found", (*values, COUNTED_UP_TO + 1)
        )
        return min(count, COUNTED_UP_TO), count > COUNTED_UP_TO

    def page(self, after: tuple[int, ...], count: int) -> list[Row]:
        """The rows after that place, as many as asked for and one more, of a list of so many (or more, from 10,000)."""
        limit, found = self.asked.query.limit, list[Row]()
        for part in self._parts(after, self._is_few(count)) if count else ():
            found += self._rows(part, limit + 1 - len(found))
            if len(found) > limit:
                break
        return found

    def place(self, row: Row) -> tuple[int, ...]:
        """Where a row stands in the order asked for; the next page begins beyond."""
        light = light_of(row["due_at"], row["yellow_at"], row["undetermined"], self.asked.now)
        turn = (*self._in_turn, None).index(light)
        return tuple(turn if column == "light" else row[column] for column in self.asked.query.order)

    def _is_few(self, count: int) -> bool:
        """Whether to sort them: else some `limit × passed / count` cases are passed by until the page is full."""
        sizes = self.asked.sizes
        passed = sizes.get(self.asked.anchor, sizes["reported_at"]) if self._goes_by_anchor else sizes["reported_at"]
        return count <= SORTED_UP_TO and count * count <= self.asked.query.limit * passed

    def _parts(self, after: tuple[int, ...], few: bool) -> Iterator[Part]:
        """The list in stretches, one beginning where the other ends."""
        match self.asked.query.order[0]:
            case "light":
                yield from self._by_light(after, few)
            case "due_at":
                yield from self._by_due_time(after, few)
            case _:
                yield self._by_time(after, few)

    def _by_light(self, after: tuple[int, ...], few: bool) -> Iterator[Part]:
        """One light after the other, each by due time; then what has none, in order of report."""
        query = self.asked.query
        reached, *beyond = after or (0,)
        for turn, light in enumerate(self._in_turn):
            if turn >= reached and light in (query.lights or URGENT_FIRST) and self._any_open:
                alone = Search(self.asked.showing(light, "-due_at" if self._backward else "due_at"))
                yield from alone._by_due_time(tuple(beyond) if turn == reached else (), few)
        if not query.light:
            yield self._not_due(tuple(beyond) if reached == len(self._in_turn) else (), few, "undetermined = 0")

    def _by_due_time(self, after: tuple[int, ...], few: bool) -> Iterator[Part]:
        """What is due, then what is not, in order of report."""
        in_time = not after or after[0] > 0
        if in_time and self._any_open:
            yield self._due(after, few)
        if not self.asked.query.light or Light.UNDETERMINED in self.asked.query.light:
            yield self._not_due(() if in_time else after, few)

    def _not_due(self, after: tuple[int, ...], few: bool, term: str = "true") -> Part:
        """What has no due time, beyond a place in order of due time."""
        if few:
            arms = self._found()
        else:
            arms = self._undetermined() if self._wide and self.asked.query.light else [self._lit_or_not()]
        for arm in arms:
            arm.add(f"due_at = 0 AND {term}")
        return self._part(arms, BY_DUE[1:], after[1:], few)

    def _by_time(self, after: tuple[int, ...], few: bool) -> Part:
        """What is listed by the time of report or of the last update, beyond a place in that order."""
        anchor, query = self.asked.anchor, self.asked.query
        if few:
            return self._part(self._found(), query.order, after, few)
        if not self._goes_by_anchor or (query.light and anchor not in LIT):
            anchor = query.order[0]
        return self._part([self._showing(self.asked.listed(anchor), *query.lights)], query.order, after)

    def _found(self) -> list[Where]:
        """All that is asked for, in no order."""
        finder = self.asked.finder
        if self.asked.query.light and self._wide and finder.size > SORTED_UP_TO:
            return self._lit()
        return [self._showing(self.asked.listed(finder.column), *self.asked.query.lights)]

    def _lit(self) -> list[Where]:
        """What shows a light asked for."""
        return [*self._by_margin(), *self._undetermined()] if self._wide else [self._lit_or_not()]

    def _due(self, after: tuple[int, ...], few: bool) -> Part:
        """What is due, and shows a light asked for if any is, beyond a place in order of due time."""
        running = Search(self.asked.running)
        if few:
            found = running._found()
            for arm in found:
                arm.add("+due_at > 0")
            return self._part(found, BY_DUE, after, few)
        found = self._by_margin(after) if self._wide else []
        others = self._undetermined() if self._wide else [running._lit_or_not()]
        for arm in others:
            arm.add("+due_at > 0" if after else "due_at > 0")
        return Part([*found, *(self._beyond(arm, BY_DUE, after) for arm in others)], BY_DUE)

    def _lit_or_not(self) -> Where:
        """What shows a light asked for, or everything if none is, by the index of the anchor."""
        return self._showing(self.asked.listed(self.asked.anchor), *self.asked.query.lights)

    def _undetermined(self) -> list[Where]:
        """What is undetermined, if asked for."""
        if Light.UNDETERMINED not in self.asked.query.light:
            return []
        where = self.asked.by("undetermined")
        where.add("undetermined = 1")
        return [self._showing(where, Light.UNDETERMINED)]

    def _by_margin(self, after: tuple[int, ...] = ()) -> list[Where]:
        """What is due and shows one of the other lights asked for, or is due if none is."""
        query, now = self.asked.query, self.asked.now
        if not query.light:
            return [self._within(bounds, after) for bounds in lights.bounds(None, now)]
        return [
            self._showing(self._within(bounds, after), light)
            for light in query.lights
            if light is not Light.UNDETERMINED
            for bounds in lights.bounds(light, now)
        ]

    def _within(self, bounds: lights.Bounds, after: tuple[int, ...] = ()) -> Where:
        """One margin, between due times. Of two bounds on a side SQLite hears the narrower, lest it go by the other."""
        where = self.asked.by(self.asked.anchor if self.asked.anchor in LIT else "margin")
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

    def _part(self, arms: list[Where], order: tuple[str, ...], after: tuple[int, ...], few: bool = False) -> Part:
        """What these arms find beyond a place in that order."""
        columns = tuple(map(unordered, order)) if few else order
        return Part([self._beyond(arm, columns, after) for arm in arms], order, few)

    def _beyond(self, where: Where, order: tuple[str, ...], after: tuple[int, ...]) -> Where:
        if after:
            beyond = "<" if self._backward else ">"
            where.add(f"({', '.join(order)}) {beyond} ({', '.join('?' * len(after))})", *after)
        return where

    def _rows(self, part: Part, limit: int) -> list[Row]:
        """So many rows of a part, in order."""
        transaction, direction = self.asked.transaction, "DESC" if self._backward else "ASC"
        columns = map(unordered, part.order) if part.sorted else part.order
        order = ", ".join(f"{column} {direction}" for column in columns)
        met = len(part.arms) > 1 and not part.sorted and not transaction.dialect.merges
        each = f" ORDER BY {order} LIMIT {limit}" if met else ""
        listed, values = _united(", ".join(dict.fromkeys(("opened", *part.order))), part.arms, each)
        listed = f"SELECT opened FROM ({listed}) AS listed" if part.sorted else listed
        page = f"SELECT opened FROM ({listed} ORDER BY {order} LIMIT ?) AS page"
        found = transaction.execute(f'SELECT * FROM "{Docket.name}" WHERE opened IN ({page})', (*values, limit))
        rows: list[Row] = found.fetchall()
        return sorted(rows, key=lambda row: [row[column] for column in part.order], reverse=self._backward)

    def _showing(self, where: Where, *asked: Light) -> Where:
        if asked:
            lights.require(where, asked, self.asked.now)
        return where

    @property
    def _in_turn(self) -> tuple[Light, ...]:
        """The lights in the order of the list."""
        return URGENT_FIRST[::-1] if self._backward else URGENT_FIRST

    @property
    def _any_open(self) -> bool:
        """Whether anything asked for can be due: no clock runs for a closed case."""
        return bool(self.asked.query.stages & OPEN)

    @property
    def _backward(self) -> bool:
        return self.asked.query.sort.startswith("-")

    @property
    def _goes_by_anchor(self) -> bool:
        """Whether the index of the anchor is in the order asked for: none is in that of the last update."""
        return self.asked.query.order[0] != "updated_at"

    @property
    def _wide(self) -> bool:
        """Whether there may be too many open cases to sort."""
        return self.asked.anchor not in NARROW


def unordered(column: str) -> str:
    """A column as an expression that no index is in order of."""
    return f"{column} + 0"


def _united(columns: str, arms: Sequence[Where], each: str = "") -> tuple[str, list[Any]]:
    """What any of the arms finds, of `each` so much; no case is found by two of them."""
    selects = [f'SELECT {columns} FROM "{Docket.name}" WHERE {arm}{each}' for arm in arms]
    if each:
        selects = [f"SELECT * FROM ({select}) AS arm" for select in selects]
    return " UNION ALL ".join(selects), [value for arm in arms for value in arm.values]
