"""查找当事人: in which cases somebody is spoken of, asked by phone or name in a body, never in an address.

It is not recorded who looked for whom: names and phones are personal and not sensitive, whoever finds may list and read
these cases anyway, and the record itself would have to keep whom they meant. What is sensitive, a child's name, is not
in the index: it is read by `reveal` alone, and that is recorded.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Annotated, Any, ClassVar, Self

from fastapi import APIRouter, Response, Security
from pydantic import ConfigDict, Field, JsonValue, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from api import problems
from api.alike import private
from api.door import DoorRoute, Visiting
from api.identity import SCHEME
from api.problems import RETRY_AFTER, VIEWS_BEHIND, Problem
from api.reading import scope_of
from api.service import Service
from api.views import READS, require_position
from domain.casework.key_encryption import WrappingUnusable
from domain.model import Model, Name, Personal
from projections.finding import FoundCases, found
from projections.naming import ViewUnderway
from projections.scope import Scope

router = APIRouter(prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME)], tags=["台账与统计"])
EXAMPLE: dict[str, JsonValue] = {"phone": "138 0000 0000"}
LOOK = 0.02
"""Seconds from one look to the next, whether the index has come so far."""
Dialled = Annotated[str, StringConstraints(pattern=r"^[+＋(（]{0,2}[0-9０-９][0-9０-９ ().（）．-]{0,30}[0-9０-９]$")]


def _one_of_them(schema: dict[str, Any]) -> None:
    schema |= {"examples": [EXAMPLE], "minProperties": 1, "maxProperties": 1}
    for asked in schema["properties"].values():
        asked.pop("default")


class Wanted(Model):
    """要找的人：电话或姓名，填一项。与登记的完全相同才算；空格、连字符、点、括号、86、全角半角不计。只写在正文里，不保存。"""

    model_config = ConfigDict(json_schema_extra=_one_of_them)
    name: ClassVar[str] = "search"

    phone: Personal[Dialled] = Field(default="", description="电话")
    called: Personal[Name] = Field(default="", alias="name", description="姓名，一字不差")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("one_of_them", "either phone or name")
        return self


@router.post(
    "/incidents/search",
    operation_id="search_incidents",
    summary="查找当事人",
    response_model=FoundCases,
    response_description="说到这个人的案件",
    responses=problems.declared(
        *READS, problems.MALFORMED, problems.TOO_SLOW, problems.TOO_LARGE, problems.WRONG_MEDIA
    ),
)
async def search_incidents(wanted: Wanted, visit: Visiting) -> Response:
    """所负责范围内，哪些案件说到有这个电话、叫这个姓名的人：反映人、代谁反映、监护人、到会的、作承诺的、到场的。

    只供工作人员，答的是台账里本来看得到的行，后反映的在前。依法删除、限制使用的人找不到；孩子按监护人找。只是查询，不需要幂等键。
    """
    service = visit.service
    scope = scope_of(visit.asker, service.casework.territory)
    head = await service.read(service.casework.files.store.max_notification_id)
    await require_position(head, service)
    kind, value = ("phone", wanted.phone) if wanted.phone else ("name", wanted.called)
    return private(await _found(service, scope, kind, value, head))


async def _found(service: Service, scope: Scope, kind: str, value: str, head: int) -> FoundCases:
    """Whatever was said, redacted or forgotten before the question counts. Raises `Problem` where it takes too long."""

    def look() -> FoundCases | None:
        with service.views.reading() as transaction:
            token = service.views.index.token(transaction, kind, value, head)
            return token and found(transaction, scope, token, service.clock())

    trouble: Exception = Problem(VIEWS_BEHIND, headers={"Retry-After": RETRY_AFTER})
    ends = monotonic() + service.settings.wait_timeout
    while True:
        try:
            if (answer := await service.read(look)) is not None:
                return answer
        except (ViewUnderway, WrappingUnusable) as not_now:  # its key may be replaced at this very moment
            trouble = not_now
        if monotonic() > ends:
            raise trouble
        await asyncio.sleep(LOOK)
