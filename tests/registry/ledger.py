"""A small district whose territory is kept by hand: commands in, events kept, the tree as drawn at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from domain.act import Act
from domain.duty import Roster
from domain.model import Person, Role
from domain.register import decide
from domain.registry import commands as c
from domain.registry import drawn
from domain.registry.events import TerritoryEvent
from domain.territory import Head, Level, NodeListing, Post, Territory, Unit
from tests.rules.scene import CLOCKS, MORNING

DAY = timedelta(days=1)


def node(id: str, level: Level, parent: str | None, **more: Any) -> NodeListing:
    return NodeListing.model_validate({"id": id, "level": level, "name": f"{id}号", "parent": parent, **more})


def officer(id: str, grid: str, **more: Any) -> Post:
    return Post.model_validate({"id": id, "name": f"{id}某", "role": Role.GRID_OFFICER, "scope": grid, **more})


def head(building: str, subject: str, name: str = "某楼栋长") -> Head:
    return Head(building=building, person=Person(subject=subject, name=name))


LISTED = c.ImportTerritory(
    nodes=(
        node("city", Level.CITY, None, code="4312"),
        node("district", Level.DISTRICT, "city", code="431202"),
        node("street", Level.STREET, "district", code="431202001"),
        node("east", Level.COMMUNITY, "street", code="431202001001"),
        node("west", Level.COMMUNITY, "street", code="431202001002"),
        node("estate", Level.ESTATE, "east"),
        node("g1", Level.GRID, "estate", code="431202001001001", households=300),
        node("g2", Level.GRID, "east", code="431202001001002", households=200),
        node("g3", Level.GRID, "west", rural=True),
        node("b1", Level.BUILDING, "g1", code="431202001001001001"),
        node("b2", Level.BUILDING, "g1"),
        node("b3", Level.BUILDING, "g1"),
        node("b4", Level.BUILDING, "g2"),
    ),
    units=(Unit(id="unit", name="区城管局"),),
    staff=(
        officer("ge", "g1"),
        officer("mi", "g1"),
        officer("zhang", "g2"),
        Post(id="desk", name="城管值班室", role=Role.DEPARTMENT, scope="district", unit="unit"),
    ),
    heads=(head("b1", "s-1"),),
)
EAST_WEST = (
    c.Part(id="ga", name="甲网格", buildings=("b1",), officers=("mi",)),
    c.Part(id="gb", name="乙网格", buildings=("b2",)),
)
SPLIT = c.SplitGrid(grid="g1", into=EAST_WEST)
JOIN = c.JoinGrids(grids=("g1", "g2"), into=c.NewGrid(id="joined", name="大网格"))


@dataclass
class Ledger:
    """The events so far, and a clock that the test moves."""

    base: Territory = field(default_factory=Territory)
    now: datetime = MORNING
    events: list[TerritoryEvent] = field(default_factory=list)

    @classmethod
    def listed(cls) -> Ledger:
        return cls().take(LISTED)

    @property
    def territory(self) -> Territory:
        return self.at(self.now)

    def at(self, moment: datetime) -> Territory:
        return drawn(self.base, self.events, moment)

    def ask(self, command: c.Keeping, role: Role = Role.DISTRICT) -> list[TerritoryEvent]:
        """What the rules answer. Raises `Refused`."""
        act = Act(
            actor="district-desk",
            role=role,
            level=Level.DISTRICT,
            unit=None,
            occurred_at=command.occurred_at or self.now,
            recorded_at=self.now,
            effective_at=self.now,
            case_number="",
            clocks=CLOCKS,
            territory=self.territory,
            roster=Roster(),
        )
        return cast(list[TerritoryEvent], decide(command, act))

    def take(self, *commands: c.Keeping) -> Ledger:
        for command in commands:
            self.events += self.ask(command)
            self.now += timedelta(minutes=1)
        return self

    def later(self, by: timedelta = DAY) -> Ledger:
        self.now += by
        return self


def listing(*nodes: NodeListing, staff: Sequence[Post] = (), heads: Sequence[Head] = ()) -> c.ImportTerritory:
    return c.ImportTerritory(nodes=tuple(nodes), staff=tuple(staff), heads=tuple(heads))
