"""Reading the views: the docket and the workload, each within what the asker is responsible for."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response, Security
from pydantic import Field

from api import problems
from api.door import DoorRoute, Visit, Visiting
from api.identity import SCHEME, Identity
from api.invalid import Fault
from api.past import LookingBack, looked_back
from api.problems import RETRY_AFTER, VIEWS_BEHIND, Problem, invalid, of_view
from api.reading import scope_of
from api.service import Service
from api.tags import VIEWED, conditional, is_known, tagged
from domain.model import Model
from domain.territory import Level
from projections.alike import alike_counts
from projections.docket import BadCursor, DocketPage, DocketQuery, docket
from projections.naming import ViewUnderway
from projections.reading import AsOf
from projections.scope import Scope
from projections.workload import WorkloadFigures, WorkloadQuery, workload

router = APIRouter(
    prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME), Depends(conditional)], tags=["台账与统计"]
)

Told = Callable[[AsOf, Scope], Model]
"""What is answered to whoever may see so much."""
READS = (
    *problems.READING,
    problems.FORBIDDEN,
    problems.VIEWS_BEHIND,
    problems.VIEW_UNDERWAY,
    problems.BEING_RESTORED,
)


class Following(LookingBack):
    """What a view is asked for besides its own query."""

    after: int | None = Field(
        default=None, ge=0, le=2**53 - 1, description="等到统计追上这个位置（回执里的 position）再答；等不到答 503"
    )


class DocketAsked(DocketQuery, Following):
    """台账的查询条件。"""

    alike: bool = Field(default=False, description="每行写上有几件疑似重复的在办案件")


class WorkloadAsked(WorkloadQuery, Following):
    """工作量的查询条件。"""


class WorkloadTold(WorkloadFigures):
    """工作量，以及它追到的位置。"""

    position: int


@router.get(
    "/incidents",
    operation_id="list_incidents",
    summary="台账",
    response_model=DocketPage,
    response_description="一页案件",
    responses={**VIEWED, **problems.declared(problems.BAD_CURSOR, *READS)},
)
async def list_incidents(asked: Annotated[DocketAsked, Query()], visit: Visiting) -> Response:
    """所负责范围内的案件，按条件筛选、排序、翻页；`capped` 为 true 时件数只数到一万。

    按经办人查自己、按单位查自己的单位，范围以外的也列出。
    """
    service = visit.service
    if "limit" not in asked.model_fields_set:
        asked = asked.model_copy(update={"limit": service.settings.page_size})
    if service.casework.territory.level(asked.territory) is Level.CITY:
        asked = asked.model_copy(update={"territory": None})  # a store serves one city

    def page(at: AsOf, scope: Scope) -> Model:
        try:
            seen = Scope.all() if is_own(asked, visit.asker) else scope
            found = docket(at.views, seen, asked, at.now, at.territory)
        except BadCursor as bad:
            raise Problem(problems.BAD_CURSOR) from bad
        return with_alike(found, at, service) if asked.alike else found

    return await looked_up(asked, visit, page, turning=True)


@router.get(
    "/views/workload",
    operation_id="get_workload",
    summary="工作量",
    response_model=WorkloadTold,
    response_description="按辖区、经办人或单位的工作量",
    responses={**VIEWED, **problems.declared(*READS)},
)
async def get_workload(asked: Annotated[WorkloadAsked, Query()], visit: Visiting) -> Response:
    """所负责范围内每一级辖区、每名经办人、每个单位或每种性质做了多少、手上有多少，可按日分列；辖区按当时或现在的划分。

    按辖区的另有每千户、每名网格员的件数和各处的分布，好看出哪里担子重。只按编号排列，不给人排名次。
    居民困难意外的件数为 1 或 2 的不公布。
    """

    def told(at: AsOf, scope: Scope) -> Model:
        found = workload(at.views, scope, asked, at.territory, at.now)
        return WorkloadTold(rows=found.rows, distribution=found.distribution, position=at.position)

    return await looked_up(asked, visit, told, turning=True)


async def looked_up(
    asked: Following, visit: Visit, told: Told, edition: str = "", *, turning: bool = False
) -> Response:
    """The view as it was then, or as of a position not before `after`: that of the snapshot which the rows are from.

    `edition` tells apart the answers of one position: what they depend on besides the cases. Where lights turn
    with time alone (`turning`), only the answer itself tells: it is looked up, and not sent again.
    """
    service = visit.service
    scope = scope_of(visit.asker, service.casework.territory)
    require_place(getattr(asked, "territory", None), service)
    after = asked.after or 0
    if asked.looks_back:
        require_no_waiting(asked)
        return await looked_back(asked, visit, scope, told)

    def answer() -> Response | None:
        """None where the views have not come so far, whatever was heard of them."""
        with service.views.snapshot() as views:
            if views.position < after:
                return None
            tag = f'W/"{views.position}{edition and "-"}{edition}"'
            if not turning and is_known(visit.request, tag):
                return tagged(tag, position=views.position)
            casework = service.casework
            found = told(AsOf(views, service.clock(), casework.territory, casework.clocks), scope)
        if turning:
            shown = found.model_dump_json(exclude={"next"})  # a cursor says when it was made
            tag = f'W/"{views.position}-{sha256(shown.encode()).hexdigest()[:16]}"'
            if is_known(visit.request, tag):
                return tagged(tag, position=views.position)
        return tagged(tag, found.model_dump_json(), views.position)

    for _ in range(2):
        await require_position(after, service)
        if (answered := await service.read(answer)) is not None:
            return answered
        await service.read(service.views.look)  # what was heard of was lost again
    raise await behind(service)


def require_no_waiting(asked: Following) -> None:
    """Raise `Problem` (422) where what was then is to be waited for as well."""
    if asked.after is not None:
        raise invalid([Fault(detail="看过去的数字不用等，请去掉 after。", parameter="after")])


def require_place(node: str | None, service: Service) -> None:
    """Raise `Problem` (422) for a place the territory never had: nothing found there would mean nothing."""
    if node is not None and node not in service.casework.territory.node:
        raise invalid([Fault(detail="辖区里没有这个编号，请核对。", parameter="territory")])


def is_own(asked: DocketQuery, asker: Identity) -> bool:
    """Whether only what was handed to the asker or their unit is asked for, which is theirs wherever it lies."""
    return asked.officer == asker.actor or (asked.unit is not None and asked.unit == asker.unit)


def with_alike(page: DocketPage, at: AsOf, service: Service) -> DocketPage:
    """The same page, each open case with how many others, anywhere, may be about the same matter."""
    ids = [row.incident_id for row in page.items]
    counts = alike_counts(at.views, service.casework.files, Scope.all(), ids, at.table)
    items = (row.model_copy(update={"alike": counts.get(row.incident_id)}) for row in page.items)
    return page.model_copy(update={"items": tuple(items)})


async def require_position(after: int, service: Service) -> None:
    """Wait until the views have come this far. Raises `Problem`: nothing is stored there (422), or not yet (503)."""
    if after <= service.views.position:
        return
    if after > await service.read(service.casework.files.store.max_notification_id):
        raise invalid([Fault(detail="案卷库里还没有这个位置，请用回执里的 position。", parameter="after")])
    if not await service.views.wait_for(after, service.settings.wait_timeout):
        raise await behind(service)


async def behind(service: Service) -> Problem:
    """Why somebody waited in vain: the views lag, or there is none yet."""
    missing = [view for view in await service.read(service.views.underway) if not view.shown]
    if missing and not service.views.position:
        return of_view(ViewUnderway(missing[0]))
    return Problem(VIEWS_BEHIND, headers={"Retry-After": RETRY_AFTER})
