"""The sealed log for whoever checks it: checkpoint, tiles and key as C2SP tlog-tiles has them, and proofs as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Response, Security
from pydantic import Field

from api import problems
from api.door import DoorRoute, Visit, Visiting
from api.identity import SCHEME
from api.problems import NOT_AS_SEALED, NOT_FOUND, NOT_SEALED, Problem
from api.reading import scope_of
from domain.model import Model
from projections.transparency.proofs import (
    Consistency,
    Inclusion,
    NotSealed,
    consistency_of,
    inclusion_of,
    sealed,
)
from projections.transparency.sealing import Log, log_in
from projections.transparency.tiles import WIDTH, tile_path

T = TypeVar("T")
TILE = re.compile(r"((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
"""An index in groups of three digits, and how many hashes where the tile is not full (C2SP tlog-tiles)."""
LARGEST = 2**53
OCTETS = "application/octet-stream"
Size = Annotated[int, Field(ge=1, le=LARGEST)]


def _only_for_staff(visit: Visiting) -> None:
    """Nothing in a log is personal, but how much is written where is nobody else's."""
    scope_of(visit.asker, visit.service.casework.territory)


router = APIRouter(
    prefix="/api/v1/audit",
    route_class=DoorRoute,
    dependencies=[Security(SCHEME), Depends(_only_for_staff)],
    tags=["封存与验证"],
    responses=problems.declared(*problems.READING, problems.FORBIDDEN, NOT_SEALED, NOT_AS_SEALED),
)


class ConsistencyAsked(Model):
    """从哪个大小到哪个大小。"""

    old: Size = Field(alias="from", description="所持检查点的件数", examples=[1])
    new: Size | None = Field(default=None, alias="to", description="后来的件数；不填即现在")


class InclusionAsked(Model):
    """哪一条。"""

    event_position: Size = Field(description="记录的位置，即回执里的 position", examples=[1])


def text(what: str) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI `responses` of what is no JSON."""
    return {200: {"description": what, "content": {"text/plain": {"schema": {"type": "string"}}}}}


@router.get(
    "/checkpoint",
    operation_id="get_checkpoint",
    summary="检查点",
    response_class=Response,
    responses=text("签过名的检查点（C2SP tlog-checkpoint）"),
)
async def get_checkpoint(visit: Visiting) -> Response:
    """最新的检查点：封存了多少条、根哈希和签名。请在别处另存，以后就能查出此前的记录有没有改过。"""
    note, _ = await _asked(visit, sealed)
    return _plain(note)


@router.get(
    "/key",
    operation_id="get_log_key",
    summary="公钥",
    response_class=Response,
    responses=text("核对检查点的公钥（C2SP signed-note）"),
)
async def get_log_key(visit: Visiting) -> Response:
    """现在签名用的公钥。要信得过，请向监督的一方索取，与这里的比对。"""
    return _plain(await _asked(visit, lambda log: f"{log.keys.current}\n"))


@router.get(
    "/tile/{level}/{index:path}",
    operation_id="get_tile",
    summary="哈希块",
    response_class=Response,
    responses={
        200: {
            "description": "一块哈希（C2SP tlog-tiles），每个三十二字节",
            "content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}},
        },
        **problems.declared(NOT_FOUND),
    },
)
async def get_tile(
    level: Annotated[int, Path(ge=0, le=7, description="第几层，从0起", examples=[0])],
    index: Annotated[
        str,
        Path(max_length=40, description="第几块，如 000、x001/234；不满的块后面加 .p/件数", examples=["000.p/1"]),
    ],
    visit: Visiting,
) -> Response:
    """日志的一块哈希，永不改变；只给检查点已经签过的。"""
    tile = await _asked(visit, lambda log: _tile(log, level, index))
    if tile is None:
        raise Problem(NOT_FOUND, "日志里没有这一块，请核对层次、编号和件数。")
    return Response(tile, headers={"Cache-Control": "private, max-age=31536000, immutable"}, media_type=OCTETS)


@router.get(
    "/consistency",
    operation_id="get_consistency",
    summary="前后一致的证明",
    response_description="证明",
)
async def get_consistency(asked: Annotated[ConsistencyAsked, Query()], visit: Visiting) -> Consistency:
    """证明日志是从所持的检查点接着长下来的，从前的一条没有改过（RFC 6962 §2.1.2）。"""
    return await _asked(visit, lambda log: consistency_of(log, asked.old, asked.new))


@router.get(
    "/inclusion",
    operation_id="get_inclusion",
    summary="收录的证明",
    response_description="证明，和它所依据的检查点",
)
async def get_inclusion(asked: Annotated[InclusionAsked, Query()], visit: Visiting) -> Inclusion:
    """证明一条记录在封存的日志里（RFC 6962 §2.1.1）。"""
    store = visit.service.casework.files.store
    return await _asked(visit, lambda log: inclusion_of(log, store, asked.event_position))


async def _asked(visit: Visit, question: Callable[[Log], T]) -> T:
    """What the log answers, on a reading thread. Raises `Problem`, or what says that the log is broken."""

    def ask() -> T:
        log = log_in(visit.service.settings.log_folder)
        if log is None:
            raise NotSealed("这里没有封存用的密钥，没有日志。")
        return question(log)

    try:
        return await visit.service.read(ask)
    except NotSealed as no:
        raise Problem(NOT_SEALED, str(no)) from no


def _tile(log: Log, level: int, written: str) -> bytes | None:
    """The hashes of a tile that the last checkpoint covers; None where it covers no such tile."""
    _, last = sealed(log)
    found = TILE.fullmatch(written)
    if found is None:
        return None
    index, count = int(re.sub("[x/]", "", found[1])), int(found[2] or WIDTH)
    there = (last.size >> (8 * level)) - index * WIDTH
    if count > min(there, WIDTH) or tile_path(level, index, count) != f"tile/{level}/{written}":
        return None
    return b"".join(log.tiles.hashes(level, index, min(there, WIDTH))[:count])


def _plain(told: str) -> Response:
    return Response(told, headers={"Cache-Control": "private, no-cache"}, media_type="text/plain")
