"""案件: no more than the rules and the view keys ask about, folded from its events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from typing import Any, NamedTuple, assert_never

from domain.act import Attribution
from domain.clocks import Clocks, Deadline, Interval
from domain.incident import events as e
from domain.incident.events.duplicates import AffectedPerson
from domain.incident.purse import Purse
from domain.incident.timing import CaseClock, Turn
from domain.incident.voices import Voices, affected_by, joined, said, unasked, unasked_since
from domain.incident.words import MUST_ATTEND, OPEN, ClockName, Kind, OutcomeCode, Request, Stage, Standing
from domain.territory import Level


class Asked(NamedTuple):
    """A request that waits: who asked, what, and when."""

    by: str
    event: e.AskEvent
    at: datetime


@dataclass(frozen=True, slots=True)
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
    stage: Stage = Stage.REPORTED
    accepted: bool = False
    held_by: Level = Level.GRID
    lead: str | None = None
    binding: bool = False
    signed: bool = False
    officer: str | None = None
    returns: int = 0
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
    landed_at: datetime | None = None
    """When it last came to somebody new; None once they were called."""
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
    voices_before_merge: Voices = field(default_factory=dict)

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
            landed_at=by.effective_at,
        )._started(by.effective_at, ClockName.ACCEPT, ClockName.ARRIVE)

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
        return next((clock for clock in reversed(self.clocks) if clock.name is ClockName.HANDLE), None)

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

    def evolve(self, event: e.IncidentEvent, by: Attribution) -> Incident:
        """The case after one more event."""
        after = self._after(event, by)
        if isinstance(event, e.StepEvent | e.WorkEvent):
            return replace(after, advanced_at=max(self.advanced_at, by.effective_at))
        return after

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

    def _after(self, event: e.IncidentEvent, by: Attribution) -> Incident:
        """Total: mypy names an event without a line below."""
        if isinstance(event, e.IntakeEvent):
            return self._intake(event, by)
        if isinstance(event, e.HandlingEvent):
            return self._handling(event, by)
        if isinstance(event, e.CoordinationEvent):
            return self._coordination(event, by)
        if isinstance(event, e.RequestEvent):
            return self._request(event, by)
        if isinstance(event, e.MoneyEvent):
            return replace(self, purse=self.purse.evolve(event))
        if isinstance(event, e.ClosingEvent):
            return self._closing(event, by)
        if isinstance(event, e.UpkeepEvent):
            return self._upkeep(event)
        return self._duplicate(event, by)

    def _intake(self, event: e.IntakeEvent, by: Attribution) -> Incident:
        match event:
            case e.Reported():
                return self
            case e.Accepted():
                accepted = replace(self, stage=Stage.ACCEPTED, accepted=True)._stopped(
                    by.effective_at, ClockName.ACCEPT
                )
                return accepted._started(by.effective_at, ClockName.DISPATCH, ClockName.HANDLE)
            case e.Rejected():
                return replace(self, stage=Stage.REJECTED)._stopped(by.effective_at)
            case e.Withdrawn():
                return replace(self, stage=Stage.WITHDRAWN)._stopped(by.effective_at)
            case _:
                assert_never(event)

    def _handling(self, event: e.HandlingEvent, by: Attribution) -> Incident:
        match event:
            case e.Dispatched():
                sent = replace(self, stage=Stage.DISPATCHED, lead=event.lead, binding=event.binding, signed=False)
                return sent._stopped(by.effective_at, ClockName.DISPATCH)
            case e.Assigned() | e.HandedOver():
                return replace(self, officer=event.officer)
            case e.SignedFor():
                return replace(self, stage=Stage.HANDLING, signed=True)
            case e.Returned():
                return replace(
                    self,
                    stage=Stage.ACCEPTED,
                    returns=event.hop,
                    lead=None,
                    signed=False,
                    officer=None,
                    landed_at=by.effective_at,
                )
            case e.Arrived():
                there = replace(self, stage=Stage.HANDLING, arrived=True, handlers=self.handlers | {by.actor})
                return there._stopped(by.effective_at, ClockName.DISPATCH, ClockName.ARRIVE)
            case e.ActionTaken():
                return replace(
                    self,
                    stage=Stage.HANDLING,
                    handlers=self.handlers | {by.actor},
                    settled_on_site=self.settled_on_site or event.settlement is not None,
                    refused_to_meet=self.refused_to_meet or event.refusal is not None,
                )._stopped(by.effective_at, ClockName.DISPATCH)
            case e.EvidenceAdded():
                return self
            case _:
                assert_never(event)

    def _coordination(self, event: e.CoordinationEvent, by: Attribution) -> Incident:
        match event:
            case e.MeetingHeld():
                return replace(
                    self,
                    meeting_agreed=self.meeting_agreed or not event.failed,
                    meeting_failed=self.meeting_failed or event.failed,
                    commitments=self.commitments + (True,) * len(event.commitments),
                )
            case e.CommitmentKept() | e.CommitmentBroken():
                return replace(self, commitments=_ticked(self.commitments, event.commitment))
            case e.Escalated():
                return replace(self, held_by=event.to_level, landed_at=by.effective_at)
            case e.HelpRequested():
                asked = replace(self, calls=(*self.calls, True))
                return asked._started(by.effective_at, ClockName.HELP, nth=event.help, complex=event.complex)
            case e.HelpAnswered():
                answered = replace(self, calls=_ticked(self.calls, event.help))
                return answered._stopped(by.effective_at, ClockName.HELP, nth=event.help)
            case e.MeetingConvened() | e.Supervised():
                return self
            case _:
                assert_never(event)

    def _request(self, event: e.RequestEvent, by: Attribution) -> Incident:
        match event:
            case e.ExtensionRequested():
                return self._asked(Request.EXTENSION, event, by)
            case e.SuspensionRequested():
                return self._asked(Request.SUSPENSION, event, by)
            case e.CorrectionRequested():
                return self._asked(Request.CORRECTION, event, by)
            case e.VoidRequested():
                return self._asked(Request.VOID, event, by)
            case e.TimeoutAppealed():
                return replace(self._asked(Request.APPEAL, event, by), appealed=True)
            case e.ExtensionGranted():
                return replace(self._answered(Request.EXTENSION), extensions=event.nth)._handle_adjusted()
            case e.SuspensionGranted():
                pauses = (*self.pauses, (by.effective_at, event.until))
                granted = replace(self._answered(Request.SUSPENSION), suspensions=self.suspensions + 1, pauses=pauses)
                return granted._handle_adjusted()
            case e.CorrectionGranted():
                return replace(self._answered(Request.CORRECTION), standing=event.standing)
            case e.VoidGranted():
                return replace(self._answered(Request.VOID), stage=Stage.VOIDED)._stopped(by.effective_at)
            case e.ExtensionRefused():
                return self._answered(Request.EXTENSION)
            case e.SuspensionRefused():
                return self._answered(Request.SUSPENSION)
            case e.CorrectionRefused():
                return self._answered(Request.CORRECTION)
            case e.VoidRefused():
                return self._answered(Request.VOID)
            case e.TimeoutExempted() | e.TimeoutUpheld():
                return self._answered(Request.APPEAL)
            case e.Resumed():
                return self._resumed(by.effective_at)
            case _:
                assert_never(event)

    def _closing(self, event: e.ClosingEvent, by: Attribution) -> Incident:
        match event:
            case e.Resolved():
                done = replace(
                    self._resumed(by.effective_at),
                    stage=Stage.RESOLVED,
                    outcome=event.outcome_code,
                    check_failed=False,
                    resolved_at=by.effective_at,
                    handlers=self.handlers | {by.actor},
                    voices=unasked(self.voices),
                )
                return done._stopped(by.effective_at)._started(by.effective_at, ClockName.CHECK, nth=self.reworks + 1)
            case e.CheckPassed():
                return replace(self, stage=Stage.CHECKED)._stopped(by.effective_at)
            case e.CheckFailed():
                failed = replace(self, stage=Stage.HANDLING, reworks=event.rework, check_failed=True)
                return failed._stopped(by.effective_at)._handle_adjusted(stopped_at=None)
            case e.FollowedUp():
                return replace(self, voices=said(self.voices, event.person, event.answer, by.effective_at))
            case e.Closed():
                return replace(self, stage=Stage.CLOSED)
            case e.Reopened():
                return self._new_cycle(event.cycle, Stage.HANDLING, by.effective_at)
            case e.Archived():
                return replace(self, stage=Stage.ARCHIVED)
            case _:
                assert_never(event)

    def _duplicate(self, event: e.DuplicateEvent, by: Attribution) -> Incident:
        match event:
            case e.Merged():
                return replace(
                    self,
                    stage=Stage.MERGED,
                    merged_into=event.into,
                    stage_before_merge=self.stage,
                    voices_before_merge=self.voices,
                )
            case e.Unmerged():
                own = unasked_since(self.voices_before_merge, self.voices)
                apart = replace(self, stage=event.stage, merged_into=None, voices=own)
                if event.cycle == self.cycle:
                    return apart
                return apart._new_cycle(event.cycle, event.stage, by.effective_at)
            case e.DuplicateAttached():
                return self._with_duplicates({**self.duplicates, event.duplicate: event.affected})
            case e.DuplicateDetached():
                left = {case: people for case, people in self.duplicates.items() if case != event.duplicate}
                return self._with_duplicates(left)
            case e.DuplicateFollowedUp():
                return replace(self, voices=said(self.voices, event.person, event.answer, by.effective_at))
            case _:
                assert_never(event)

    def _upkeep(self, event: e.UpkeepEvent) -> Incident:
        match event:
            case e.DutyCalled(clock=None):
                return replace(self, landed_at=None)
            case e.DutyCalled():
                called = (event.clock, event.clock_cycle, event.clock_nth)
                return self._with_clocks(
                    clock.having_told(event.about, event.turned_at) if clock.key == called else clock
                    for clock in self.clocks
                )
            case e.Redrawn():
                return replace(
                    self,
                    standing=self.standing.model_copy(update={"place": event.place}),
                    pending={
                        request: asked._replace(event=_moved(asked.event, event))
                        for request, asked in self.pending.items()
                    },
                )
            case e.DeadlineDetermined():
                determined = {(one.clock, one.cycle, one.nth) for one in event.clocks}
                return self._with_clocks(
                    replace(clock, calendar=event.calendar) if clock.key in determined else clock
                    for clock in self.clocks
                )
            case _:
                assert_never(event)

    def _started(self, at: datetime, *names: ClockName, nth: int = 1, complex: bool = False) -> Incident:
        started = (CaseClock(name, self.cycle, at, nth, complex=complex) for name in names)
        return replace(self, clocks=(*self.clocks, *started))._handle_adjusted()

    def _stopped(self, at: datetime, *names: ClockName, nth: int | None = None) -> Incident:
        """With the clocks of these names stopped (without a name: all that run).

        Somebody may have come before the desk wrote down what started a clock: then it took no time.
        """
        stops = frozenset(names or ClockName)
        return self._with_clocks(
            replace(clock, stopped_at=max(at, clock.started_at))
            if clock.stopped_at is None and clock.name in stops and nth in (None, clock.nth)
            else clock
            for clock in self.clocks
        )

    def _with_clocks(self, clocks: Iterable[CaseClock]) -> Incident:
        return replace(self, clocks=tuple(clocks))

    def _handle_adjusted(self, **changes: Any) -> Incident:
        """The clock to handle with the extensions and pauses of its cycle, and with these changes."""
        now = self.handle
        if now is None or now.cycle != self.cycle:
            return self
        adjusted = replace(now, extensions=self.extensions, pauses=self.pauses, **changes)
        return self._with_clocks(adjusted if clock is now else clock for clock in self.clocks)

    def _with_duplicates(self, duplicates: Mapping[str, tuple[AffectedPerson, ...]]) -> Incident:
        others = [person for people in duplicates.values() for person in people]
        return replace(self, duplicates=duplicates, voices=joined(self.voices, self.affected, others))

    def _asked(self, request: Request, event: e.AskEvent, by: Attribution) -> Incident:
        return replace(self, pending={**self.pending, request: Asked(by.actor, event, by.effective_at)})

    def _answered(self, request: Request) -> Incident:
        return replace(self, pending={kind: asked for kind, asked in self.pending.items() if kind is not request})

    def _resumed(self, at: datetime) -> Incident:
        ended = tuple((begins, min(ends, at)) for begins, ends in self.pauses if begins < at)
        return replace(self, pauses=ended)._handle_adjusted()

    def _new_cycle(self, cycle: int, stage: Stage, at: datetime) -> Incident:
        """A fresh start with the full limit; what was arrived, met and paid stays."""
        waiting = [clock.name for clock in self.clocks if clock.stopped_at is None and clock.name in BEFORE_HANDLING]
        anew = [*waiting, ClockName.HANDLE] if self.accepted else waiting
        return replace(
            self._stopped(at),
            stage=stage,
            cycle=cycle,
            cycle_began_at=at,
            extensions=0,
            suspensions=0,
            pauses=(),
            outcome=None,
            resolved_at=None,
            check_failed=False,
            landed_at=at,
        )._started(at, *anew)


BEFORE_HANDLING = frozenset({ClockName.ACCEPT, ClockName.DISPATCH, ClockName.ARRIVE})


def _moved(asked: e.AskEvent, redrawn: e.Redrawn) -> e.AskEvent:
    """What was asked before the map changed, of the place as it is drawn now."""
    if not isinstance(asked, e.CorrectionRequested) or asked.standing.place != redrawn.was:
        return asked
    return asked.model_copy(update={"standing": asked.standing.model_copy(update={"place": redrawn.place})})


def _ticked(open_items: tuple[bool, ...], number: int) -> tuple[bool, ...]:
    """The list with item `number` (counted from 1) no longer open."""
    return (*open_items[: number - 1], False, *open_items[number:])


def replay(case_id: str, history: Iterable[tuple[e.IncidentEvent, Attribution]]) -> Incident:
    """The case its events make, from the first to the last."""
    (first, by), *rest = history
    if not isinstance(first, e.Reported):
        raise ValueError("a case file begins with incident.reported")
    return reduce(lambda case, step: case.evolve(*step), rest, Incident.begin(case_id, first, by))
