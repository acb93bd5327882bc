"""案件: no more than the rules and the view keys ask about, folded from its events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from domain.act import Attribution
from domain.clocks import Clocks, Deadline, Interval
from domain.incident import events as e
from domain.incident.events.duplicates import AffectedPerson
from domain.incident.purse import Purse
from domain.incident.stretches import Ended, Held
from domain.incident.timing import CaseClock, Turn
from domain.incident.voices import Voices, affected_by, joined
from domain.incident.words import MUST_ATTEND, OPEN, ClockName, ClockOfCase, Kind, OutcomeCode, Request, Stage, Standing
from domain.territory import Level

if TYPE_CHECKING:
    from dataclasses import replace  # whose changes a type checker knows
else:
    from domain.incident.copying import replace


class Asked(NamedTuple):
    """A request that waits: who asked, what, and when."""

    by: str
    event: e.AskEvent
    at: datetime


class Landing(NamedTuple):
    """It came to somebody new: to a unit or a person, or (None) to whoever is responsible for the place."""

    at: datetime
    whom: str | None = None


@dataclass(frozen=True)
class Incident:
    """One case, as far as its rules need to know it."""

    id: str
    standing: Standing
    reported_at: datetime
    rules: str
    calendar: str
    reporter: str | None
    affected: tuple[AffectedPerson, ...]
    voices: Voices
    cycle_began_at: datetime
    advanced_at: datetime
    """The time of the latest step or work on it: the next step follows that."""
    held_since: datetime
    """Since when it is in the hands it is in."""
    stage: Stage = Stage.REPORTED
    accepted: bool = False
    held_by: Level = Level.GRID
    lead: str | None = None
    binding: bool = False
    signed: bool = False
    officer: str | None = None
    returns: int = 0
    returns_before: int = 0
    """How many of them were before this cycle."""
    arrived: bool = False
    settled_on_site: bool = False
    refused_to_meet: bool = False
    meeting_agreed: bool = False
    meeting_failed: bool = False
    handlers: frozenset[str] = frozenset()
    commitments: tuple[bool, ...] = ()
    """One per promise, in order: still to be kept?"""
    calls: tuple[bool, ...] = ()
    """One per call for help, in order: still to be answered?"""
    pending: Mapping[Request, Asked] = field(default_factory=dict)
    clocks: tuple[CaseClock, ...] = ()
    """Every clock there was, in order of their start."""
    landings: tuple[Landing, ...] = ()
    """Those that nobody was called for yet."""
    extensions: int = 0
    suspensions: int = 0
    pauses: tuple[Interval, ...] = ()
    appealed: bool = False
    outcome: OutcomeCode | None = None
    resolved_at: datetime | None = None
    check_failed: bool = False
    reworks: int = 0
    cycle: int = 1
    purse: Purse = field(default_factory=Purse)
    duplicates: Mapping[str, tuple[AffectedPerson, ...]] = field(default_factory=dict)
    merged_into: str | None = None
    stage_before_merge: Stage = Stage.REPORTED
    halted: frozenset[ClockOfCase] = frozenset()
    merged_at: datetime | None = None
    """The clocks that stand still while it is a duplicate, and since when."""
    voices_before_merge: Voices = field(default_factory=dict)
    ended: Ended | None = None
    """The stretch its last event ended, if it did."""
    held: Held | None = None
    """Whose hands it left with its last event, if it did."""

    @classmethod
    def begin(cls, case_id: str, event: e.Reported, by: Attribution) -> Incident:
        affected = affected_by(event)
        return cls(
            id=case_id,
            standing=event.standing,
            reported_at=by.effective_at,
            rules=event.rules,
            calendar=event.calendar,
            reporter=event.reporter.subject if event.reporter else None,
            affected=affected,
            voices=joined({}, affected, ()),
            cycle_began_at=by.effective_at,
            advanced_at=by.effective_at,
            held_since=by.effective_at,
            landings=(Landing(by.effective_at),),
        ).started(by.effective_at, ClockName.ACCEPT, ClockName.ARRIVE)

    def attended_as(self, kind: Kind) -> bool:
        """三必到: whether somebody came, where this kind requires it."""
        return self.arrived or kind not in MUST_ATTEND

    def mediated_as(self, kind: Kind, outcome: OutcomeCode) -> bool:
        """Whether a dispute was met over or settled on site; where it is not solved, trying to meet suffices."""
        if kind is not Kind.DISPUTE or self.meeting_agreed or self.settled_on_site:
            return True
        unsolved = outcome not in (OutcomeCode.SOLVED, OutcomeCode.SETTLED)
        return unsolved and (self.meeting_failed or self.refused_to_meet)

    @property
    def handle(self) -> CaseClock | None:
        """The clock people are measured by, that of this cycle; None before it starts."""
        return self.clock(ClockName.HANDLE)

    @property
    def attendance(self) -> CaseClock | None:
        """The clock of this cycle for being on site, which says nothing where the kind need not be attended."""
        found = self.clock(ClockName.ARRIVE)
        return found if found and found.cycle == self.cycle else None

    @property
    def hops(self) -> int:
        """How often it was returned in this cycle."""
        return self.returns - self.returns_before

    def clock(self, name: ClockName) -> CaseClock | None:
        """The latest clock of a name; None before one starts."""
        return next((clock for clock in reversed(self.clocks) if clock.name is name), None)

    @property
    def running(self) -> tuple[CaseClock, ...]:
        """The clocks that run, in order of their start; none in a case that ended or became a duplicate."""
        return tuple(clock for clock in self.clocks if clock.stopped_at is None) if self.stage in OPEN else ()

    def deadline(self, clock: CaseClock, clocks: Clocks) -> Deadline | None:
        """When one of its clocks is due, by the rules and calendar of this case; None where this kind has none."""
        limit = clock.limit(self.standing, clocks.tables[self.rules])
        return clock.deadline(limit, clocks.calendars[clock.calendar or self.calendar]) if limit else None

    def turns(self, clock: CaseClock, clocks: Clocks) -> tuple[Turn, ...]:
        """How the light of one of its clocks turns, in order."""
        table = clocks.tables[self.rules]
        limit = clock.limit(self.standing, table)
        return clock.turns(limit, table, clocks.calendars[clock.calendar or self.calendar]) if limit else ()

    def handle_deadline(self, clocks: Clocks) -> Deadline | None:
        """处置时限 of this cycle, extensions and suspensions counted; None before it starts."""
        return self.deadline(self.handle, clocks) if self.handle else None

    def overdue(self, at: datetime, clocks: Clocks) -> bool:
        """Whether the time to handle had run out by then; what cannot be determined is not overdue."""
        handle = self.handle_deadline(clocks)
        return handle is not None and handle.passed(at)

    def suspended(self, at: datetime) -> bool:
        """挂账 ends by itself at the granted end."""
        return any(begins <= at < ends for begins, ends in self.pauses)

    def not_before(self, event: e.IncidentEvent) -> datetime:
        """What the claimed time of an event must not lie before: whatever it ends or follows (domain.md §4).

        Work on site goes on side by side and may be entered in any order; steps follow each other.
        """
        follows = [self.cycle_began_at]
        if isinstance(event, e.StepEvent):
            follows.append(self.advanced_at)
        if isinstance(event, e.ReplyEvent):
            follows += (asked.at for asked in self.pending.values())
        if isinstance(event, e.Resumed):
            follows += (begins for begins, _ in self.pauses)
        if isinstance(event, e.HelpAnswered):
            calls = (clock for clock in self.clocks if clock.name is ClockName.HELP)
            follows += (clock.started_at for clock in calls if clock.nth == event.help)
        if isinstance(event, e.FollowedUp | e.DuplicateFollowedUp) and self.resolved_at is not None:
            follows.append(self.resolved_at)
        return max(follows)

    def started(self, at: datetime, *names: ClockName, nth: int = 1, **more: Any) -> Incident:
        """With clocks of these names started in this cycle."""
        started = (CaseClock(name, self.cycle, at, nth, **more) for name in names)
        return replace(self, clocks=(*self.clocks, *started)).handle_adjusted()

    def stopped(self, at: datetime, *names: ClockName, nth: int | None = None) -> Incident:
        """With the clocks of these names stopped (without a name: all that run).

        Somebody may have come before the desk wrote down what started a clock: then it took no time.
        """
        stops = frozenset(names or ClockName)
        return self.with_clocks(
            replace(clock, stopped_at=max(at, clock.started_at))
            if clock.stopped_at is None and clock.name in stops and nth in (None, clock.nth)
            else clock
            for clock in self.clocks
        )

    def landed(self, at: datetime, whom: str | None = None) -> Incident:
        """With somebody new to be told of it; who was not told of an earlier landing hears of this one."""
        others = (landing for landing in self.landings if landing.whom != whom)
        return replace(self, landings=(*others, Landing(at, whom)))

    def merged(self, into: str, at: datetime) -> Incident:
        """As a duplicate: what runs stands still until it is parted again."""
        halted = frozenset(clock.key for clock in self.running)
        still = replace(self.stopped(at), stage=Stage.MERGED, merged_into=into, halted=halted, merged_at=at)
        return replace(still, stage_before_merge=self.stage, voices_before_merge=self.voices)

    def parted(self, stage: Stage, at: datetime) -> Incident:
        """On its own again: what stood still runs on, without the time in between."""
        if self.merged_at is None:
            return replace(self, stage=stage, merged_into=None)
        between = (self.merged_at, max(at, self.merged_at))
        clocks = tuple(
            replace(clock, stopped_at=None, pauses=(*clock.pauses, between)) if clock.key in self.halted else clock
            for clock in self.clocks
        )
        handled = self.handle is not None and self.handle.key in self.halted
        pauses = (*self.pauses, between) if handled else self.pauses
        return replace(self, stage=stage, merged_into=None, merged_at=None, clocks=clocks, pauses=pauses)

    def corrected(self, standing: Standing, keeps: Collection[ClockOfCase], at: datetime) -> Incident:
        """Filed anew. What has stopped or is overdue is judged as before; 到场 begins where it begins to count."""
        clocks = []
        for clock in self.clocks:
            if clock.stopped_at is not None or clock.key in keeps:
                clocks.append(replace(clock, judged=clock.judged or self.standing))
            elif clock.name is ClockName.ARRIVE and self.standing.kind not in MUST_ATTEND:
                clocks.append(replace(clock, started_at=at))
            else:
                clocks.append(clock)
        filed = replace(self, standing=standing, clocks=tuple(clocks))
        return filed if standing.place.grid == self.standing.place.grid else filed.landed(at)

    def with_clocks(self, clocks: Iterable[CaseClock]) -> Incident:
        """With these clocks in place of its own."""
        return replace(self, clocks=tuple(clocks))

    def handle_adjusted(self, **changes: Any) -> Incident:
        """The clock to handle with the extensions and pauses of its cycle, and with these changes."""
        now = self.handle
        if now is None or now.cycle != self.cycle:
            return self
        adjusted = replace(now, extensions=self.extensions, pauses=self.pauses, **changes)
        return self.with_clocks(adjusted if clock is now else clock for clock in self.clocks)

    def with_duplicates(self, duplicates: Mapping[str, tuple[AffectedPerson, ...]]) -> Incident:
        """With these duplicates, whose people have a say as well."""
        others = [person for people in duplicates.values() for person in people]
        return replace(self, duplicates=duplicates, voices=joined(self.voices, self.affected, others))

    def resumed(self, at: datetime) -> Incident:
        """With the clock running again from then on."""
        ended = tuple((begins, min(ends, at)) for begins, ends in self.pauses if begins < at)
        return replace(self, pauses=ended).handle_adjusted()

    def in_new_cycle(self, cycle: int, stage: Stage, at: datetime) -> Incident:
        """A fresh start with the full limit; what was arrived, met and paid stays."""
        waiting = [clock.name for clock in self.clocks if clock.stopped_at is None and clock.name in BEFORE_HANDLING]
        anew = [*waiting, ClockName.HANDLE] if self.accepted else waiting
        return (
            replace(
                self.stopped(at),
                stage=stage,
                cycle=cycle,
                cycle_began_at=at,
                returns_before=self.returns,
                extensions=0,
                suspensions=0,
                pauses=(),
                outcome=None,
                resolved_at=None,
                check_failed=False,
            )
            .landed(at)
            .started(at, *anew)
        )


BEFORE_HANDLING = frozenset({ClockName.ACCEPT, ClockName.DISPATCH, ClockName.ARRIVE})
