"""疑似重复的案件群: open cases that are alike, directly or through others, for the page above the docket."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from domain.casework.case_files import CaseFiles
from domain.clocks import RuleTable
from domain.model import Category, Code, Model
from domain.territory import Level
from projections.alike import CaseBrief, briefly, selected, still_open
from projections.database import Row, Transaction
from projections.distance import Positions
from projections.docket import within
from projections.frame_columns import PATH
from projections.joining import Case, Reach, groups
from projections.reading import Readable
from projections.scope import Scope

LOOKED_AT = 10_000
"""Open cases looked at for one answer: the newest."""
LISTED = 20
"""Cases told of each cluster: the newest."""
HOUR = 3_600_000_000


class ClustersQuery(Model):
    """案件群的查询条件：不填的不限。"""

    territory: Code | None = Field(default=None, description="区、街道、社区、小区、网格或楼栋的编号")
    category: Category | None = Field(default=None, description="类别：大类2位+小类2位")
    limit: int = Field(default=20, ge=1, le=100, description="最多几群，件数多的在前")


class Cluster(Model):
    """一群同类别、时间和地点相近的在办案件，可能说的是同一件事。"""

    category: Category
    count: int
    first_reported_at: AwareDatetime
    last_reported_at: AwareDatetime
    cases: tuple[CaseBrief, ...] = Field(description="最近的若干件，由新到旧")


class Clusters(Model):
    """案件群，大的在前。`capped` 为 true 时在办案件太多，只看了最近反映的，或没有比对完。"""

    clusters: tuple[Cluster, ...]
    capped: bool


def clusters(views: Readable, files: CaseFiles, scope: Scope, query: ClustersQuery, table: RuleTable) -> Clusters:
    """Groups of two and more open cases alike, all within what a reader may see."""
    with views.reading() as transaction:
        newest = _open_cases(transaction, scope, query)
    capped = len(newest) > LOOKED_AT
    rows = {row["opened"]: row for row in newest[:LOOKED_AT]}
    reach = Reach(table.alike_metres, table.alike_hours * HOUR)
    found, given_up = groups(map(_case, rows.values()), reach, Positions(files).among)
    largest = sorted(found, key=lambda group: (-len(group), -group[-1].at, -group[-1].opened))[: query.limit]
    return Clusters(clusters=tuple(_told(group, rows) for group in largest), capped=capped or given_up)


def _open_cases(transaction: Transaction, scope: Scope, query: ClustersQuery) -> list[Row]:
    """The newest open cases of which is known where they are, and one more than are looked at."""
    asked = within(transaction, query.territory)
    level = (asked if query.territory else scope).level
    where = still_open(scope, "reported_at" if level is Level.CITY else level.value)
    asked.narrow(where, PATH)
    where.equal("category", query.category)
    where.add("(cell <> '' OR building <> '')")
    rows = selected(transaction, where, "reported_at DESC", LOOKED_AT + 1)
    return sorted(rows, key=lambda row: (row["reported_at"], row["opened"]), reverse=True)


def _case(row: Row) -> Case:
    return Case(row["opened"], row["category"], row["building"], row["cell"] or "", row["reported_at"])


def _told(group: list[Case], rows: dict[int, Row]) -> Cluster:
    briefs = [CaseBrief(**briefly(rows[case.opened])) for case in (group[0], *reversed(group[-LISTED:]))]
    first, *newest = briefs
    return Cluster(
        category=group[0].category,
        count=len(group),
        first_reported_at=first.reported_at,
        last_reported_at=newest[0].reported_at,
        cases=tuple(newest),
    )
