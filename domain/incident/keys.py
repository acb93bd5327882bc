"""What stands with every event of a case: how the case is filed, whose it is, and what is due."""

from __future__ import annotations

from collections import Counter
from operator import not_
from typing import Any

from pydantic import AwareDatetime, Field

from domain.clocks import Clocks, spent, worked
from domain.incident.due import Due
from domain.incident.state import Incident
from domain.incident.stretches import Ended, Held
from domain.incident.timing import due_of
from domain.incident.voices import ANONYMOUS, Voices
from domain.incident.words import Answer, ClockName, Stage, Standing, Stretch
from domain.model import Code, Model
from domain.territory import Level


class Took(Model):
    """How long the stretch took that the event ended, in seconds, beside the gross one that its times tell.

    Working time is None where a year of it is not published.
    """

    stretch: Stretch
    net: float
    """Without what was suspended."""
    worked: float | None = None
    worked_net: float | None = None
    due_at: AwareDatetime | None = None
    """When it had to end; None where no clock says so, or it is undetermined."""


class Heard(Model):
    """回访: how many people are asked about the result as it stands, and what they answered so far."""

    asked: int
    satisfied: int = Field(default=0, exclude_if=not_)
    unsatisfied: int = Field(default=0, exclude_if=not_)
    responded: int = Field(default=0, exclude_if=not_)
    """Of whoever answered and said so, how many were responded to, and how many were not."""
    unresponded: int = Field(default=0, exclude_if=not_)
    solved: int = Field(default=0, exclude_if=not_)
    unsolved: int = Field(default=0, exclude_if=not_)


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
    hops: int = Field(default=0, exclude_if=not_)
    """How often it was returned in this cycle."""
    due_at: AwareDatetime | None = None
    """The first due time of the clocks that run, and whose it is; None where none runs or none is determined."""
    due_clock: ClockName | None = None
    yellow_at: AwareDatetime | None = None
    """When the first of them turns yellow."""
    undetermined: bool = Field(default=False, exclude_if=not_)
    """Whether one of them waits for a calendar."""
    handle_due_at: AwareDatetime | None = None
    """处置时限 of this cycle, while it runs and after."""
    arrive_due_at: AwareDatetime | None = None
    """When somebody has to be on site, if at all: while that clock of this cycle runs, and after."""
    call_at: AwareDatetime | None = None
    """When whoever is on duty has to be called next, unless something happens before."""
    took: Took | None = None
    """What its event ended, if it ended a stretch that is measured."""
    held: Held | None = None
    """Whose hands its event took the case from, if it did."""
    heard: Heard | None = None
    """None while there is no result to ask about."""


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
        hops=case.hops,
        took=_took(case, case.ended, clocks) if case.ended else None,
        held=case.held,
        heard=_heard(case.voices) if case.resolved_at else None,
        **_due(Due.of(case, clocks)),
    )


def _took(case: Incident, ended: Ended, clocks: Clocks) -> Took:
    span = ended.since, max(ended.since, ended.until)
    in_force = clocks.calendars[case.calendar], clocks.calendar_at(span[1])  # the case's own, else a newer one
    calendar = next((one for one in in_force if worked(*span, one) is not None), in_force[0])
    return Took(
        stretch=ended.stretch,
        net=spent(*span, ended.pauses),
        worked=worked(*span, calendar),
        worked_net=worked(*span, calendar, ended.pauses),
        due_at=due_of(case.turns(ended.clock, clocks)) if ended.clock else None,
    )


def _heard(voices: Voices) -> Heard:
    spoken = [voice for voice in voices.values() if voice.spoken]
    answers = Counter(voice.answer for voice in spoken)
    return Heard(
        asked=sum(voice.answers != ANONYMOUS for voice in voices.values()),
        satisfied=answers[Answer.SATISFIED],
        unsatisfied=answers[Answer.UNSATISFIED],
        responded=sum(voice.responded is True for voice in spoken),
        unresponded=sum(voice.responded is False for voice in spoken),
        solved=sum(voice.solved is True for voice in spoken),
        unsolved=sum(voice.solved is False for voice in spoken),
    )


def _due(due: Due) -> dict[str, Any]:
    due_at, due_clock = due.first
    return {
        "due_at": due_at,
        "due_clock": due_clock,
        "yellow_at": due.yellow_at,
        "undetermined": bool(due.waiting),
        "handle_due_at": due.handle_due_at,
        "arrive_due_at": due.arrive_due_at,
        "call_at": due.call_at,
    }
