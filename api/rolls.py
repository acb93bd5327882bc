"""Rolls: households that are visited, members who checked in. The body is the command; what is kept is read by line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import getdoc
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Response, Security
from pydantic import AwareDatetime, Field, JsonValue

from api import problems
from api.door import DoorRoute, Visiting
from api.identity import SCHEME, Identity
from api.incidents import ANSWERS, ETAG, Key, caller_of, operation_id
from api.problems import NOT_FOUND, Problem
from api.proving import ProvenRollReceipt, proven
from api.reading import Eyes, covered
from api.tags import TAGGED, conditional, is_known, tagged
from domain import household, membership
from domain.casework.asking import NotFound
from domain.casework.recording import RollLine
from domain.casework.rolls import AnyCommand, folded
from domain.household import Household
from domain.model import Model, Role
from domain.rolls import READERS, EntryId, RollName, answers_for
from domain.telling import tell
from domain.territory import Place, Territory

router = APIRouter(prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME)])

NOBODY = "名册里没有这个编号，或不归您负责；没有登记过的，请先登记。"
T = TypeVar("T")
EntryPath = Annotated[EntryId, Path(description="编号，由登记的一方给，随机、不透明；不要用身份证号、电话")]


class EntryLine(Model):
    """名册里的一行：谁、以什么身份、何时、做了什么。敏感信息以 *** 代替。"""

    version: int
    position: int
    type: str
    label: str
    sentence: str
    actor: str
    actor_name: str | None
    role: Role
    occurred_at: AwareDatetime
    recorded_at: AwareDatetime
    effective_at: AwareDatetime
    data: dict[str, JsonValue]


class EntryFile(Model):
    """名册里的一户，或一名报到者：现在怎样，和全部经过。"""

    entry: str
    version: int
    enrolled: bool = Field(description="在册没有")
    place: Place = Field(description="登记时的所在")
    must_visit: bool | None = Field(description="住户是不是每月必访；属于哪几类是敏感信息，不在这里显示")
    events: tuple[EntryLine, ...]


def asking(kind: type[AnyCommand]) -> Callable[..., Awaitable[Response]]:
    """The endpoint of one command on an entry."""

    async def ask(entry_id: EntryPath, command: AnyCommand, key: Key, visit: Visiting) -> Response:
        receipt = await _of_entry(visit.service.casework.rolls.ask(entry_id, command, caller_of(visit, key)))
        visit.request.state.outcome = "changed" if receipt.changed else "unchanged"
        told = await proven(visit.service, receipt)
        return Response(told, 200, {"ETag": f'"{receipt.version}"'}, "application/json")

    ask.__annotations__["command"] = kind
    return ask


def reading(roll: RollName) -> Callable[..., Awaitable[Response]]:
    """The endpoint of what is kept of one entry."""

    async def read(entry_id: EntryPath, visit: Visiting) -> Response:
        lines = await _of_entry(visit.service.casework.rolls.history(roll, entry_id))
        require_readable(lines, visit.asker, visit.service.casework.territory)
        tag = f'"{lines[-1].version}"'
        if is_known(visit.request, tag):
            return tagged(tag)
        return tagged(tag, entry_file(roll, lines, visit.service.names).model_dump_json())

    return read


def require_readable(lines: Sequence[RollLine], asker: Identity, territory: Territory) -> None:
    """Raise `Problem` (404) unless the asker answers for where the entry belongs, or for a part of it."""
    place = territory.redrawn(lines[-1].standing.place)
    if asker.role not in READERS or not answers_for(asker.scope, place, territory, from_within=True):
        raise Problem(NOT_FOUND, NOBODY)


async def _of_entry(asked: Awaitable[T]) -> T:
    """What is answered of an entry. Raises `Problem` (404) where there is none."""
    try:
        return await asked
    except NotFound:
        raise Problem(NOT_FOUND, NOBODY) from None


def entry_file(roll: RollName, lines: Sequence[RollLine], names: Mapping[str, str]) -> EntryFile:
    """An entry as people read it."""
    entry = folded(roll, lines)
    return EntryFile(
        entry=entry.id,
        version=lines[-1].version,
        enrolled=entry.enrolled,
        place=entry.standing.place,
        must_visit=bool(entry.groups) if isinstance(entry, Household) else None,
        events=tuple(_line(line, names) for line in lines),
    )


def _line(line: RollLine, names: Mapping[str, str]) -> EntryLine:
    event = covered(line.event, Eyes(names), theirs=True)
    same: dict[str, Any] = {field: getattr(line, field) for field in SAME}
    return EntryLine(
        **same,
        type=event.type,
        label=event.label,
        sentence=tell(event, names),
        actor_name=names.get(line.actor),
        data=event.model_dump(mode="json", exclude_none=True, exclude={"type"}, warnings=False),
    )


SAME = EntryLine.model_fields.keys() & RollLine.model_fields.keys()
ROLLS: tuple[tuple[RollName, str, str, Sequence[type[AnyCommand]]], ...] = (
    ("household", "households", "走访", household.COMMANDS),
    ("member", "members", "双报到", membership.COMMANDS),
)
for roll, path, tag, kinds in ROLLS:
    router.add_api_route(
        f"/{path}/{{entry_id}}",
        reading(roll),
        methods=["GET"],
        name=f"get-{roll}",
        operation_id=f"get_{roll}",
        summary=f"{tag}名册里的一条",
        description="现在怎样，和全部经过。只有负责这一处的人看得到。",
        tags=[tag],
        response_model=EntryFile,
        response_description="名册里的一条",
        responses={**TAGGED, **problems.declared(*problems.READING, problems.NOT_FOUND)},
        dependencies=[Depends(conditional)],
    )
    for kind in kinds:
        router.add_api_route(
            f"/{path}/{{entry_id}}/{kind.name}",
            asking(kind),
            methods=["POST"],
            name=kind.name,
            operation_id=operation_id(kind),
            summary=kind.label,
            description=getdoc(kind),
            tags=[tag],
            response_model=ProvenRollReceipt,
            response_description="回执；`changed` 为 false 表示本来就是这样，没有新增记录",
            responses={200: {"headers": ETAG}, **problems.declared(*ANSWERS, problems.NOT_FOUND)},
        )
