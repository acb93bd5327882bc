"""工作量: what was done and what is in hand, per place, officer, unit or kind. Counts of work, in no order of merit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple

from pydantic import Field

from domain.incident.words import UNRESOLVED, Kind
from domain.model import Model
from domain.territory import Territory
from projections.basis import Basis, bases
from projections.cycles import Cycles
from projections.database import Transaction
from projections.distribution import Distribution, distributed
from projections.docket import Docket
from projections.drawn import LEVELS, Drawing, LevelName, RollUpQuery, RollUpRow, community_of, days, places
from projections.kpi_definitions import BASE, NOT_ENDED, ON_TIME
from projections.reading import Readable, Where, microseconds
from projections.scope import Scope
from projections.suppression import is_sensitive, suppressed
from projections.workload_rows import WORK as WORK
from projections.workload_rows import Workload as Workload

By = Literal[LevelName, "officer", "unit", "kind"]
Counts = Mapping[str, int]
IN_HAND = ("open_now", "overdue_now")
OVERDUE = f"{BASE} AND {NOT_ENDED} AND NOT ({ON_TIME}) AND handle_due_at > 0 AND handle_due_at < ?"
"""As SQL over the cycles, now for the question mark: what 按期处置率 counts as not on time, with what was exempted."""
COLUMNS = {"unit": '"lead"'}
"""Where a case as it stands says it by another name than the work done on it."""
TOLD_FROM = {
    **dict.fromkeys((*WORK, *IN_HAND, "overdue"), ()),
    "reported": ("per_1000_households", "per_officer"),
}
"""Every count, and what else is told from it."""


class About(NamedTuple):
    """What a row is about: its key, the community where there is none, the day of a daily one."""

    key: str
    community: str
    day: str | None = None


class WorkloadQuery(RollUpQuery):
    """工作量的查询条件：不填的不限。日期为上海当地日期，首尾都算。"""

    by: By = Field(default="grid", description="按哪一级辖区，或按经办人、单位、事件性质")
    kind: Kind | None = Field(default=None, description="事件性质")
    split_by_day: bool = Field(default=False, description="逐日分列")


class WorkloadRow(RollUpRow):
    """一处辖区、一名经办人、一个单位或一种性质的工作量，按编号排列，不排名次。

    经办人、单位为空的一行是没有工作人员、没有派到单位的。户数、网格员和由此算出的，只有辖区的行才有，都是现在的。
    """

    day: date | None = Field(description="逐日分列时的日期")
    reported: int | None = Field(description="新增，即反映的件数，重复件也算")
    accepted: int | None
    assigned: int | None
    arrived: int | None = Field(description="首次到场")
    meetings: int | None
    escalated: int | None
    returned: int | None
    resolved: int | None
    reworked: int | None
    closed: int | None
    overdue: int | None = Field(
        description="处置超时：处置时限（延期、挂账已计入）在这段时间到期，到期时没有办结的，事后办结、经申诉免责的也算；"
        "重办的每轮另算，重复件、作废的和到期前撤回、不予受理的不算。记在到期的那天和案件现在（或该轮结束时）所在的地方、"
        "经办人和首接负责单位"
    )
    open_now: int | None = Field(description="现在在办的件数；逐日分列时没有")
    overdue_now: int | None = Field(
        description="其中现在已超过处置时限、还没有办结的件数（待核查、待结案的已经办结，不算）；逐日分列时没有"
    )
    households: int | None = Field(description="户数；0 为未摸底")
    unsurveyed: int | None = Field(description="其下有几个网格还没有摸底；不为 0 时没有每千户的数")
    officers: int | None = Field(description="在岗的网格员人数")
    per_1000_households: float | None = Field(description="每千户的新增；没有摸底或没有摸全即为空")
    per_officer: float | None = Field(description="每名网格员的新增；没有网格员即为空")
    times_median: float | None = Field(description="新增是这一级各处中位数的几倍；中位数为 0 或不公布、逐日分列时没有")


class WorkloadFigures(Model):
    """工作量。`distribution` 只有按一级辖区、不逐日分列时才有：它说的是地方，不是人。"""

    rows: tuple[WorkloadRow, ...]
    distribution: Distribution | None


def workload(
    views: Readable, scope: Scope, query: WorkloadQuery, territory: Territory, now: datetime
) -> WorkloadFigures:
    """The work within what a reader may see, in order of keys, communities and days; overdue as of `now`, aware."""
    drawing = Drawing(territory, now=query.drawn == "now")
    under = drawing.under(query.territory)
    where = places(scope, under)
    found: dict[About, dict[str, int]] = {}
    with views.reading() as transaction:
        for about, counts in (
            *_done(transaction, drawing, query, where),
            *_overdue(transaction, drawing, query, where, now),
            *_in_hand(transaction, drawing, query, where, now),
        ):
            found.setdefault(about, {}).update(counts)
    basis = bases(territory)
    rows = [_row(drawing, query, about, counts, basis) for about, counts in sorted(found.items())]
    told = _told(rows, query, drawing)
    if query.by not in LEVELS or query.split_by_day:
        return WorkloadFigures(rows=told, distribution=None)
    standing = drawing.standing(query.by, scope, under)
    return _over_places(told, {row.key: row for row in rows if row.key}, standing, basis)


def _done(
    transaction: Transaction, drawing: Drawing, query: WorkloadQuery, where: Where
) -> Iterator[tuple[About, Counts]]:
    """How much of each kind of work."""
    counted = days(query)
    counted.equal("kind", query.kind)
    rows = drawing.rows(transaction, Workload, counted)
    day = "day" if query.split_by_day else "NULL"
    sums = [f"CAST(sum({work}) AS BIGINT)" for work in WORK]
    statement = f"""
        SELECT {query.by}, {community_of(query.by)}, {day}, {", ".join(sums)} FROM {rows.sql} WHERE {where}
        GROUP BY 1, 2, 3 HAVING {" OR ".join(f"{total} <> 0" for total in sums)}"""
    for key, community, day, *counts in transaction.execute(statement, (*rows.values, *where.values)):
        yield About(key, community, day), dict(zip(WORK, counts, strict=True))


def _overdue(
    transaction: Transaction, drawing: Drawing, query: WorkloadQuery, where: Where, now: datetime
) -> Iterator[tuple[About, Counts]]:
    """Cycles whose time to handle ran out."""
    ran_out = days(query, "handle_due_on")
    ran_out.add(OVERDUE, microseconds(now))
    ran_out.equal("kind", query.kind)
    rows = drawing.rows(transaction, Cycles, ran_out)
    column, day = COLUMNS.get(query.by, query.by), "handle_due_on" if query.split_by_day else "NULL"
    statement = f"""
        SELECT {column}, {community_of(column)}, {day}, count(*) FROM {rows.sql} WHERE {where} GROUP BY 1, 2, 3"""
    for *key, count in transaction.execute(statement, (*rows.values, *where.values)):
        yield About(*key), {"overdue": count}


def _in_hand(
    transaction: Transaction, drawing: Drawing, query: WorkloadQuery, where: Where, now: datetime
) -> Iterator[tuple[About, Counts]]:
    """Cases in hand now, and those of them whose time to handle has run out, whenever they were reported."""
    if query.split_by_day:
        return
    still_open = Where(terms=["open = 1"])
    still_open.equal("kind", query.kind)
    rows = drawing.rows(transaction, Docket, still_open)
    column = COLUMNS.get(query.by, query.by)
    stages = ", ".join(f"'{stage}'" for stage in sorted(UNRESOLVED))
    ran_out = f"handle_due_at > 0 AND handle_due_at < ? AND stage IN ({stages})"
    statement = f"""
        SELECT {column}, {community_of(column)}, count(*),
            CAST(sum(CASE WHEN {ran_out} THEN 1 ELSE 0 END) AS BIGINT)
        FROM {rows.sql} WHERE {where} GROUP BY 1, 2"""
    found = transaction.execute(statement, (microseconds(now), *rows.values, *where.values))
    for key, community, *counts in found:
        yield About(key, community), dict(zip(IN_HAND, counts, strict=True))


def _row(
    drawing: Drawing, query: WorkloadQuery, about: About, counts: Counts, basis: Mapping[str, Basis]
) -> WorkloadRow:
    """With every count there is, before anything is withheld."""
    in_hand = dict.fromkeys(IN_HAND, None if query.split_by_day else 0)
    under = basis.get(about.key, Basis()) if about.key and query.by in LEVELS else None
    reported = counts.get("reported", 0)
    return WorkloadRow.model_validate(
        {
            **drawing.about(about.key, about.community),
            "day": about.day,
            **dict.fromkeys((*WORK, "overdue"), 0),
            **in_hand,
            **counts,
            **(under._asdict() if under else dict.fromkeys(Basis._fields)),
            "per_1000_households": under and under.per_1000_households(reported),
            "per_officer": under and under.per_officer(reported),
            "times_median": None,
        }
    )


def _told(rows: Sequence[WorkloadRow], query: WorkloadQuery, drawing: Drawing) -> tuple[WorkloadRow, ...]:
    """What may be told of them."""

    def is_about_few(row: WorkloadRow) -> bool:
        return is_sensitive(row.key if query.by == "kind" else query.kind)

    def totals(row: WorkloadRow) -> Iterator[tuple[str | None, ...]]:
        yield from ((place, str(row.day)) for place in drawing.above(row))
        yield (row.key, row.community, "all days")

    return suppressed(rows, is_about_few, TOLD_FROM, totals)


def _over_places(
    told: Sequence[WorkloadRow], counted: Mapping[str, WorkloadRow], standing: Sequence[str], basis: Mapping[str, Basis]
) -> WorkloadFigures:
    """The rows told, and how the work lies over the places that stand and those that had any.

    Of a count that is withheld somewhere there is no distribution: it would give it away.
    """
    places = sorted({*standing, *counted})

    def counts(name: str) -> dict[str, int] | None:
        if any(getattr(row, name) is None for row in told):
            return None
        return {place: getattr(counted[place], name) if place in counted else 0 for place in places}

    found = distributed(counts("reported"), counts("open_now"), basis)
    median = found.reported.median if found.reported else 0
    if median:
        told = [
            row.model_copy(update={"times_median": (row.reported or 0) / median}) if row.key else row for row in told
        ]
    return WorkloadFigures(rows=tuple(told), distribution=found)
