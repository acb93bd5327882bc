"""台账: one row for each case, as it stands."""

from __future__ import annotations

from sqlite3 import Connection, Row
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from domain.incident.words import OPEN, Kind, Stage
from domain.model import Category, Code, Model
from domain.territory import Level, Place
from projections.cursor import BadCursor as BadCursor
from projections.cursor import Cursor
from projections.frame import PATH
from projections.projection import KEY, LAST, Merge, Projection
from projections.reading import Readable, Where, microseconds, moment
from projections.scope import Scope

ANCHORS = ("officer", "lead", *reversed(PATH))
"""What people look for, the narrowest first: each with its own index in order of report."""


def _in_order(*columns: str) -> tuple[str, str]:
    """An index for paging, and the small one of open cases, which no history slows down."""
    listed = ", ".join((*columns, "opened"))
    return listed, f"{listed} WHERE open = 1"


class Docket(Projection):
    """每案一行。`opened` is the position of its report, so that rows of one time have an order."""

    name: ClassVar[str] = "docket.v1"
    columns: ClassVar[dict[str, Merge]] = {
        "id": KEY,
        **dict.fromkeys(("opened", "number", "stage", "open", "kind", "urgency", "category"), LAST),
        **dict.fromkeys(PATH, LAST),
        **dict.fromkeys(("officer", "lead", "held_by", "cycle", "counts", "version"), LAST),
        **dict.fromkeys(("reported_at", "updated_at", "accepted_at", "arrived_at"), LAST),
        **dict.fromkeys(("resolved_at", "checked_at", "closed_at", "suspended_until"), LAST),
        **dict.fromkeys(("merged_into", "reworks", "returns"), LAST),
    }
    select: ClassVar[str] = f"""
        WITH steps AS (
            SELECT *, type IN ('incident.reopened', 'incident.unmerged')
                      AND cycle > 1 AND cycle_began_at = effective_at AS begins_anew
            FROM events WHERE sign > 0
        )
        SELECT n, "case" AS id, CASE WHEN version = 1 THEN position END AS opened, data.number AS number,
            stage, stage IN ({", ".join(f"'{stage}'" for stage in sorted(OPEN))}) AS open,
            kind, urgency, category, {", ".join(PATH)},
            officer, "lead", held_by, cycle, counts, version,
            reported_at, recorded_at AS updated_at,
            CASE WHEN type = 'incident.accepted' THEN effective_at END AS accepted_at,
            CASE WHEN type = 'incident.arrived' AND data.first THEN effective_at END AS arrived_at,
            CASE WHEN type = 'incident.resolved' THEN effective_at
                 WHEN type = 'incident.check_failed' OR begins_anew THEN 0 END AS resolved_at,
            CASE WHEN type = 'incident.check_passed' THEN effective_at WHEN begins_anew THEN 0 END AS checked_at,
            CASE WHEN type = 'incident.closed' THEN effective_at WHEN begins_anew THEN 0 END AS closed_at,
            CASE WHEN type = 'incident.suspension_granted' THEN epoch_us(data.until)
                 WHEN type IN ('incident.resumed', 'incident.resolved') OR begins_anew THEN 0 END AS suspended_until,
            CASE WHEN type = 'incident.merged' THEN data."into"
                 WHEN type = 'incident.unmerged' THEN '' END AS merged_into,
            data.rework AS reworks, data.hop AS returns
        FROM steps"""
    indices: ClassVar[tuple[str, ...]] = (
        "number",
        *_in_order("reported_at"),
        *_in_order("updated_at"),
        *(index for anchor in ANCHORS for index in _in_order(anchor, "reported_at")),
    )
    counted: ClassVar[tuple[str, ...]] = ("grid", "stage", "kind", "estate", "community", "street", "district")


