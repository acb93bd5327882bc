"""疑似重复: what may be about one matter. Whoever asks decides; nothing is merged by itself."""

from __future__ import annotations

from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Query, Response, Security
from pydantic import ConfigDict, Field, JsonValue

from api import problems
from api.case_files import READS as OF_CASE
from api.door import DoorRoute, Visiting
from api.identity import SCHEME
from api.incidents import IncidentId
from api.offering import look_for
from api.problems import NOT_FOUND, Problem
from api.reading import everywhere_for, require_readable
from api.service import Service
from api.tags import VIEWED, conditional
from api.views import READS, Following, looked_up
from domain.casework.recording import RecordedEvent
from domain.incident.events import Reported
from domain.model import Category, Code, Model, Personal, Point
from projections.alike import Alike, Sought, alike
from projections.clusters import Clusters, ClustersQuery, clusters
from projections.reading import AsOf
from projections.scope import Scope

TAG = "疑似重复"
router = APIRouter(prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME)], tags=[TAG])
EXAMPLE: dict[str, JsonValue] = {
    "category": "0101",
    "position": {"longitude": 109.9584, "latitude": 27.5511, "crs": "gcj02"},
}


class AboutToReport(Model):
    """准备反映的一件事：类别，以及楼栋或坐标。坐标是个人信息，只写在正文里，不进网址，也不保存。"""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    name: ClassVar[str] = "find-alike"

    category: Category = Field(description="大类2位+小类2位")
    building: Code | None = Field(default=None, description="楼栋编号", examples=[None])
    position: Personal[Point | None] = Field(default=None, description="坐标及其坐标系")


class ClustersAsked(ClustersQuery, Following):
    """案件群的查询条件。"""


@router.get(
    "/incidents/{incident_id}/alike",
    operation_id="list_alike",
    summary="疑似重复的案件",
    response_model=Alike,
    response_description="同类别、时间和地点相近的在办案件",
    responses={**VIEWED, **OF_CASE, **problems.declared(*READS, problems.NOT_FOUND)},
    dependencies=[Depends(conditional)],
)
async def list_alike(incident_id: IncidentId, asked: Annotated[Following, Query()], visit: Visiting) -> Response:
    """与一个案件可能说的是同一件事的在办案件：同一楼栋，或相距不远（由时限表规定，默认 50 米）。

    不限于所负责的范围；只列出。
    """
    lines = await visit.service.casework.history(str(incident_id))
    require_readable(lines, visit.asker, visit.service.casework.territory)
    service = visit.service
    everywhere = everywhere_for(visit.asker, service.casework.territory)

    def told(at: AsOf, _scope: Scope) -> Model:
        known = [line for line in lines if not asked.looks_back or line.position <= at.position]
        if not known:
            raise Problem(NOT_FOUND, "那时还没有这个案件。")
        return alike(at.views, service.casework.files, everywhere, sought_by(known), at.table)

    return await looked_up(asked, visit, told, f"{lines[-1].version}-{edition_of(service)}")


@router.post(
    "/alike",
    operation_id="find_alike",
    summary="反映之前先看有没有人反映过",
    response_model=Alike,
    response_description="同类别、时间和地点相近的在办案件",
    responses=problems.declared(
        *READS, problems.MALFORMED, problems.TOO_SLOW, problems.TOO_LARGE, problems.WRONG_MEDIA
    ),
)
async def find_alike(about: AboutToReport, visit: Visiting) -> Response:
    """准备反映的事，是否已有同类别、时间和地点相近的在办案件，不限于所负责的范围。只是查询，什么也不保存，不需要幂等键。"""
    service = visit.service
    everywhere = everywhere_for(visit.asker, service.casework.territory)
    sought = Sought(about.category, service.clock(), about.building, about.position)
    return private(await look_for(service, everywhere, sought))


@router.get(
    "/views/clusters",
    operation_id="list_clusters",
    summary="疑似重复的案件群",
    response_model=Clusters,
    response_description="案件群，大的在前",
    responses={**VIEWED, **problems.declared(*READS)},
    dependencies=[Depends(conditional)],
)
async def list_clusters(asked: Annotated[ClustersAsked, Query()], visit: Visiting) -> Response:
    """所负责范围内，两两相近或辗转相近的在办案件，成群列出，供研判是否并案。"""
    service = visit.service

    def told(at: AsOf, scope: Scope) -> Model:
        return clusters(at.views, service.casework.files, scope, asked, at.table)

    return await looked_up(asked, visit, told, edition_of(service))


def sought_by(lines: list[RecordedEvent]) -> Sought:
    """A case as it stands, corrections and all; its position is that of the report."""
    first, keys = lines[0].event, lines[-1].keys
    return Sought(
        category=keys.standing.category,
        reported_at=keys.reported_at,
        building=keys.standing.place.building,
        position=first.position if isinstance(first, Reported) else None,
        incident_id=lines[0].case_id,
    )


def edition_of(service: Service) -> str:
    """What is alike depends on the rule table in force too, which changes with time alone."""
    registers = service.casework.registers
    return f"{registers.clocks.table_at(registers.now).version}-{registers.version('books')}"


def private(told: Model) -> Response:
    """An answer to a question that no cache may keep."""
    return Response(told.model_dump_json(), headers={"Cache-Control": "no-store"}, media_type="application/json")
