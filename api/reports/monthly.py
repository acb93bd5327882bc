"""Reading the monthly sheet: as JSON, and printed of that JSON as CSV, XLSX, a page, and the charts alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Response, Security

from api import problems
from api.door import DoorRoute, Visit, Visiting
from api.identity import SCHEME
from api.invalid import Fault
from api.problems import FORBIDDEN, Problem, invalid
from api.reports.charts import DRAWING, Chart, drawn
from api.reports.files import as_csv, as_xlsx
from api.reports.page import POLICY, as_page
from api.tags import VIEWED, conditional
from api.views import READS, Following, looked_up, require_place
from domain.model import Model
from projections.monthly import MonthlyQuery, MonthlySheet, NoSheet, monthly
from projections.reading import AsOf
from projections.scope import Scope

router = APIRouter(
    prefix="/api/v1/reports",
    route_class=DoorRoute,
    dependencies=[Security(SCHEME), Depends(conditional)],
    tags=["月报"],
)
CSV, SVG = "text/csv", "image/svg+xml"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class MonthlyAsked(MonthlyQuery, Following):
    """哪一处、哪一个月的月报。"""


Asked = Annotated[MonthlyAsked, Query()]
Drawn = Annotated[Chart, Path(description="哪一张图", examples=[Chart.ON_TIME])]


def declared(media: str, *kinds: problems.Kind) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI `responses` of what is printed as this."""
    printed = {**VIEWED[200], "content": {media: {"schema": {"type": "string"}}}}
    return {**VIEWED, 200: printed, **problems.declared(*kinds, *READS)}


@router.get(
    "/monthly",
    operation_id="get_monthly_report",
    summary="月报",
    response_model=MonthlySheet,
    response_description="月报",
    responses={**VIEWED, **problems.declared(*READS)},
)
async def get_monthly(asked: Asked, visit: Visiting) -> Response:
    """一处辖区及其下一级各处一个月的指标、工作量、响应时间和分布，与各视图所答相同；只说地方，不说人，不排名次。"""

    def told(at: AsOf, scope: Scope) -> Model:
        try:
            return monthly(at, scope, asked)
        except NoSheet as no:
            raise invalid([Fault(detail=str(no), parameter=no.parameter)]) from no

    require_place(asked.territory, visit.service)
    require_in_charge(asked.territory, visit)
    return await looked_up(asked, visit, told, turning=True)


@router.get(
    "/monthly.csv",
    operation_id="get_monthly_report_csv",
    summary="月报（CSV）",
    response_class=Response,
    response_description="UTF-8（带 BOM）的 CSV，一格一行",
    responses=declared(CSV),
)
async def get_monthly_csv(asked: Asked, visit: Visiting) -> Response:
    """同一份月报，给表格软件和程序用；名称以 = + - @ 开头的，前面加了单引号。"""
    return await _printed(asked, visit, as_csv, CSV, ending="csv")


@router.get(
    "/monthly.xlsx",
    operation_id="get_monthly_report_xlsx",
    summary="月报（XLSX）",
    response_class=Response,
    response_description="工作簿，每张表一页",
    responses=declared(XLSX),
)
async def get_monthly_xlsx(asked: Asked, visit: Visiting) -> Response:
    """同一份月报，每张表一页；比率旁边就是分子、分母，时间可以直接加减。"""
    return await _printed(asked, visit, as_xlsx, XLSX, ending="xlsx")


@router.get(
    "/monthly.html",
    operation_id="get_monthly_report_page",
    summary="月报（可打印的网页）",
    response_class=Response,
    response_description="A4 横排，一个文件，不用脚本，不取外面的任何东西",
    responses=declared("text/html"),
)
async def get_monthly_page(asked: Asked, visit: Visiting) -> Response:
    """同一份月报，连图，打印出来就是一份；黑白也清楚。"""
    return await _printed(asked, visit, lambda sheet: as_page(sheet, drawn(sheet, Chart)), "text/html", on=DRAWING)


@router.get(
    "/monthly/{chart}.svg",
    operation_id="get_monthly_report_chart",
    summary="月报里的图",
    response_class=Response,
    response_description="SVG，字是字，可以选、可以搜",
    responses=declared(SVG, problems.UNKNOWN_PATH),
)
async def get_monthly_chart(chart: Drawn, asked: Asked, visit: Visiting) -> Response:
    """一张图：近十二个月按期处置率、每日新增与办结、响应时间、各网格本月新增。"""
    return await _printed(asked, visit, lambda sheet: drawn(sheet, [chart])[chart].encode(), SVG, on=DRAWING)


def require_in_charge(node: str, visit: Visit) -> None:
    """Raise `Problem` (403) for a place beyond what somebody is responsible for: of its sheet they see no part."""
    above = {found.id for found in visit.service.casework.territory.path(node)}
    if visit.asker.scope not in above:
        raise Problem(FORBIDDEN)


async def _printed(
    asked: MonthlyAsked,
    visit: Visit,
    printing: Callable[[MonthlySheet], bytes],
    media: str,
    *,
    ending: str = "",
    on: Executor | None = None,
) -> Response:
    """What is printed of the very sheet that is told as JSON, under its tag; a file by name where it has an ending."""
    answer = await get_monthly(asked, visit)
    if answer.status_code != 200:
        return answer
    sheet = MonthlySheet.model_validate_json(bytes(answer.body))
    visit.take_time()
    written = await asyncio.get_running_loop().run_in_executor(on, printing, sheet)
    kept = {name: value for name, value in answer.headers.items() if name not in ("content-length", "content-type")}
    headers = {**kept, "X-Content-Type-Options": "nosniff", "Content-Security-Policy": POLICY}
    if ending:
        name = quote(f"{sheet.place.name}{sheet.month}月报.{ending}")
        headers["Content-Disposition"] = (
            f"attachment; filename=\"monthly-{sheet.month}.{ending}\"; filename*=UTF-8''{name}"
        )
    return Response(written, headers=headers, media_type=media)