Sort = Literal["reported_at", "-reported_at", "updated_at", "-updated_at"]
Scopes = tuple[Scope, Scope]
"""What the reader may see, and what they ask about."""
COUNTED_UP_TO = 10_000
COUNTED = frozenset({*Docket.counted, Level.CITY.value})
LABELS = {code.value: code.label for codes in (Stage, Kind) for code in codes}
TIMES = [column for column in Docket.columns if column.endswith(("_at", "_until"))]
WIDE = frozenset({"community", "street", "district"})
"""Anchors under which there may be too many cases to sort: for the last update, look there first."""


class DocketQuery(Model):
    """台账的查询条件：不填的不限。"""

    territory: Code | None = Field(default=None, description="区、街道、社区、小区、网格或楼栋的编号")
    kind: Kind | None = Field(default=None, description="事件性质")
    stage: tuple[Stage, ...] = Field(default=(), max_length=len(Stage), description="所处阶段，可填多个")
    open: bool | None = Field(default=None, description="是否在办")
    officer: Code | None = Field(default=None, description="经办人编号")
    unit: Code | None = Field(default=None, description="首接负责单位编号")
    reported_from: AwareDatetime | None = Field(default=None, description="反映时间不早于")
    reported_to: AwareDatetime | None = Field(default=None, description="反映时间早于")
    category: Category | None = Field(default=None, description="类别：大类2位+小类2位")
    urgency: int | None = Field(default=None, ge=1, le=4, description="紧急程度：1 特急 … 4 一般")
    number: Code | None = Field(default=None, description="案号")
    sort: Sort = Field(default="-reported_at", description="按反映时间或最近更新排序，带“-”的由新到旧")
    limit: int = Field(default=50, ge=1, le=200, description="每页件数")
    cursor: str | None = Field(default=None, max_length=300, description="上一页给出的 next")

    @property
    def asked(self) -> str:
        """The query without its page: a cursor serves no other."""
        return self.model_dump_json(include=DocketQuery.model_fields.keys() - {"cursor", "limit"})

    @property
    def column(self) -> str:
        """What the rows are in order of."""
        return self.sort.removeprefix("-")

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


class DocketRow(Model):
    """台账的一行。时间为 UTC。"""

    incident_id: str
    number: str | None
    stage: Stage
    stage_label: str
    kind: Kind
    kind_label: str
    urgency: int
    category: Category
    place: Place
    officer: str | None
    lead: str | None
    held_by: Level
    cycle: int
    counts: bool = Field(description="重复件不计数")
    version: int
    reported_at: AwareDatetime
    updated_at: AwareDatetime
    accepted_at: AwareDatetime | None
    arrived_at: AwareDatetime | None
    resolved_at: AwareDatetime | None
    checked_at: AwareDatetime | None
    closed_at: AwareDatetime | None
    suspended_until: AwareDatetime | None
    merged_into: str | None
    reworks: int
    returns: int


class DocketPage(Model):
    """台账的一页。`count` 为符合条件的总件数；`capped` 时只数到一万。`next` 为下一页的 cursor，没有即到底。"""

    items: tuple[DocketRow, ...]
    next: str | None
    count: int
    capped: bool


def docket(views: Readable, scope: Scope, query: DocketQuery) -> DocketPage:
    """One page of the cases a reader may see. Raises `BadCursor`."""
    after = Cursor.read(query.cursor, query.asked) if query.cursor else None
    with views.reading() as connection:
        scopes = (scope, within(connection, query.territory))
        count, capped = _count(connection, scopes, query)
        found = _find(connection, scopes, query, after)
    rows, more = found[: query.limit], len(found) > query.limit
    return DocketPage(
        items=tuple(map(_told, rows)),
        next=Cursor(rows[-1][query.column], rows[-1]["opened"]).written(query.asked) if more else None,
        count=count,
        capped=capped,
    )


