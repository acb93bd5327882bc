"""Reading how long things took: response times, the cases behind them, and in whose hands cases were how long."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response, Security
from pydantic import Field

from api import problems
from api.door import DoorRoute, Visiting
from api.identity import SCHEME
from api.narrowing import narrowed
from api.problems import Problem
from api.tags import VIEWED, conditional
from api.views import READS, Following, looked_up
from domain.model import Model
from projections.cursor import BadCursor
from projections.holding import HoldingQuery, HoldingRow, holding
from projections.reading import AsOf
from projections.response_cases import ResponseCases, ResponseCasesQuery, response_cases
from projections.response_time import ResponseTimeQuery, ResponseTimeRow, response_times
from projections.scope import Scope

router = APIRouter(
    prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME), Depends(conditional)], tags=["台账与统计"]
)
CASES = "/api/v1/views/response-times/cases"


class ResponseTimesAsked(ResponseTimeQuery, Following):
    """响应时间的查询条件。"""


class ResponseCasesAsked(ResponseCasesQuery, Following):
    """要看哪一段响应时间里的案件。"""


class HoldingAsked(HoldingQuery, Following):
    """经手时间的查询条件。"""


class ResponseTimeTold(ResponseTimeRow):
    """一行响应时间，和查得到它每一件的地址。"""

    cases: str = Field(
        description="这一行的每一件；加 on_time=false 即超时的，claimed_not_counted=true、quick=true 即有疑点的"
    )


class ResponseTimesTold(Model):
    """响应时间（秒），以及它追到的位置。"""

    rows: tuple[ResponseTimeTold, ...]
    position: int


class ResponseCasesTold(ResponseCases):
    """一页案件，以及它追到的位置。"""

    position: int


class HoldingTold(Model):
    """经手时间（秒），以及它追到的位置。"""

    rows: tuple[HoldingRow, ...]
    position: int


@router.get(
    "/views/response-times",
    operation_id="get_response_times",
    summary="响应时间",
    response_model=ResponseTimesTold,
    response_description="各段响应时间的分位数，自然时间与工作时间、扣不扣挂账并列",
    responses={**VIEWED, **problems.declared(*READS)},
)
async def get_response_times(asked: Annotated[ResponseTimesAsked, Query()], visit: Visiting) -> Response:
    """所负责范围内从反映到受理、到场、办结，以及办结到结案的时间和按时的件数；辖区按当时或现在的划分。"""

    def told(at: AsOf, scope: Scope) -> Model:
        rows = (
            ResponseTimeTold(**dict(row), cases=_cases(asked, row))
            for row in response_times(at.views, scope, asked, at.territory)
        )
        return ResponseTimesTold(rows=tuple(rows), position=at.position)

    return await looked_up(asked, visit, told, visit.service.casework.territory.edition)


@router.get(
    "/views/response-times/cases",
    operation_id="list_response_time_cases",
    summary="响应时间里的案件",
    response_model=ResponseCasesTold,
    response_description="一页案件",
    responses={**VIEWED, **problems.declared(problems.BAD_CURSOR, *READS)},
)
async def list_response_time_cases(asked: Annotated[ResponseCasesAsked, Query()], visit: Visiting) -> Response:
    """一行响应时间里的每一件：所填、登记、计数的时间和差多少，有疑点的可以单看；`count` 与那一行的件数相符。"""

    def told(at: AsOf, scope: Scope) -> Model:
        try:
            found = response_cases(at.views, scope, asked, at.territory)
        except BadCursor as bad:
            raise Problem(problems.BAD_CURSOR) from bad
        return ResponseCasesTold(**dict(found), position=at.position)

    return await looked_up(asked, visit, told, visit.service.casework.territory.edition)


@router.get(
    "/views/holding",
    operation_id="get_holding",
    summary="经手时间",
    response_model=HoldingTold,
    response_description="案件在谁手上停留多久、退回几次",
    responses={**VIEWED, **problems.declared(*READS)},
)
async def get_holding(asked: Annotated[HoldingAsked, Query()], visit: Visiting) -> Response:
    """所负责范围内案件在各单位、各级、各经办人手上停留了多久，只按编号排列，不排名次；一案先后在谁手上，见其时限。"""

    def told(at: AsOf, scope: Scope) -> Model:
        return HoldingTold(rows=holding(at.views, scope, asked, at.territory), position=at.position)

    return await looked_up(asked, visit, told, visit.service.casework.territory.edition)


def _cases(asked: ResponseTimesAsked, row: ResponseTimeRow) -> str:
    """Where the cases behind a row are listed."""
    query = asked.model_dump(mode="json", exclude={"by", "exact", "after"}, exclude_defaults=True)
    return f"{CASES}?{urlencode({'stage': asked.stage.value, **query, **narrowed(asked.by, asked, row)})}"
