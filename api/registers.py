"""Commands on registers, all by one pattern: the body is the command; `?dry_run=true` shows and writes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import getdoc
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api import problems
from api.door import Visit, Visiting
from api.incidents import ANSWERS, ETAG, Key, caller_of, operation_id
from api.problems import VIEW_UNDERWAY, VIEWS_BEHIND
from api.proving import ProvenRegisterReceipt, proven
from domain.casework.asking import RegisterReceipt
from domain.erasure import ApproveErasure
from domain.model import Model
from domain.register import RegisterCommand
from domain.registry.events import NodeAdded
from domain.telling import tell

TOLD = 200
DryRun = Annotated[bool, Query(description="只看会有什么变化，不登记任何内容")]


class Rehearsal(Model):
    """试算：会不会有变化，会登记哪几条（最多列二百条）。没有登记任何内容。"""

    version: int
    changed: bool
    count: int = Field(description="会登记多少条")
    would: tuple[str, ...] = Field(description="会登记的内容，最多二百条")


Rehearse = Callable[[RegisterReceipt, Visit], Awaitable[Rehearsal]]
"""A dry run as people read it."""


def asking(kind: type[RegisterCommand], rehearse: Rehearse) -> Callable[..., Awaitable[Response]]:
    """The endpoint of one command on a register."""

    async def ask(command: RegisterCommand, key: Key, visit: Visiting, dry_run: DryRun = False) -> Response:
        if kind is ApproveErasure:  # reads the whole log
            visit.take_time()
        receipt = await visit.service.enact(command, caller_of(visit, key), dry_run=dry_run)
        visit.request.state.outcome = "changed" if receipt.changed and not dry_run else "unchanged"
        if dry_run:
            told = (await rehearse(receipt, visit)).model_dump_json().encode()
        else:
            told = await proven(visit.service, receipt)
        return Response(told, 200, {"ETag": f'"{receipt.version}"'}, "application/json")

    ask.__annotations__["command"] = kind
    return ask


def rehearsal(receipt: RegisterReceipt, names: Mapping[str, str]) -> Rehearsal:
    """What would be written, told; places that would be new are called by the names they would have."""
    new = {event.node.id: event.node.name for event in receipt.events if isinstance(event, NodeAdded)}
    names = {**names, **new}
    return Rehearsal(
        version=receipt.version,
        changed=receipt.changed,
        count=len(receipt.events),
        would=tuple(tell(event, names) for event in receipt.events[:TOLD]),
    )


async def plainly(receipt: RegisterReceipt, visit: Visit) -> Rehearsal:
    """Where nothing else follows from it."""
    return rehearsal(receipt, visit.service.names)


def add_commands(
    router: APIRouter,
    kinds: Sequence[type[RegisterCommand]],
    tag: str,
    rehearse: Rehearse = plainly,
    rehearsed: type[Rehearsal] = Rehearsal,
) -> None:
    """Put the commands under the router, each under its register's name."""
    behind = () if rehearse is plainly else (VIEWS_BEHIND, VIEW_UNDERWAY)
    for kind in kinds:
        router.add_api_route(
            f"/{kind.register}/{kind.name}",
            asking(kind, rehearse),
            methods=["POST"],
            name=kind.name,
            operation_id=operation_id(kind),
            summary=kind.label,
            description=getdoc(kind),
            tags=[tag],
            response_model=ProvenRegisterReceipt | rehearsed,
            response_description="回执；`changed` 为 false 表示本来就是这样，没有新增记录。试算时为试算结果",
            responses={200: {"headers": ETAG}, **problems.declared(*ANSWERS, *behind)},
        )
