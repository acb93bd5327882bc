"""The territory: its commands, sheets to import, and the tree as drawn now or then."""

from __future__ import annotations

import asyncio
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response, Security

from api import problems
from api.door import DoorRoute, Visit, Visiting
from api.identity import SCHEME
from api.incidents import ANSWERS, ETAG, Key, caller_of
from api.invalid import Fault
from api.problems import Problem, invalid
from api.proving import ProvenRegisterReceipt
from api.registers import DryRun, Rehearsal, add_commands, asking, plainly
from api.sheets import faulty_rows, import_of, unfit
from api.tags import TAGGED, conditional, is_known, tagged
from api.tree import Moment, NodeFile, NodePage, TerritoryAsked, chosen, file_of, page
from domain.casework.application import Casework
from domain.model import Model, Role
from domain.register import RowsRefused
from domain.registry import drawn
from domain.registry.commands import ALL, ImportTerritory
from domain.registry.sheets import Sheet, SheetName, SheetUnreadable, read_sheet
from domain.territory import Territory

TAG = "辖区"
CSV = "text/csv"
EXAMPLE = "编号,名称\nunit-gardens,区园林所\n"

router = APIRouter(prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME)])
add_commands(router, ALL, TAG)


async def import_sheet(
    key: Key,
    visit: Visiting,
    sheet: Annotated[SheetName | None, Query(description="哪张表；不填则按表头辨认")] = None,
    dry_run: DryRun = False,
) -> Response:
    """导入一张 CSV 表：UTF-8（有无 BOM 均可）或 GB18030，表头中英文均可；有一行不对就一行也不导入，并逐行说明。"""
    try:
        read = read_sheet(await body_of(visit), sheet)
    except SheetUnreadable as unreadable:
        raise invalid([Fault(detail=str(unreadable))]) from None
    if read.bad:
        no = await unfit(import_of([read]), visit.service.casework, caller_of(visit, key))
        raise invalid([Fault(detail=sentence) for sentence in faulty_rows([read], no)])
    return await taken_in(read, key, visit, dry_run)


async def taken_in(sheet: Sheet, key: str, visit: Visit, dry_run: bool) -> Response:
    """Ask for the rows. Raises `Problem` (409) with a fault for every row that does not fit."""
    try:
        return await asking(ImportTerritory, plainly)(import_of([sheet]), key, visit, dry_run)
    except RowsRefused as no:
        faults = tuple(Fault(detail=sentence) for sentence in faulty_rows([sheet], no))
        raise Problem(problems.REFUSED, no.sentence, rule=no.rule.id, errors=faults) from None


async def body_of(visit: Visit) -> bytes:
    """The sheet. Raises `Problem`: not CSV (415), or too large (413)."""
    request, limit = visit.request, visit.service.settings.import_limit
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != CSV:
        raise Problem(problems.WRONG_MEDIA, f"请用 Content-Type: {CSV}。")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Problem(problems.TOO_LARGE, f"表格不能超过 {limit} 字节，请分几次导入。")
    return body


router.add_api_route(
    "/territory/import",
    import_sheet,
    methods=["POST"],
    operation_id="import_territory_sheet",
    summary="导入表格",
    tags=[TAG],
    response_model=ProvenRegisterReceipt | Rehearsal,
    response_description="回执；试算时为试算结果",
    responses={200: {"headers": ETAG}, **problems.declared(*ANSWERS)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {CSV: {"schema": {"type": "string"}, "example": EXAMPLE}},
        }
    },
)


@router.get(
    "/territory",
    operation_id="list_territory",
    summary="辖区",
    tags=[TAG],
    dependencies=[Depends(conditional)],
    response_model=NodePage,
    response_description="一页节点",
    responses={**TAGGED, **problems.declared(problems.BAD_CURSOR, *problems.READING)},
)
async def list_territory(asked: Annotated[TerritoryAsked, Query()], visit: Visiting) -> Response:
    """市、区、街道、社区、小区、网格、楼栋，按层级、上级筛选；可看任何时刻的划分，可只看没有网格员的网格。"""
    territory = await territory_at(asked.as_of, visit.service.casework)
    return told(page(list(chosen(territory, asked)), territory, asked), visit)


@router.get(
    "/territory/{node}",
    operation_id="get_territory_node",
    summary="一个节点",
    tags=[TAG],
    dependencies=[Depends(conditional)],
    response_model=NodeFile,
    response_description="节点",
    responses={**TAGGED, **problems.declared(problems.NO_NODE, *problems.READING)},
)
async def get_territory_node(
    node: Annotated[str, Path(description="节点编号")], asked: Annotated[Moment, Query()], visit: Visiting
) -> Response:
    """一个节点现在或某一时刻的样子：路径、下级、人员、楼栋长，用过的名称和代码。"""
    asker, casework = visit.asker, visit.service.casework
    territory = await territory_at(asked.as_of, casework)
    found = territory.node.get(node)
    if found is None:
        raise Problem(problems.NO_NODE)
    in_charge = asker.scope in {above.id for above in casework.territory.path(node)}  # today, whenever is looked at
    return told(file_of(found, territory, resident=asker.role is Role.RESIDENT, in_charge=in_charge), visit)


async def territory_at(moment: datetime | None, casework: Casework) -> Territory:
    """The territory in force now, or as drawn at a moment by whatever the store knows today."""
    if moment is None:
        return casework.territory
    events: list[Any] = [line.event for line in await casework.register_history("territory")]
    nothing = Territory(codes=casework.territory.codes)
    return await asyncio.to_thread(drawn, nothing, events, moment)


def told(answer: Model, visit: Visit) -> Response:
    """The answer under a tag of its words: the same words are the same territory, whatever came between."""
    words = answer.model_dump_json()
    tag = f'W/"{sha256(words.encode()).hexdigest()[:32]}"'
    return tagged(tag, None if is_known(visit.request, tag) else words)
