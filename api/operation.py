"""For whoever runs the service: alive, ready, measured. No identity asked, nothing personal told."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field

from api import problems
from api.door import OpenRoute
from api.service import InService, Service
from domain import access, books, erasure, register, rostering
from domain.casework import keyring
from domain.casework.asking import StoreUnavailable
from domain.incident import rules as incident
from domain.model import Model
from domain.registry import rules as registry
from projections.database import DatabaseUnavailable
from projections.engine import Standing

BOOKS_OF_RULES = (
    *(incident.RULES, register.RULES, registry.RULES, books.RULES, rostering.RULES),
    *(erasure.RULES, keyring.RULES, access.RULES),
)

router = APIRouter(route_class=OpenRoute, tags=["运行"], responses=problems.declared(problems.UNEXPECTED))


class Alive(Model):
    status: str = "alive"


class Building(Model):
    """正在建立或重建的一项统计。`shown` 为 true 时，重建期间照常可以查询原有的；为 false 时建成才能查询。"""

    view: str
    done: int = Field(description="已汇总的记录数")
    events: int = Field(description="共有多少记录；还没有开始的为0")
    shown: bool


class Sealing(Model):
    """封存的进度。`lag` 是还没有封存的记录数，平时一秒以内归零。

    `failing` 为 true 表示这里封存不成（原因见日志），会再试；办事不受影响。
    """

    position: int
    lag: int
    failing: bool


class Outside(Model):
    """检查点在外部的留存。`failing` 是最近一次没有交到的处数（原因见 bidao doctor），会再试；封存和办事不受影响。"""

    places: int
    failing: int


class Ready(Model):
    """案卷库可以读取；`lag` 是还没有汇总进统计的记录数，正在建立的统计不算在内。

    `following` 为 false 表示统计停住：出错（原因见日志），或者没有进程维护视图（请运行 bidao follow）。
    `failing` 为 true 表示 `building` 里有的在这里建不成（原因见日志），会再试；其余统计照常。
    `sealing` 为 null 表示这台机器上没有封存用的密钥（bidao keys init）。
    `outside` 为 null 表示检查点没有交给别处留存（BIDAO_HOLDERS、BIDAO_STAMP_URL）。
    """

    status: str = "ready"
    store_position: int
    views_position: int
    lag: int
    following: bool
    building: tuple[Building, ...]
    failing: bool
    sealing: Sealing | None
    outside: Outside | None


class RuleText(Model):
    """一条规则：固定编号，和说给当事人听的话（花括号处填入当时的情形）。"""

    rule: str
    sentence: str


@router.get("/livez", operation_id="get_liveness", summary="服务是否在运行", response_description="在运行")
async def livez() -> Alive:
    """进程在运行、能应答。"""
    return Alive()


@router.get(
    "/readyz",
    operation_id="get_readiness",
    summary="服务是否就绪",
    response_description="就绪",
    responses=problems.declared(problems.STORE_DOWN),
)
async def readyz(service: InService) -> Ready:
    """案卷库可以读取；并说明统计落后多少。"""
    stored, (shown, kept) = await _standing(service)
    lag = max(0, stored - shown)
    following = service.views.error is None and (lag == 0 if kept is None else kept)
    building = tuple(
        Building(view=one.name, done=one.done, events=one.events, shown=one.shown)
        for one in await service.read(service.views.underway)
    )
    return Ready(
        store_position=stored,
        views_position=shown,
        lag=lag,
        following=following,
        building=building,
        failing=bool(building) and service.views.building_error is not None,
        sealing=await _sealing(service, stored),
        outside=await _outside(service),
    )


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="运行指标",
    response_class=Response,
    response_description="Prometheus 文本格式",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(service: InService) -> Response:
    """各类命令的次数与结果、各地址的答复时间、统计的进度；案卷库没有应答时 `bidao_store_up` 为 0，其余照样给出。"""
    try:
        stored, views = await _standing(service)
        underway = await service.read(service.views.underway)
    except (StoreUnavailable, DatabaseUnavailable):
        service.metrics.unanswered()
    else:
        service.metrics.positions(stored, views.position)
        service.metrics.built(stored, [view.done for view in underway])
        if sealing := await _sealing(service, stored):
            service.metrics.sealed(sealing.position, sealing.lag, failing=sealing.failing)
    if outside := await _outside(service):
        service.metrics.handed_over(outside.places, outside.failing)
    return Response(generate_latest(service.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


@router.get(
    "/api/v1/rules",
    operation_id="list_rules",
    tags=["规则"],
    summary="规则书",
    response_description="全部规则",
)
async def rules() -> tuple[RuleText, ...]:
    """每条规则的编号和说法；拒绝办理时 `rule` 就是这里的编号。"""
    return tuple(RuleText(rule=rule.id, sentence=rule.sentence) for book in BOOKS_OF_RULES for rule in book.values())


async def _standing(service: Service) -> tuple[int, Standing]:
    """Where the store and the views stand, as both say now. Raises `StoreUnavailable`, `DatabaseUnavailable`."""
    stored = await service.read(service.casework.files.store.max_notification_id)
    return stored, await service.read(service.views.look)


async def _sealing(service: Service, stored: int) -> Sealing | None:
    """How far the log has come of so many events."""
    found = await service.read(service.sealer.standing)
    if found is None:
        return None
    return Sealing(position=found.position, lag=max(0, stored - found.position), failing=found.failing)


async def _outside(service: Service) -> Outside | None:
    """How many places are to have checkpoints, and do not take them."""
    if not service.outside.places:
        return None
    return Outside(places=len(service.outside.places), failing=await service.read(service.outside.failing))
