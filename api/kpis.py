"""Reading the KPIs: figures, the cases behind each of them, and the definitions they are counted by."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response, Security
from pydantic import Field

from api import problems
from api.door import DoorRoute, Visiting
from api.identity import SCHEME
from api.invalid import Fault
from api.narrowing import narrowed
from api.problems import Problem, invalid
from api.tags import VIEWED, conditional
from api.views import READS, Following, looked_up
from domain.model import Model
from domain.rolls import READERS
from projections.cursor import BadCursor
from projections.kpi import Figure, KpiRow, kpis
from projections.kpi_cases import KpiCase, KpiCases, KpiCasesQuery, UnknownVersion, kpi_cases
from projections.kpi_definition import Definition
from projections.kpi_definitions import DEFINITIONS
from projections.kpi_owed import CODES as CODES_OWED
from projections.kpi_owed import Owed, OwedPage, OwedQuery, kpi_owed
from projections.kpi_query import KpiQuery
from projections.reading import AsOf
from projections.scope import Scope

router = APIRouter(
    prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME), Depends(conditional)], tags=["台账与统计"]
)
CASES, OWED = "/api/v1/views/kpis/cases", "/api/v1/views/kpis/owed"


class KpisAsked(KpiQuery, Following):
    """指标的查询条件。"""


class KpiCasesAsked(KpiCasesQuery, Following):
    """要看哪一个数里的案件。"""


class OwedAsked(OwedQuery, Following):
    """要看哪一个数里的户、报到者。"""


class FigureTold(Figure):
    """一个指标的一个数，和查得到它每一件的地址。"""

    cases: str = Field(
        description="分母里的每一轮、每一户、每一名报到者；加 part=numerator 即分子里的，part=missed 即差的那些"
    )


class KpiRowTold(KpiRow):
    """一处辖区、一个单位、一种性质或一段时间的各项指标。"""

    figures: tuple[FigureTold, ...]


class KpisTold(Model):
    """指标，以及它追到的位置。"""

    rows: tuple[KpiRowTold, ...]
    position: int


class KpiCaseTold(KpiCase):
    """指标里的一轮处置，和它的案卷、经过。"""

    case_file: str = Field(description="案卷的地址")
    events: str = Field(description="逐条经过的地址")


class KpiCasesTold(KpiCases):
    """一页轮次，以及它追到的位置。"""

    items: tuple[KpiCaseTold, ...]
    position: int


class OwedTold(Owed):
    """一户、一名报到者在一期里该做的，和它在名册里的经过。"""

    events: str = Field(description="逐条经过的地址")


class OwedPageTold(OwedPage):
    """一页户、报到者，以及它追到的位置。"""

    items: tuple[OwedTold, ...]
    position: int


class DefinitionTold(Model):
    """一项指标的一版口径。"""

    kpi: str
    version: int
    label: str
    unit: str = Field(description="比率或均值")
    formula: str = Field(description="用话说的算式")
    numerator: str
    denominator: str
    exclusions: str = Field(description="不计入的")
    day: str = Field(description="归入哪一期，看哪一天")
    sql: str = Field(
        description="查询实际所用的算式；问号处为首日、末日，按轮次算的还有现在（1970 年以来的微秒数）；另加所问的范围"
    )
    source: str
    valid_from: date

    @classmethod
    def of(cls, one: Definition) -> DefinitionTold:
        told = ("version", "label", "formula", "numerator", "denominator", "exclusions", "sql", "source", "valid_from")
        return cls(kpi=one.code, unit=one.unit.label, day=one.period, **{name: getattr(one, name) for name in told})


class DefinitionsTold(Model):
    """口径表：每项指标的每一版，按给人看的次序。"""

    definitions: tuple[DefinitionTold, ...]


@router.get(
    "/views/kpis",
    operation_id="get_kpis",
    summary="指标",
    response_model=KpisTold,
    response_description="各项指标，每个数都带分子、分母、口径版本和案件清单的地址",
    responses={**VIEWED, **problems.declared(*READS)},
)
async def get_kpis(asked: Annotated[KpisAsked, Query()], visit: Visiting) -> Response:
    """所负责范围内的各项指标，按辖区、单位、性质或时间分列；时限没到的还不算，算法见口径表。"""

    def told(at: AsOf, scope: Scope) -> Model:
        rows = (
            KpiRowTold.model_validate(
                {
                    **dict(row),
                    "figures": [FigureTold(**dict(one), cases=_cases(asked, row, one)) for one in row.figures],
                }
            )
            for row in kpis(at, scope, asked)
        )
        return KpisTold(rows=tuple(rows), position=at.position)

    return await looked_up(asked, visit, told, turning=True)


@router.get(
    "/views/kpis/cases",
    operation_id="list_kpi_cases",
    summary="指标里的案件",
    response_model=KpiCasesTold,
    response_description="一页轮次",
    responses={**VIEWED, **problems.declared(problems.BAD_CURSOR, *READS)},
)
async def list_kpi_cases(asked: Annotated[KpiCasesAsked, Query()], visit: Visiting) -> Response:
    """一个数里的每一轮处置，按所看的那个时间先后；`count`、`numerator`、`denominator` 与那个数相符。"""

    def told(at: AsOf, scope: Scope) -> Model:
        try:
            found = kpi_cases(at, scope, asked)
        except BadCursor as bad:
            raise Problem(problems.BAD_CURSOR) from bad
        except UnknownVersion as unknown:
            raise invalid([Fault(detail=str(unknown), parameter="version")]) from unknown
        then = f"?{urlencode({'as_of': at.now.isoformat()})}" if asked.looks_back else ""
        items = (
            KpiCaseTold(**dict(one), case_file=f"{_incident(one)}{then}", events=f"{_incident(one)}/history{then}")
            for one in found.items
        )
        return KpiCasesTold(**{**dict(found), "items": tuple(items)}, position=at.position)

    return await looked_up(asked, visit, told, turning=True)


@router.get(
    "/views/kpis/owed",
    operation_id="list_kpi_owed",
    summary="指标里的户和报到者",
    response_model=OwedPageTold,
    response_description="一页户、报到者",
    responses={**VIEWED, **problems.declared(problems.BAD_CURSOR, *READS)},
)
async def list_kpi_owed(asked: Annotated[OwedAsked, Query()], visit: Visiting) -> Response:
    """一个数里的每一户、每一名报到者，按期次；`running=true` 也列没过完的一期，看现在还欠着哪些。只给管名册的人看。"""

    if visit.asker.role not in READERS:
        raise Problem(problems.FORBIDDEN)

    def told(at: AsOf, scope: Scope) -> Model:
        try:
            found = kpi_owed(at, scope, asked)
        except BadCursor as bad:
            raise Problem(problems.BAD_CURSOR) from bad
        except UnknownVersion as unknown:
            raise invalid([Fault(detail=str(unknown), parameter="version")]) from unknown
        items = (OwedTold(**dict(one), events=f"/api/v1/{one.roll}s/{one.entry}") for one in found.items)
        return OwedPageTold(**{**dict(found), "items": tuple(items)}, position=at.position)

    return await looked_up(asked, visit, told, turning=True)


@router.get(
    "/views/kpis/definitions",
    operation_id="list_kpi_definitions",
    summary="指标口径",
    response_description="口径表",
    responses=problems.declared(*problems.READING),
)
async def list_kpi_definitions(visit: Visiting) -> DefinitionsTold:
    """每项指标怎么算：用话说，也写出实际所用的算式；改了算法就是新的一版，旧的一版仍在。"""
    return DefinitionsTold(definitions=tuple(map(DefinitionTold.of, DEFINITIONS)))


def _incident(case: KpiCase) -> str:
    return f"/api/v1/incidents/{case.incident_id}"


def _cases(asked: KpisAsked, row: KpiRow, one: Figure) -> str:
    """Where the cycles behind a figure are listed: what was asked, narrowed to its row."""
    query: dict[str, Any] = asked.model_dump(mode="json", exclude={"by", "kpi", "after"}, exclude_defaults=True)
    query |= {"kpi": one.kpi, "version": one.version} | narrowed(asked.by, asked, row)
    return f"{OWED if one.kpi in CODES_OWED else CASES}?{urlencode(query)}"
