"""A store with cases by name near a place in Huaihua, and the views of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from domain.casework.recording import RecordedEvent
from domain.incident.events import Reported
from domain.model import Point
from projections.alike import Alike, Sought, alike, alike_counts
from projections.clusters import Clusters, ClustersQuery, clusters
from projections.engine import Views
from projections.scope import Scope
from tests.casework.office import Office
from tests.casework.stores import MEMORY
from tests.projections.rooms import Room
from tests.rules.scene import (
    CASE,
    CLOCKS,
    MORNING,
    OFFICER,
    Move,
    hours,
    report,
)
from tests.rules.test_cells import HUAIHUA, gone

TABLE = CLOCKS.table_at(MORNING)
ALL = Scope.all()


def at(metres: float, bearing: float = 90) -> Point:
    """So far from the place all is about."""
    return gone(HUAIHUA, metres, bearing)


def reported(name: str, position: Point | None = None, hours_later: float = 0, **more: Any) -> Move:
    return replace(OFFICER(report(position=position, **more), of=name), after=hours(hours_later))


class Town:
    """A store with cases by name, and the views of it."""

    def __init__(self, room: Room, *moves: Move) -> None:
        self.office = Office(MEMORY, room.folder)
        asyncio.run(self._live(moves))
        assert self.office.shared is not None
        self.files, self.ids = self.office.shared, self.office.ids
        self.names = {case_id: name for name, case_id in self.ids.items()}
        self.views = Views(self.files, room.open())
        self.views.catch_up()

    async def _live(self, moves: Sequence[Move]) -> None:
        process = self.office.process()
        for move in moves:
            await process.do(move)

    def sought(self, name: str = CASE) -> Sought:
        """A case as it stands, from its file."""
        rows = self.files.store.select_case(UUID(self.ids[name]))
        first, last = (cast(RecordedEvent, self.files.mapper.to_domain_event(row)) for row in (rows[0], rows[-1]))
        assert isinstance(first.event, Reported)
        standing = last.keys.standing
        building, position = standing.place.building, first.event.position
        return Sought(standing.category, last.keys.reported_at, building, position, self.ids[name])

    def like(self, name: str = CASE, scope: Scope = ALL) -> list[str]:
        """What is offered for a case, by name, nearest first."""
        return [self.names[case.incident_id] for case in self.found(self.sought(name), scope).items]

    def found(self, sought: Sought, scope: Scope = ALL) -> Alike:
        return alike(self.views, self.files, scope, sought, TABLE)

    def counted(self, scope: Scope = ALL) -> dict[str, int]:
        counts = alike_counts(self.views, self.files, scope, list(self.ids.values()), TABLE)
        return {self.names[case_id]: count for case_id, count in counts.items()}

    def clusters(self, scope: Scope = ALL, **asked: Any) -> list[list[str]]:
        """Every cluster, its cases by name, newest first."""
        found = self.told(scope, **asked)
        return [[self.names[case.incident_id] for case in cluster.cases] for cluster in found.clusters]

    def told(self, scope: Scope = ALL, **asked: Any) -> Clusters:
        return clusters(self.views, self.files, scope, ClustersQuery(**asked), TABLE)