def within(connection: Connection, node: str | None) -> Scope:
    """What lies under a node: everything where none is named, nothing where there is no case under it."""
    if node is None:
        return Scope.all()
    levels = [level for level in Level if level.value in PATH]
    for level in levels:
        if connection.execute(f'SELECT 1 FROM "{Docket.name}" WHERE {level.value} = ? LIMIT 1', (node,)).fetchone():
            return Scope.of(node, level)
    return Scope.of(node, levels[0])


def _find(connection: Connection, scopes: Scopes, query: DocketQuery, after: Cursor | None) -> list[Row]:
    """A page and the row after it, in order."""
    index = _index(scopes, query)
    if query.column == "updated_at" and index in WIDE:
        index = "updated_at"
    where = _where(scopes, query, index)
    _use_open(where, query)
    order, beyond = ("DESC", "<") if query.sort.startswith("-") else ("ASC", ">")
    if after:
        where.add(f"({query.column}, opened) {beyond} (?, ?)", *after)
    cursor = connection.execute(
        f"""SELECT * FROM "{Docket.name}" WHERE {where}
            ORDER BY {query.column} {order}, opened {order} LIMIT ?""",
        (*where.values, query.limit + 1),
    )
    cursor.row_factory = Row
    return cursor.fetchall()


def _count(connection: Connection, scopes: Scopes, query: DocketQuery) -> tuple[int, bool]:
    """How many there are, and whether counting stopped: never where the counts kept can tell."""
    where = _where(scopes, query, _index(scopes, query))
    if _asked(scopes, query) <= COUNTED:
        kept = f'SELECT coalesce(sum(n), 0) FROM "{Docket.name} counted" WHERE {where}'
        [[count]] = connection.execute(kept, where.values)
        return count, False
    _use_open(where, query)
    [[count]] = connection.execute(
        f'SELECT count(*) FROM (SELECT 1 FROM "{Docket.name}" WHERE {where} LIMIT ?)',
        (*where.values, COUNTED_UP_TO + 1),
    )
    return min(count, COUNTED_UP_TO), count > COUNTED_UP_TO


def _index(scopes: Scopes, query: DocketQuery) -> str:
    """The narrowest of the columns asked about that has an index of its own."""
    asked = _asked(scopes, query)
    return next((anchor for anchor in ("number", *ANCHORS) if anchor in asked), "reported_at")


def _asked(scopes: Scopes, query: DocketQuery) -> set[str]:
    """The columns asked about besides stage and openness."""
    ranges = {"reported_at"} if query.reported_from or query.reported_to else set()
    return {*query.equal, *ranges, *(scope.level for scope in scopes)}


def _where(scopes: Scopes, query: DocketQuery, index: str) -> Where:
    where = Where(index)
    for scope in scopes:
        scope.narrow(where, PATH)
    for column, value in query.equal.items():
        where.equal(column, value)
    if query.reported_from:
        where.add("reported_at >= ?", microseconds(query.reported_from))
    if query.reported_to:
        where.add("reported_at < ?", microseconds(query.reported_to))
    wanted = query.stages
    if wanted < frozenset(Stage):
        where.add(f"stage IN ({','.join('?' * len(wanted))})", *sorted(wanted))
    return where


def _use_open(where: Where, query: DocketQuery) -> None:
    """Let the index of open cases be used where no other is wanted: said in its own words."""
    if query.stages <= OPEN:
        where.add("open = 1")


def _told(row: Row) -> DocketRow:
    """A row as people and programs read it: '' and 0 are nothing."""
    as_stored = ("stage", "kind", "urgency", "category", "held_by", "cycle", "counts", "version")
    return DocketRow.model_validate(
        {
            "incident_id": row["id"],
            "stage_label": LABELS[row["stage"]],
            "kind_label": LABELS[row["kind"]],
            "place": {level: row[level] or None for level in PATH},
            "reworks": row["reworks"] or 0,
            "returns": row["returns"] or 0,
            **{column: row[column] for column in as_stored},
            **{column: row[column] or None for column in ("number", "officer", "lead", "merged_into")},
            **{column: moment(row[column]) for column in TIMES},
        }
    )
