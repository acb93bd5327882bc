"""How a page of the docket is found and its cases are counted: by an index, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from sqlite3 import Connection, Row
from typing import Any, Literal, NamedTuple

from pydantic import AwareDatetime, Field

from domain.clocks import Light
from domain.incident.words import OPEN, Kind, Stage
from domain.model import Category, Code, Model
from domain.territory import Level
from projections import lights
from projections.docket_rows import LIT, NARROW, WIDE, Docket
from projections.frame import PATH
from projections.reading import Where, microseconds
from projections.scope import Scope

Sort = Literal["reported_at", "-reported_at", "updated_at", "-updated_at", "due_at", "-due_at"]
COUNTED_UP_TO = 10_000
SORTED_UP_TO = {"reported_at": 2_000, "updated_at": 500}
"""Up to how many cases of one light are sorted: looking up when each was last updated takes longer. Of more, a page is
soon met by going through the open cases in order."""
COUNTED = frozenset({*Docket.counted, Level.CITY.value})


class DocketQuery(Model):
    """台账的查询条件：不填的不限。"""

    territory: Code | None = Field(default=None, description="区、街道、社区、小区、网格或楼栋的编号")
    kind: Kind | None = Field(default=None, description="事件性质")
    stage: tuple[Stage, ...] = Field(default=(), max_length=len(Stage), description="所处阶段，可填多个")
    open: bool | None = Field(default=None, description="是否在办")
    light: Light | None = Field(
        default=None,
        description="现在亮什么灯，以最先变灯的一项时限为准：green 未过时限的 80%，yellow 过了 80%，red 已超时，"
        "undetermined 未定（工作日历尚未公布）；没有时限在走的案件没有灯",
    )
    officer: Code | None = Field(default=None, description="经办人编号")
    unit: Code | None = Field(default=None, description="首接负责单位编号")
    reported_from: AwareDatetime | None = Field(default=None, description="反映时间不早于")
    reported_to: AwareDatetime | None = Field(default=None, description="反映时间早于")
    category: Category | None = Field(default=None, description="类别：大类2位+小类2位")
    urgency: int | None = Field(default=None, ge=1, le=4, description="紧急程度：1 特急 … 4 一般")
    number: Code | None = Field(default=None, description="案号")
    sort: Sort = Field(
        default="-reported_at",
        description="按反映时间、最近更新或最先到期的时限排序，带“-”的由新到旧；没有到期时间的总排在最后",
    )
    limit: int = Field(default=50, ge=1, le=200, description="每页件数")
    cursor: str | None = Field(default=None, max_length=300, description="上一页给出的 next")

    @property
    def asked(self) -> str:
        """The query without its page: a cursor serves no other."""
        return self.model_dump_json(include=DocketQuery.model_fields.keys() - {"cursor", "limit"})

    @property
    def order(self) -> tuple[str, ...]:
        """The columns that the rows are in order of."""
        column = self.sort.removeprefix("-")
        return (column, "reported_at", "opened") if column == "due_at" else (column, "opened")

    @property
    def equal(self) -> dict[str, str | int]:
        """The columns that must have one value."""
        asked = {
            "number": self.number,
            "officer": self.officer,
            "lead": self.unit,
            "kind": self.kind,
            "category": self.category,
            "urgency": self.urgency,
        }
        return {column: value for column, value in asked.items() if value is not None}

    @property
    def stages(self) -> frozenset[Stage]:
        """The stages asked for, by name or as open or not."""
        named = frozenset(self.stage or Stage)
        if self.open is None:
            return named
        return named & OPEN if self.open else named - OPEN


class Part(NamedTuple):
    """One stretch of the list: where its cases are found, each arm by an index of its own, and their order."""

    arms: list[Where]
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """One question to the docket, at one moment (`now`, in microseconds).

    `scopes` are what the reader may see, and what they ask about.
    """

    connection: Connection
    scopes: tuple[Scope, Scope]
    query: DocketQuery
    now: int

    def count(self) -> tuple[int, bool]:
        """How many there are, and whether counting stopped: never where the counts kept can tell."""
        if self._asked <= COUNTED and self.query.light is None:
            where = self._where(self._anchor)
            kept = f'SELECT coalesce(sum(n), 0) FROM "{Docket.name} counted" WHERE {where}'
            [[count]] = self.connection.execute(kept, where.values)
            return count, False
        arms = self._lit() if self.query.light else [self._listed(self._anchor)]
        found, values = _united("1", arms)
        [[count]] = self.connection.execute(f"SELECT count(*) FROM ({found} LIMIT ?)", (*values, COUNTED_UP_TO + 1))
        return min(count, COUNTED_UP_TO), count > COUNTED_UP_TO

    def page(self, after: tuple[int, ...], count: int) -> list[Row]:
        """The rows after that place, as many as asked for and one more, of a list of so many (or more, from 10,000)."""
        found: list[Row] = []
        for part in self._parts(after, count <= SORTED_UP_TO.get(self.query.order[0], 0)):
            found += self._rows(part, self.query.limit + 1 - len(found))
            if len(found) > self.query.limit:
                break
        return found

    def _parts(self, after: tuple[int, ...], few: bool) -> Iterator[Part]:
        """By due time: what is due, then what is not, in order of report. Else all at once."""
        order = self.query.order
        if "due_at" not in order:
            yield Part(self._by_time(after, few), order)
            return
        in_time = not after or after[0] > 0
        if in_time:
            yield Part(self._due(after), order)
        if self.query.light in (None, Light.UNDETERMINED):
            arms = self._lit() if self.query.light else [self._listed(self._anchor)]
            for arm in arms:
                arm.add("due_at = 0")
            yield Part([self._beyond(arm, order[1:], () if in_time else after[1:]) for arm in arms], order[1:])

    def _by_time(self, after: tuple[int, ...], few: bool) -> list[Where]:
        """What is listed by the time of report or of the last update, beyond a place in that order."""
        anchor, order = self._anchor, self.query.order
        if self.query.light and (few or not self._wide):
            free = tuple(f"+{column}" for column in order) if self._wide else order
            return [self._beyond(arm, free, after) for arm in self._lit()]
        if self._wide and ("updated_at" in order or (self.query.light and anchor not in LIT)):
            anchor = order[0]
        return [self._beyond(self._showing(self._listed(anchor)), order, after)]

    def _lit(self) -> list[Where]:
        """What shows the light asked for."""
        if self._by_margin:
            return [self._showing(self._within(bounds)) for bounds in lights.bounds(self.query.light, self.now)]
        if not self._wide:
            return [self._showing(self._listed(self._anchor))]
        where = self._where("undetermined")
        where.add("undetermined = 1")
        return [self._showing(where)]

    def _due(self, after: tuple[int, ...]) -> list[Where]:
        """What shows the light asked for and is due, beyond a place in order of due time."""
        if self._by_margin:
            found = lights.bounds(self.query.light, self.now)
            return [self._showing(self._within(bounds, after)) for bounds in found]
        arms = self._lit() if self.query.light else [self._listed(self._anchor)]
        for arm in arms:
            arm.add("+due_at > 0" if after else "due_at > 0")
        return [self._beyond(arm, self.query.order, after) for arm in arms]

    def _within(self, bounds: lights.Bounds, after: tuple[int, ...] = ()) -> Where:
        """One margin, between due times. Of two bounds on a side SQLite hears the narrower, lest it go by the other."""
        where = self._where(self._anchor if self._anchor in LIT else "margin")
        where.add("due_at <> 0 AND margin = ?", bounds.margin)
        lower, upper = bounds.after, bounds.before
        if after and not self._backward and (lower is None or lower < after[0]):
            lower = None
            self._beyond(where, self.query.order, after)
        if after and self._backward and (upper is None or upper > after[0]):
            upper = None
            self._beyond(where, self.query.order, after)
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
        """So many rows of a part, in order. SQLite merges the arms as it reads them."""
        direction = "DESC" if self._backward else "ASC"
        listed, values = _united(", ".join(dict.fromkeys(("opened", *part.order))), part.arms)
        order = ", ".join(f"{column} {direction}" for column in part.order)
        page = f"SELECT opened FROM ({listed} ORDER BY {order} LIMIT ?)"
        cursor = self.connection.execute(f'SELECT * FROM "{Docket.name}" WHERE opened IN ({page})', (*values, limit))
        cursor.row_factory = Row
        rows = cursor.fetchall()
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
            where.add(f"stage IN ({','.join('?' * len(wanted))})", *sorted(wanted))
        return where

    def _listed(self, index: str) -> Where:
        """The same; the index of open cases may be used where no other is wanted: said in its own words."""
        where = self._where(index)
        if self.query.light or self.query.stages <= OPEN:
            where.add("open = 1")
        return where

    def _showing(self, where: Where) -> Where:
        if self.query.light:
            lights.require(where, self.query.light, self.now)
        return where

    @property
    def _by_margin(self) -> bool:
        """Whether cases are found by margin and due time: where there may be many, and they are due."""
        return self._wide and self.query.light is not Light.UNDETERMINED

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


def _united(columns: str, arms: Sequence[Where]) -> tuple[str, list[Any]]:
    """What any of the arms finds; no case is found by two of them."""
    selects = [f'SELECT {columns} FROM "{Docket.name}" WHERE {arm}' for arm in arms]
    return " UNION ALL ".join(selects), [value for arm in arms for value in arm.values]
