"""Looking back: a view is told as it was told at a moment, or when the store had come to a position."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from importlib.metadata import version

from fastapi import Response
from pydantic import Field

from api.door import Visit
from api.invalid import Fault
from api.parameters import WrittenOut
from api.problems import BEING_RESTORED, RETRY_AFTER, Problem, invalid
from api.service import Service
from api.tags import is_known, tagged
from domain.casework.application import Casework
from domain.model import Instant, Model
from projections import ALL
from projections.looking_back import Then, then
from projections.past import NotMade
from projections.reading import AsOf, Snapshot
from projections.scope import Scope

EDITION = " ".join((version("bidao"), *(view.definition() for view in ALL)))
"""What figures are made by: another one may make others of the same events."""


class LookingBack(WrittenOut):
    """When a view is looked at: now, where nothing is said."""

    as_of: Instant | None = Field(
        default=None,
        description="按某一时刻所知（记录时间，须带时区）：与那一刻所答的相同，灯色、辖区也以那一刻为准",
    )
    as_of_position: int | None = Field(
        default=None,
        ge=0,
        le=2**53 - 1,
        description="记到这个位置（position）为止的样子，灯色、辖区以记下它的时刻为准；与 as_of 同填，以所知较少的为准",
    )

    @property
    def looks_back(self) -> bool:
        return self.as_of is not None or self.as_of_position is not None


async def looked_back(asked: LookingBack, visit: Visit, scope: Scope, told: Callable[[AsOf, Scope], Model]) -> Response:
    """The view as it was, to whoever may see it now; it never changes, so its tag is known before it is made.

    Raises `Problem`: not yet come (422), or being restored, which goes on meanwhile (503).
    """
    service = visit.service
    known = await service.read(lambda: moment_of(asked, service))
    tag = f'W/"{known.position}-{_digest(known, visit, scope)}"'
    if is_known(visit.request, tag):
        return tagged(tag, position=known.position)
    await service.casework.refresh()

    def answer() -> Response | None:
        """None where the views of then are not there."""
        try:
            with service.past.snapshot(known.position) as views:
                return tagged(tag, told(as_of(known, views, service.casework), scope).model_dump_json(), known.position)
        except NotMade:
            return None

    await service.views.wait_for(known.position, service.settings.wait_timeout)
    answered = await service.read(answer)
    if answered is None and await service.past.wait_for(known.position, service.settings.wait_timeout):
        answered = await service.read(answer)
    if answered is None:
        raise Problem(BEING_RESTORED, headers={"Retry-After": RETRY_AFTER})
    return answered


def moment_of(asked: LookingBack, service: Service) -> Then:
    """What is looked back to. Raises `Problem` (422) for what is still to come."""
    if asked.as_of is not None and asked.as_of > service.clock():
        raise invalid([Fault(detail="还没有到这个时刻，请填现在或以前的时间。", parameter="as_of")])
    try:
        return then(service.casework.files.store, asked.as_of, asked.as_of_position)
    except LookupError:
        fault = Fault(detail="案卷库里还没有这个位置，请用答复里的 position。", parameter="as_of_position")
        raise invalid([fault]) from None


def as_of(known: Then, views: Snapshot, casework: Casework) -> AsOf:
    """What an answer is told from. Before there were rule tables there was nothing to be judged by any."""
    folded = casework.registers.as_of(known.known)
    clocks = folded.clocks if folded.clocks.tables else casework.clocks
    return AsOf(views, known.now, folded.drawn.at(known.now), clocks)


def _digest(known: Then, visit: Visit, scope: Scope) -> str:
    """Of all that the answer depends on, apart from what is asked."""
    return sha256(repr((known, visit.asker, scope, EDITION)).encode()).hexdigest()[:32]
