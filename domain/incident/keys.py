"""What stands with every event of a case: how the case is filed, whose it is, and what is due."""

from __future__ import annotations

from operator import not_
from typing import Any

from pydantic import AwareDatetime, Field

from domain.clocks import Clocks
from domain.incident.due import Due
from domain.incident.state import Incident
from domain.incident.words import ClockName, Stage, Standing
from domain.model import Code, Model
from domain.territory import Level


class Keys(Model):
    """What views group by, stored with every event: the case as it stood just after it."""

    standing: Standing
    reported_at: AwareDatetime
    stage: Stage
    cycle: int
    cycle_began_at: AwareDatetime
    resolved_at: AwareDatetime | None = None
    held_by: Level
    officer: Code | None = None
    lead: Code | None = None
    counts: bool
    """False for a duplicate: reported, but neither due nor closed on its own."""
    due_at: AwareDatetime | None = None
    """The first due time of the clocks that run, and whose it is; None where none runs or none is determined."""
    due_clock: ClockName | None = None
    yellow_at: AwareDatetime | None = None
    """When the first of them turns yellow."""
    undetermined: bool = Field(default=False, exclude_if=not_)
    """Whether one of them waits for a calendar."""
    handle_due_at: AwareDatetime | None = None
    """处置时限 of this cycle, while it runs and after."""
    call_at: AwareDatetime | None = None
    """When whoever is on duty has to be called next, unless something happens before."""


def keys_of(case: Incident, clocks: Clocks) -> Keys:
    """The keys of a case as it stands."""
    return Keys.model_construct(
        standing=case.standing,
        reported_at=case.reported_at,
        stage=case.stage,
        cycle=case.cycle,
        cycle_began_at=case.cycle_began_at,
        resolved_at=case.resolved_at,
        held_by=case.held_by,
        officer=case.officer,
        lead=case.lead,
        counts=case.merged_into is None,
        **_due(Due.of(case, clocks)),
    )


def _due(due: Due) -> dict[str, Any]:
    due_at, due_clock = due.first
    return {
        "due_at": due_at,
        "due_clock": due_clock,
        "yellow_at": due.yellow_at,
        "undetermined": bool(due.waiting),
        "handle_due_at": due.handle_due_at,
        "call_at": due.call_at,
    }
