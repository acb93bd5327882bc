"""工作量: what was done and what is in hand, per place, officer, unit or kind. Counts of work, in no order of merit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from pydantic import Field

from domain.model import Model
from domain.territory import Territory
from projections.basis import Basis, bases
from projections.distribution import Distribution, distributed
from projections.drawn import LEVELS, Drawing, RollUpRow, places
from projections.reading import Readable
from projections.scope import Scope
from projections.suppression import is_sensitive, suppressed
from projections.workload_counts import COUNTS, IN_HAND, About, Counting, Counts
from projections.workload_query import By as By
from projections.workload_query import WorkloadQuery as WorkloadQuery
from projections.workload_rows import WORK as WORK
from projections.workload_rows import Workload as Workload

TOLD_FROM = {**dict.fromkeys(COUNTS, ()), "reported": ("per_1000_households", "per_officer")}
"""Every count, and what else is told from it."""


class WorkloadRow(RollUpRow):
    """一处辖区、一名经办人、一个单位或一种性质的工作量，按编号排列，不排名次。

    经办人、单位为空的一行是没有工作人员、没有派到单位的。户数、网格员和由此算出的，只有现在还在的辖区才有，都是现在的。
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
    with views.reading() as transaction:
        found = Counting(transaction, drawing, query, where, now).all()
    basis = bases(territory) if query.by in LEVELS else {}
    rows = [_row(drawing, query, about, found[about], basis.get(about.key)) for about in sorted(found)]
    told = _told(rows, query, drawing)
    if query.by not in LEVELS or query.split_by_day:
        return WorkloadFigures(rows=told, distribution=None)
    standing = drawing.standing(query.by, scope, under)
    return _over_places(told, {row.key: row for row in rows if row.key}, standing, basis)


def _row(drawing: Drawing, query: WorkloadQuery, about: About, counts: Counts, under: Basis | None) -> WorkloadRow:
    """With every count there is, before anything is withheld."""
    untold = IN_HAND if query.split_by_day else ()
    reported = counts.get("reported", 0)
    return WorkloadRow.model_validate(
        {
            **drawing.about(about.key, about.community),
            "day": about.day,
            **dict.fromkeys(COUNTS, 0),
            **counts,
            **dict.fromkeys((*untold, *Basis._fields)),
            **(under._asdict() if under else {}),
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
