"""Who did something, in which capacity and when; and, while deciding, the books in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from domain.clocks import Clocks, RuleTable
from domain.duty import Roster
from domain.model import Point, Role
from domain.retention import NONE, Erasures
from domain.territory import Level, Territory


@dataclass(frozen=True, slots=True)
class Attribution:
    """Recorded with every event. All times are aware.

    `occurred_at` is claimed, `recorded_at` is the server's clock, `effective_at` is what clocks and
    views use (`domain.clocks.effective`). `level` is that of the node the actor is responsible for.
    """

    actor: str
    role: Role
    level: Level | None
    unit: str | None
    occurred_at: datetime
    recorded_at: datetime
    effective_at: datetime


class KeptFile(NamedTuple):
    """A file that came with a command and is kept, sealed; what is said of it stands in `EvidenceAdded`."""

    original: str
    rendition: str | None
    file: str
    position: Point | None


@dataclass(frozen=True, slots=True)
class Act(Attribution):
    """Given to every rule, chosen by none of them.

    `case_number` is the next free one, used up only when a case is accepted.
    """

    case_number: str
    clocks: Clocks
    territory: Territory
    roster: Roster
    scope: str | None = None
    """The node the actor is responsible for."""
    erasures: Erasures = NONE
    texts: frozenset[tuple[int, str]] = frozenset()
    """Where the case says something in words: version and path. Known to those commands only that ask."""
    kept: KeptFile | None = None

    @property
    def table(self) -> RuleTable:
        """The rules that govern what begins now; a case under way keeps the table it began with."""
        return self.clocks.table_at(self.recorded_at)
