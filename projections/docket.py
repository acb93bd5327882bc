"""台账: whoever asks gets a page of the cases they may see, each with its light as of the first page."""

from __future__ import annotations

from datetime import datetime
from operator import not_

from pydantic import AwareDatetime, Field

from domain.clocks import Light
from domain.incident.words import ClockName, Kind, Stage
from domain.model import Category, Model
from domain.territory import Level, Place, Territory
from projections.cursor import BadCursor as BadCursor
from projections.cursor import Cursor
from projections.database import Row, Transaction
from projections.docket_asked import Asked
from projections.docket_query import DocketQuery as DocketQuery
from projections.docket_query import Sort as Sort
from projections.docket_rows import Docket as Docket
from projections.docket_search import Search
from projections.docket_words import WordRead, Words
from projections.frame_columns import PATH
from projections.lights import light_of
from projections.reading import Readable, microseconds, moment
from projections.scope import Scope

LABELS = {code.value: code.label for codes in (Stage, Kind) for code in codes}
TIMES = [column for column in Docket.columns if column.endswith(("_at", "_until"))]


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
    light: Light | None = Field(description="查询时亮的灯，翻页时以第一页为准；没有时限在走的没有灯")
    light_label: str | None
    due_at: AwareDatetime | None = Field(description="正在走的时限中最先到期的时间；没有，或都未定，即为空")
    due_clock: ClockName | None = Field(description="最先到期的是哪一项时限")
    undetermined: bool = Field(description="是否有时限未定：所需年份的工作日历尚未公布")
    handle_due_at: AwareDatetime | None = Field(description="本轮处置时限的到期时间，办结后仍保留；未开始或未定即为空")
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
    alike: int | None = Field(default=None, description="疑似重复的在办案件有几件；没有要求或不在办的没有")


class DocketPage(Model):
    """台账的一页。`count` 为符合条件的总件数；`capped` 时只数到一万。`next` 为下一页的 cursor，没有即到底。"""

    words: tuple[WordRead, ...] = Field(
        default=(), exclude_if=not_, description="有查找词时：每个词被当作什么；有一个词什么都不是，就一件也没有"
    )
    items: tuple[DocketRow, ...]
    next: str | None
    count: int
    capped: bool


def docket(
    views: Readable, scope: Scope, query: DocketQuery, now: datetime, territory: Territory | None = None
) -> DocketPage:
    """One page of the cases a reader may see, lights as of `now`, which is aware: further pages keep that of
    the first, so that none is missed because its light turned meanwhile. Names of places and units are looked up
    in the `territory`. Raises `BadCursor`.
    """
    asked = query.asked
    cursor = Cursor.read(query.cursor, asked, len(query.order)) if query.cursor else Cursor(microseconds(now), ())
    words = Words.read(query.q or "", territory or Territory())
    if not words.mean_something:
        return DocketPage(words=words.told(), items=(), next=None, count=0, capped=False)
    with views.reading() as transaction:
        scopes = scope, within(transaction, query.territory)
        search = Search(Asked.of(transaction, scopes, query, words.words, cursor.now))
        count, capped = search.count()
        found = search.page(cursor.after, count)
    rows, more = found[: query.limit], len(found) > query.limit
    return DocketPage(
        words=words.told(),
        items=tuple(told(row, cursor.now) for row in rows),
        next=cursor.moved(search.place(rows[-1])).written(asked) if more else None,
        count=count,
        capped=capped,
    )


def within(transaction: Transaction, node: str | None) -> Scope:
    """What lies under a node: everything where none is named, nothing where there is no case under it."""
    if node is None:
        return Scope.all()
    levels = [level for level in Level if level.value in PATH]
    for level in levels:
        part = " counted" if level.value in Docket.counted else ""
        if transaction.execute(
            f'SELECT 1 FROM "{Docket.name}{part}" WHERE {level.value} = ? LIMIT 1', (node,)
        ).fetchone():
            return Scope.of(node, level)
    return Scope.of(node, levels[0])


AS_STORED = ("stage", "kind", "urgency", "category", "held_by", "cycle", "counts", "version", "undetermined")
OR_NONE = ("number", "officer", "lead", "merged_into", "due_clock")
TOLD_TIMES = [column for column in TIMES if column in DocketRow.model_fields]


def told(row: Row, now: int) -> DocketRow:
    """A row as people and programs read it: '' and 0 are nothing."""
    light = light_of(row["due_at"], row["yellow_at"], row["undetermined"], now)
    return DocketRow.model_validate(
        {
            "incident_id": row["id"],
            "stage_label": LABELS[row["stage"]],
            "kind_label": LABELS[row["kind"]],
            "place": {level: row[level] or None for level in PATH},
            "light": light,
            "light_label": light and light.label,
            "reworks": row["reworks"] or 0,
            "returns": row["returns"] or 0,
            **{column: row[column] for column in AS_STORED},
            **{column: row[column] or None for column in OR_NONE},
            **{column: moment(row[column]) for column in TOLD_TIMES},
        }
    )
