"""响应时间里的每一件: the stretches behind a figure, each with what was claimed, recorded and counted."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, Field

from domain.incident.words import Kind, Stretch
from domain.model import Model
from domain.territory import Place, Territory
from projections.cursor import Cursor
from projections.database import Row, Transaction
from projections.docket import Docket
from projections.drawn import Drawing, LevelName, Source
from projections.frame_columns import PATH
from projections.reading import Readable, Where, moment
from projections.response_time import StretchFilter, ended
from projections.scope import Scope
from projections.stretches import FLAGS, MEASURES, Stretches

COUNTED_UP_TO = 10_000
ANCHORS = ("officer", "grid", "unit", "community")
"""What has an index of its own in order of the time that counts, the narrowest first."""
MARKS = (*FLAGS, "on_time", "exempted")
LABELS = {stretch.value: stretch.label for stretch in Stretch}


class ResponseCasesQuery(StretchFilter):
    """要看哪一段响应时间里的案件：不填的不限。"""

    claimed_not_counted: bool | None = Field(default=None, description="所填的办理时间是否没有采信")
    quick: bool | None = Field(default=None, description="是否反映（重办）后十分钟内就结案；仅结案一段有")
    on_time: bool | None = Field(default=None, description="是否按时；没有时限的、经申诉免责的都不列出")
    exempted: bool | None = Field(default=None, description="超时是否经申诉免责")
    without: Literal[LevelName, "officer", "unit"] | None = Field(
        default=None, description="只要这一级辖区未知的，或没有经办人、没有派到单位的：对应统计里没有编号的一行"
    )
    sort: Literal["ended_at", "-ended_at"] = Field(default="-ended_at", description="按计数的时间排序，带“-”的由新到旧")
    limit: int = Field(default=50, ge=1, le=200, description="每页件数")
    cursor: str | None = Field(default=None, max_length=300, description="上一页给出的 next")

    @property
    def asked(self) -> str:
        """The query without its page: a cursor serves no other."""
        return self.model_dump_json(include=ResponseCasesQuery.model_fields.keys() - {"cursor", "limit"})


class ResponseCase(Model):
    """一个案件的一段响应时间。所填、登记、计数的三个时间并列；时间为 UTC，时长为秒。"""

    incident_id: str
    number: str | None
    cycle: int = Field(description="第几轮；重办另算一轮")
    stage: Stretch
    stage_label: str
    kind: Kind
    place: Place
    officer: str | None
    unit: str | None
    claimed_at: AwareDatetime = Field(description="所填的办理时间")
    recorded_at: AwareDatetime = Field(description="登记的时间")
    ended_at: AwareDatetime = Field(description="计数用的时间")
    recorded_after: float = Field(description="登记比所填的晚多少秒")
    counted_after: float = Field(description="计数用的比所填的晚多少秒；不为零即所填的没有采信")
    due_at: AwareDatetime | None = Field(description="应在何时之前；没有时限或未定即为空")
    gross: float
    net: float | None = Field(description="扣除挂账；早先的登记没有算过的为空")
    worked: float | None = Field(description="工作时间；未定即为空")
    worked_net: float | None
    on_time: bool | None = Field(description="是否按时；没有时限或经申诉免责的没有")
    exempted: bool = Field(description="超时经申诉免责：事实照旧，只是不计")
    claimed_not_counted: bool
    quick: bool


class ResponseCases(Model):
    """一页案件。`count` 为总件数，与统计相符；`capped` 时只数到一万。`next` 为下一页的 cursor，没有即到底。"""

    items: tuple[ResponseCase, ...]
    next: str | None
    count: int
    capped: bool


def response_cases(views: Readable, scope: Scope, query: ResponseCasesQuery, territory: Territory) -> ResponseCases:
    """One page of the stretches behind a figure that a reader may see, by the time that counts. Raises `BadCursor`."""
    asked = query.asked
    cursor = Cursor.read(query.cursor, asked, 2) if query.cursor else Cursor(0, ())
    drawing = Drawing(territory, now=query.drawn == "now")
    scopes = (scope, drawing.under(query.territory))
    index = _anchor(query, scopes)
    where = Where(index)
    for part in scopes:
        part.narrow(where, PATH)
    if query.without:
        where.add(f"{query.without} = ''")
    with views.reading() as transaction:
        rows = drawing.rows(transaction, Stretches, _marked(query, index))
        count = _count(transaction, rows, where)
        found = _page(transaction, rows, where, query, cursor)
    shown = found[: query.limit]
    more = len(found) > query.limit
    return ResponseCases(
        items=tuple(map(_told, shown)),
        next=cursor.moved((shown[-1]["ended_at"], shown[-1]["position"])).written(asked) if more else None,
        count=min(count, COUNTED_UP_TO),
        capped=count > COUNTED_UP_TO,
    )


def _anchor(query: ResponseCasesQuery, scopes: tuple[Scope, Scope]) -> str:
    """The column to find rows by; the stretch itself where nothing narrower is asked about, or the flags are."""
    narrow = {column for column, value in query.of_whom.items() if value} | {scope.level.value for scope in scopes}
    flagged = any(getattr(query, flag) for flag in FLAGS)
    return next((anchor for anchor in ANCHORS if anchor in narrow and not flagged), "stretch")


def _marked(query: ResponseCasesQuery, index: str) -> Where:
    where = ended(query, index)
    for mark in MARKS:
        value = getattr(query, mark)
        if value is not None:
            where.add(f"{mark} = {int(value)}")
    if query.on_time is not None:
        where.add("due = 1")
    return where


def _count(transaction: Transaction, rows: Source, where: Where) -> int:
    """How many there are, and of more than are counted one more than that."""
    statement = f"SELECT count(*) FROM (SELECT 1 FROM {rows.sql} WHERE {where} LIMIT ?) AS found"
    [count] = transaction.execute(statement, (*rows.values, *where.values, COUNTED_UP_TO + 1)).fetchone()
    return int(count)


def _page(transaction: Transaction, rows: Source, where: Where, query: ResponseCasesQuery, cursor: Cursor) -> list[Row]:
    """The rows beyond the cursor, as many as asked for and one more, with the case numbers that the docket knows."""
    direction, beyond = ("DESC", "<") if query.sort.startswith("-") else ("ASC", ">")
    order = f"ended_at {direction}, position {direction}"
    if cursor.after:
        where.add(f"(ended_at, position) {beyond} (?, ?)", *cursor.after)
    page = f"""
        SELECT found.*, number
        FROM (SELECT * FROM {rows.sql} WHERE {where} ORDER BY {order} LIMIT ?) AS found
        LEFT JOIN (SELECT id AS listed, number FROM "{Docket.name}") AS docket ON listed = id
        ORDER BY {order}"""
    return transaction.execute(page, (*rows.values, *where.values, query.limit + 1)).fetchall()


def _told(row: Row) -> ResponseCase:
    claimed, recorded, counted = row["claimed_at"], row["recorded_at"], row["ended_at"]
    told: dict[str, Any] = {
        "incident_id": row["id"],
        "stage": row["stretch"],
        "stage_label": LABELS[row["stretch"]],
        "place": {level: row[level] or None for level in PATH},
        "recorded_after": (recorded - claimed) / 1e6,
        "counted_after": (counted - claimed) / 1e6,
        "on_time": row["on_time"] if row["due"] else None,
        **{column: row[column] for column in ("cycle", "kind", "exempted", *FLAGS)},
        **{column: row[column] or None for column in ("number", "officer", "unit")},
        **{column: moment(row[column]) for column in ("claimed_at", "recorded_at", "ended_at", "due_at")},
        **{measure: row[measure] / 1e6 if row[measure] >= 0 else None for measure in MEASURES},
    }
    return ResponseCase.model_validate(told)
