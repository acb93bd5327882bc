"""What every command on the territory shares: from when it holds, and what may not be touched."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import Field

from domain.act import Act
from domain.model import Instant
from domain.register import RegisterCommand, RegisterName
from domain.registry import rules
from domain.registry.events import TerritoryEvent
from domain.telling import local
from domain.territory import Level, Node, Territory


class Keeping(RegisterCommand):
    """A command on the territory. From when it holds is stated, or is now."""

    register: ClassVar[RegisterName] = "territory"

    effective_from: Instant | None = Field(default=None, description="生效时间（须带时区）；不填即刻生效，不能早于现在")

    def decide(self, act: Act) -> Iterator[TerritoryEvent]:
        stated = self.effective_from
        rules.REDRAW_NOT_PAST.require(stated is None or stated >= act.recorded_at)
        return self.changes(act.territory, (stated or act.recorded_at).astimezone(UTC))

    @abstractmethod
    def changes(self, territory: Territory, since: datetime) -> Iterator[TerritoryEvent]:
        """The changes to the territory as it stands, holding since then. Raises `Refused`."""


def require_unscheduled(territory: Territory, *ids: str) -> None:
    """Nothing that is to change already may be changed again before: the later plan would rest on a tree that is gone.

    Raises `Refused`.
    """
    for id in ids:
        planned = territory.scheduled.get(id)
        rules.CHANGE_PENDING.require(planned is None, id=id, at=planned and local(planned))


def open_node(territory: Territory, id: str) -> Node:
    """A node that stands. Raises `Refused`."""
    found = territory.node.get(id)
    if found is None or found.closed:
        raise rules.NODE_OPEN.refused(id=id)
    return found


def open_grid(territory: Territory, id: str) -> Node:
    """A grid that stands and is not to change already. Raises `Refused`."""
    found = territory.node.get(id)
    if found is None or found.closed or found.level is not Level.GRID:
        raise rules.GRID_OPEN.refused(id=id)
    require_unscheduled(territory, id)
    return found
