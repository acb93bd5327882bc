"""The clocks and holders of one case: anybody can add up by hand when something is due, and who had it how long."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response, Security

from api.case_files import READS, Moment, lines_of
from api.door import DoorRoute, Visiting
from api.identity import SCHEME
from api.incidents import IncidentId
from api.tags import TAGGED, conditional, is_known, tagged
from domain.casework.case_clocks import ClockReadings, case_clocks

router = APIRouter(
    prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME), Depends(conditional)], tags=["案卷"]
)


@router.get(
    "/incidents/{incident_id}/clocks",
    operation_id="get_incident_clocks",
    summary="时限",
    response_model=ClockReadings,
    response_description="各个时钟：时限、灯色、到期时间、计入的每一段；各经手人停留多久",
    responses={**TAGGED, **READS},
)
async def get_incident_clocks(incident_id: IncidentId, moment: Annotated[Moment, Query()], visit: Visiting) -> Response:
    """案件的全部时钟。`as_of` 给出那一刻的；`account` 逐日写明怎样算到到期时间，`holders` 写明先后在谁手上。"""
    lines = await lines_of(str(incident_id), moment, visit)
    now = moment.as_of or visit.service.clock()
    told = case_clocks(lines, visit.service.casework.clocks, now, visit.service.names)
    shown = told.model_dump_json(exclude={"at": True, "holders": {"__all__": {"seconds"}}})  # which time alone moves
    tag = f'W/"{sha256(shown.encode()).hexdigest()[:16]}"'
    if is_known(visit.request, tag):
        return tagged(tag)
    return tagged(tag, told.model_dump_json())
