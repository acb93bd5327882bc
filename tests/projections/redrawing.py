"""An office where cases run while the territory is redrawn under them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random

from domain.casework.application import Casework
from domain.casework.asking import Caller
from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.incident import commands as c
from domain.model import Refused
from domain.registry.commands import JoinGrids, Keeping, NewGrid, Part, SplitGrid
from domain.territory import Level, Node, Place, Territory
from projections.engine import Views
from tests.histories import streams
from tests.projections.recomputation import Lines
from tests.projections.rooms import Room
from tests.rules.scene import CLOCKS, DISTRICT, MORNING, OFFICER, SYSTEM, Actor, report


class Office:
    """A casework and its clock, and the views of it."""

    def __init__(self, territory: Territory) -> None:
        self.now = MORNING
        self.files = CaseFiles(env=MEMORY_ENV)
        self.casework = Casework(self.files, CLOCKS, territory, secret=b"drawn", clock=lambda: self.now)

    async def report(self, grid: str, building: str | None = None) -> str:
        asked = report(grid=grid, building=building)
        return (await self.casework.report(asked, self._caller(OFFICER))).incident_id

    async def ask(self, case: str, command: c.Step, who: Actor = OFFICER) -> None:
        await self.casework.act(case, command, self._caller(who))

    async def redraw(self, command: Keeping) -> None:
        await self.casework.enact(command, self._caller(DISTRICT))

    def _caller(self, who: Actor) -> Caller:
        self.now += timedelta(minutes=5)
        return Caller("desk", f"key-{self.now}", who.id, who.role, who.scope, who.unit)


def views_of(room: Room | None, territory: Territory, *lives: Callable[[Office], Awaitable[None]]) -> Views:
    """What happened in an office, seen."""

    async def lived() -> Views:
        office = Office(territory)
        for life in lives:
            await life(office)
        views = Views(office.files, room.open() if room else None, page=50)
        views.catch_up()
        await office.casework.aclose()
        return views

    return asyncio.run(lived())


class Restless:
    """Grids are split and joined over and over, cases come in, are redrawn or are not, and are worked on."""

    def __init__(self, draw: Random) -> None:
        self._draw = draw
        self._cases: list[str] = []
        self.territory = Territory()
        self.files: list[Lines] = []

    async def live(self, office: Office) -> None:
        for nth in range(150):
            try:
                await self._turn(office, nth)
            except Refused:
                continue
        self.territory = office.casework.territory
        stored = office.files.store.select_notifications(1, office.files.store.max_notification_id())
        cases = [line for line in stored if line.topic.startswith("incident.")]
        self.files = list(streams(office.files, cases).values())

    async def _turn(self, office: Office, nth: int) -> None:
        territory, chance = office.casework.territory, self._draw.random()
        if chance < 0.2:
            await office.redraw(self._redrawing(territory, nth))
        elif chance < 0.6 or not self._cases:
            await self._report(office, territory)
        else:
            command, who = self._draw.choice(
                [(c.Arrive(), OFFICER), (c.Redraw(), SYSTEM), (c.Escalate(to=Level.COMMUNITY), OFFICER)]
            )
            await office.ask(self._draw.choice(self._cases), command, who)

    async def _report(self, office: Office, territory: Territory) -> None:
        """In a building, or in a grid and no building."""
        building = self._one(territory, Level.BUILDING).id
        grid = territory.redrawn(Place(building=building)).grid
        if grid is None or self._draw.random() < 0.5:
            self._cases.append(await office.report(self._one(territory, Level.GRID).id))
        else:
            self._cases.append(await office.report(grid, building))

    def _redrawing(self, territory: Territory, nth: int) -> Keeping:
        grid = self._one(territory, Level.GRID).id
        if self._draw.random() < 0.4:
            other = self._one(territory, Level.GRID).id
            return JoinGrids(grids=(grid, other), into=NewGrid(id=f"new-{nth}", name="合"))
        own = [node.id for node in territory.children.get(grid, ())]
        mapped = tuple(own[: self._draw.randrange(len(own) + 1)])
        halves = Part(id=f"new-{nth}-0", name="分", buildings=mapped), Part(id=f"new-{nth}-1", name="分")
        return SplitGrid(grid=grid, into=halves)

    def _one(self, territory: Territory, level: Level) -> Node:
        return self._draw.choice([node for node in territory.nodes if node.level is level and not node.closed])
