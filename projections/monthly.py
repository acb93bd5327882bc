"""月报: one place and the places below it in one month, as the other views tell them. Nothing is counted here.

Places stand in the order of the tree and never by merit; of people there is nothing. It is told as the territory was
drawn when things happened, so that a month that is past stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import chain
from typing import Annotated, Self, TypeVar

from pydantic import AwareDatetime, Field, StringConstraints

from domain.clocks import SHANGHAI
from domain.incident.words import Stretch
from domain.model import Code, Model
from domain.territory import Level, Node, Territory
from projections.cycles import Cycles
from projections.distribution import Distribution
from projections.drawn import RollUpRow
from projections.kpi import KpiRow, kpis
from projections.kpi_definition import Definition
from projections.kpi_definitions import DEFINITIONS, OF_CYCLES, in_force
from projections.kpi_query import KpiQuery
from projections.obligations import Fulfilled, Obligations
from projections.reading import AsOf
from projections.response_time import ResponseTime, ResponseTimeQuery, ResponseTimeRow, response_times
from projections.scope import Scope
from projections.workload import Workload, WorkloadFigures, WorkloadQuery, WorkloadRow, workload

BELOW = {
    Level.CITY: Level.DISTRICT,
    Level.DISTRICT: Level.STREET,
    Level.STREET: Level.COMMUNITY,
    Level.COMMUNITY: Level.GRID,
    Level.ESTATE: Level.GRID,
    Level.GRID: Level.BUILDING,
}
"""The level of the rows below a place of each level; estates lie beside the grids, and are no rung of the ladder."""
VIEWS = (Cycles, Obligations, Fulfilled, Workload, ResponseTime)
"""What a sheet is told from."""
TREND = "handled_on_time"
"""The figure that is told of the months before as well."""
MONTHS = 12
Month = Annotated[str, StringConstraints(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$")]
RowT = TypeVar("RowT", bound=RollUpRow)
About = tuple[str | None, str | None]
"""What a row is about: a place, or its community where that is not known."""


class MonthlyQuery(Model):
    """哪一处、哪一个月。"""

    territory: Code = Field(
        description="市、区、街道、社区、小区、网格或楼栋的编号", examples=["community-sanjiaoping"]
    )
    month: Month = Field(description="年和月，按上海当地日期", examples=["2026-03"])

    @property
    def first_day(self) -> date:
        return date.fromisoformat(f"{self.month}-01")

    @property
    def last_day(self) -> date:
        return months_before(self.first_day, -1) - timedelta(days=1)


class SheetPlace(Model):
    """一处辖区。"""

    key: str | None = Field(description="编号；没有编号的，是不知道在下一级哪一处的案件")
    name: str
    level: Level
    community: str | None = Field(description="没有编号的一行所在的社区")


class SheetRow(Model):
    """一处辖区这个月的数（响应时间逐件精确计算），照录各视图的一行；视图里没有这一处的，为空，即一件也没有。"""

    place: SheetPlace
    kpis: KpiRow | None
    workload: WorkloadRow | None
    response_times: dict[Stretch, ResponseTimeRow | None] = Field(description="按各段")


class GridLoad(Model):
    """一个网格这个月的工作量；一件也没有的为空。"""

    place: SheetPlace
    workload: WorkloadRow | None


class DefinitionUsed(Model):
    """一项指标所用的口径。"""

    kpi: str
    label: str
    version: int
    formula: str
    exclusions: str

    @classmethod
    def of(cls, one: Definition) -> Self:
        told = ("label", "version", "formula", "exclusions")
        return cls(kpi=one.code, **{name: getattr(one, name) for name in told})


class MonthlySheet(Model):
    """月报：一处辖区及其下一级各处一个月的指标、工作量、响应时间和分布。辖区按当时的划分，按辖区次序排列，不排名次。"""

    place: SheetPlace
    within: tuple[str, ...] = Field(description="上级辖区，由近及远")
    month: str
    from_day: date
    to_day: date
    complete: bool = Field(description="到 `told_at` 时这个月是否已过完")
    told_at: AwareDatetime = Field(description="数字截至的时刻；以它为 as_of 再问，答复相同")
    position: int = Field(description="数字截至的位置")
    views: tuple[str, ...] = Field(description="所出自的视图和版本")
    definitions: tuple[DefinitionUsed, ...]
    below: Level | None = Field(description="各行是哪一级；楼栋之下没有")
    rows: tuple[SheetRow, ...] = Field(description="先是本辖区，再是下一级各处")
    kpis_by_kind: tuple[KpiRow, ...] = Field(description="本辖区的各项指标，按事件性质")
    workload_by_kind: tuple[WorkloadRow, ...] = Field(description="本辖区的工作量，按事件性质")
    months: tuple[KpiRow, ...] = Field(description="本辖区到本月为止十二个月的按期处置率")
    days: tuple[WorkloadRow, ...] = Field(description="本辖区逐日的工作量")
    grids: tuple[GridLoad, ...] = Field(description="本辖区每个网格的工作量，一件也没有的也在内")
    distribution: Distribution | None = Field(description="工作量在本辖区各网格的分布；一个网格没有分布可言")


class NoSheet(LookupError):
    """There is none at the moment asked about. Carries a Chinese sentence and the parameter it is about."""

    def __init__(self, sentence: str, parameter: str) -> None:
        super().__init__(sentence)
        self.parameter = parameter


def monthly(at: AsOf, scope: Scope, query: MonthlyQuery) -> MonthlySheet:
    """The sheet within what a reader may see. Raises `NoSheet`."""
    today = at.now.astimezone(SHANGHAI).date()
    if query.first_day > today:
        raise NoSheet("还没有到这个月。", "month")
    if query.territory not in at.territory.node:
        raise NoSheet("那时的辖区里没有这个编号，请核对编号和时刻。", "territory")
    node, tree, asking = at.territory.node[query.territory], _Tree(at.territory), _Asking(at, scope, query)
    place, below = SheetPlace(key=node.id, name=node.name, level=node.level, community=None), BELOW.get(node.level)
    by_grid = asking.workload(by=Level.GRID) if node.level.above(Level.GRID) else None
    return MonthlySheet(
        place=place,
        within=tuple(above.name for above in at.territory.path(node.parent)),
        month=query.month,
        from_day=query.first_day,
        to_day=query.last_day,
        complete=query.last_day < today,
        told_at=at.now,
        position=at.position,
        views=tuple(view.name for view in VIEWS),
        definitions=tuple(map(DefinitionUsed.of, in_force(query.last_day, DEFINITIONS))),
        below=below,
        rows=(_own(asking, place), *(_below(asking, tree, place, below) if below else ())),
        kpis_by_kind=asking.kpis(by="kind", kpi=tuple(one.code for one in OF_CYCLES)),
        workload_by_kind=asking.workload(by="kind").rows,
        months=asking.kpis(by="month", kpi=TREND, from_day=months_before(query.first_day, MONTHS - 1)),
        days=asking.workload(by=node.level, split_by_day=True).rows,
        grids=tuple(_grids(tree, place, by_grid.rows)) if by_grid else (),
        distribution=by_grid and by_grid.distribution,
    )


class _Asking:
    """The three views, asked about one place and month; nothing but what is said besides differs."""

    def __init__(self, at: AsOf, scope: Scope, query: MonthlyQuery) -> None:
        self._at, self._scope = at, scope
        self._query = {"territory": query.territory, "from_day": query.first_day, "to_day": query.last_day}

    def kpis(self, **more: object) -> tuple[KpiRow, ...]:
        return tuple(kpis(self._at, self._scope, KpiQuery.model_validate({**self._query, **more})))

    def workload(self, **more: object) -> WorkloadFigures:
        asked = WorkloadQuery.model_validate({**self._query, **more})
        return workload(self._at.views, self._scope, asked, self._at.territory, self._at.now)

    def times(self, **more: object) -> tuple[ResponseTimeRow, ...]:
        asked = ResponseTimeQuery.model_validate({**self._query, **more, "exact": True})
        return response_times(self._at.views, self._scope, asked, self._at.territory)


class _Tree:
    """The places, in the order in which they are listed under each other."""

    def __init__(self, territory: Territory) -> None:
        self._territory = territory
        self._under: dict[str | None, list[Node]] = {}
        for node in territory.nodes:
            self._under.setdefault(node.parent if node.parent in territory.node else None, []).append(node)
        self._order = {node.id: nth for nth, node in enumerate(self._walk(None))}

    def places(self, above: SheetPlace, level: Level, found: Iterable[About]) -> list[SheetPlace]:
        """Those of a level that stand, and those found: closed since, or known no nearer than by their community."""
        standing = {(node.id, None) for node in self._walk(above.key) if node.level is level and not node.closed}
        return [self._place(*about, above, level) for about in sorted({*standing, *found}, key=self._nth)]

    def _nth(self, about: About) -> tuple[bool, int, str]:
        key, community = about
        return key is None, self._order.get(key or community or "", len(self._order)), key or ""

    def _place(self, key: str | None, community: str | None, above: SheetPlace, level: Level) -> SheetPlace:
        names = self._territory.names
        near = names.get(community or "", "") if community != above.key else ""
        name = f"{near}{level.label}不明" if key is None else names.get(key, key)
        return SheetPlace(key=key, name=name, level=level, community=community)

    def _walk(self, above: str | None) -> Iterator[Node]:
        for node in self._under.get(above, ()):
            yield node
            yield from self._walk(node.id)


def _own(asking: _Asking, place: SheetPlace) -> SheetRow:
    return SheetRow(
        place=place,
        kpis=_only(asking.kpis()),
        workload=_only(asking.workload(by=place.level).rows),
        response_times={stage: _only(asking.times(stage=stage)) for stage in Stretch},
    )


def _below(asking: _Asking, tree: _Tree, above: SheetPlace, level: Level) -> Iterator[SheetRow]:
    figures, work = _by_place(asking.kpis(by=level)), _by_place(asking.workload(by=level).rows)
    times = {stage: _by_place(asking.times(by=level, stage=stage)) for stage in Stretch}
    for place in tree.places(above, level, {*figures, *work, *chain.from_iterable(times.values())}):
        about = place.key, place.community
        yield SheetRow(
            place=place,
            kpis=figures.get(about),
            workload=work.get(about),
            response_times={stage: found.get(about) for stage, found in times.items()},
        )


def _grids(tree: _Tree, above: SheetPlace, rows: Iterable[WorkloadRow]) -> Iterator[GridLoad]:
    work = _by_place(rows)
    for place in tree.places(above, Level.GRID, work):
        yield GridLoad(place=place, workload=work.get((place.key, place.community)))


def _only(rows: tuple[RowT, ...]) -> RowT | None:
    return rows[0] if rows else None


def _by_place(rows: Iterable[RowT]) -> dict[About, RowT]:
    return {(row.key, row.community): row for row in rows}


def months_before(first_day: date, months: int) -> date:
    """The first day of the month so many months before."""
    year, month = divmod(first_day.year * 12 + first_day.month - 1 - months, 12)
    return date(year, month + 1, 1)
