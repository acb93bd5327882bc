"""案件: no more than the rules and the view keys ask about, folded from its events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from typing import assert_never

from pydantic import AwareDatetime

from domain.act import Attribution
from domain.clocks import Clocks, Deadline, Interval, deadline
from domain.incident import events as e
from domain.incident.events.duplicates import AffectedPerson
from domain.incident.purse import Purse
from domain.incident.voices import Voices, affected_by, joined, said, unasked
from domain.incident.words import MUST_ATTEND, Kind, OutcomeCode, Request, Stage, Standing
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
    pending: Mapping[Request, tuple[str, e.RequestEvent]] = field(default_factory=dict)
    """Who asked, and what they asked."""
    handle_from: datetime | None = None
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
        )

    @property
    def keys(self) -> Keys:
        return Keys.model_construct(
            standing=self.standing,
            reported_at=self.reported_at,
            stage=self.stage,
            cycle=self.cycle,
            cycle_began_at=self.cycle_began_at,
            resolved_at=self.resolved_at,
            held_by=self.held_by,
            officer=self.officer,
            lead=self.lead,
            counts=self.merged_into is None,
        )

    def attended_as(self, kind: Kind) -> bool:
        """三必到: whether somebody came, where this kind requires it."""
        return self.arrived or kind not in MUST_ATTEND

    def mediated_as(self, kind: Kind, outcome: OutcomeCode) -> bool:
        """Whether a dispute was met over or settled on site; where it is not solved, trying to meet suffices."""
        if kind is not Kind.DISPUTE or self.meeting_agreed or self.settled_on_site:
            return True
        unsolved = outcome not in (OutcomeCode.SOLVED, OutcomeCode.SETTLED)
        return unsolved and (self.meeting_failed or self.refused_to_meet)

    def handle_deadline(self, clocks: Clocks) -> Deadline | None:
        """处置时限 of this cycle, extensions and suspensions counted; None before it starts."""
        if self.handle_from is None:
            return None
        limit = clocks.tables[self.rules].handle[self.standing.urgency]
        whole = limit.model_copy(update={"amount": limit.amount * (1 + self.extensions)})
        return deadline(whole, self.handle_from, clocks.calendars[self.calendar], self.pauses)

    def overdue(self, at: datetime, clocks: Clocks) -> bool:
        """Whether the time to handle had run out by then; what cannot be determined is not overdue."""
        handle = self.handle_deadline(clocks)
        return handle is not None and handle.passed(at)

    def suspended(self, at: datetime) -> bool:
        """挂账 ends by itself at the granted end."""
        return any(begins <= at < ends for begins, ends in self.pauses)

    def evolve(self, event: e.IncidentEvent, by: Attribution) -> Incident:
        """The case after one more event. Total: mypy names an event without a line below."""
        if isinstance(event, e.IntakeEvent):
            return self._intake(event, by)
        if isinstance(event, e.HandlingEvent):
            return self._handling(event, by)
        if isinstance(event, e.CoordinationEvent):
            return self._coordination(event)
        if isinstance(event, e.RequestEvent):
            return self._request(event, by)
        if isinstance(event, e.MoneyEvent):
            return replace(self, purse=self.purse.evolve(event))
        if isinstance(event, e.ClosingEvent):
            return self._closing(event, by)
        return self._duplicate(event, by)

    def _intake(self, event: e.IntakeEvent, by: Attribution) -> Incident:
        match event:
            case e.Reported():
                return self
            case e.Accepted():
                return replace(self, stage=Stage.ACCEPTED, accepted=True, handle_from=by.effective_at)
            case e.Rejected():
                return replace(self, stage=Stage.REJECTED)
            case e.Withdrawn():
                return replace(self, stage=Stage.WITHDRAWN)
            case _:
                assert_never(event)

    def _handling(self, event: e.HandlingEvent, by: Attribution) -> Incident:
        match event:
            case e.Dispatched():
                return replace(self, stage=Stage.DISPATCHED, lead=event.lead, binding=event.binding, signed=False)
            case e.Assigned() | e.HandedOver():
                return replace(self, officer=event.officer)
            case e.SignedFor():
                return replace(self, stage=Stage.HANDLING, signed=True)
            case e.Returned():
                return replace(self, stage=Stage.ACCEPTED, returns=event.hop, lead=None, signed=False, officer=None)
            case e.Arrived():
                return replace(self, stage=Stage.HANDLING, arrived=True, handlers=self.handlers | {by.actor})
            case e.ActionTaken():
                return replace(
                    self,
                    stage=Stage.HANDLING,
                    handlers=self.handlers | {by.actor},
                    settled_on_site=self.settled_on_site or event.settlement is not None,
                    refused_to_meet=self.refused_to_meet or event.refusal is not None,
                )
            case e.EvidenceAdded():
                return self
            case _:
                assert_never(event)

    def _coordination(self, event: e.CoordinationEvent) -> Incident:
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
                return replace(self, held_by=event.to_level)
            case e.HelpRequested():
                return replace(self, calls=(*self.calls, True))
            case e.HelpAnswered():
                return replace(self, calls=_ticked(self.calls, event.help))
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
                return replace(self._answered(Request.EXTENSION), extensions=event.nth)
            case e.SuspensionGranted():
                pauses = (*self.pauses, (by.effective_at, event.until))
                return replace(self._answered(Request.SUSPENSION), suspensions=self.suspensions + 1, pauses=pauses)
            case e.CorrectionGranted():
                return replace(self._answered(Request.CORRECTION), standing=event.standing)
            case e.VoidGranted():
                return replace(self._answered(Request.VOID), stage=Stage.VOIDED)
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
                return replace(
                    self._resumed(by.effective_at),
                    stage=Stage.RESOLVED,
                    outcome=event.outcome_code,
                    check_failed=False,
                    resolved_at=by.effective_at,
                    handlers=self.handlers | {by.actor},
                    voices=unasked(self.voices),
                )
            case e.CheckPassed():
                return replace(self, stage=Stage.CHECKED)
            case e.CheckFailed():
                return replace(self, stage=Stage.HANDLING, reworks=event.rework, check_failed=True)
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
                return replace(self, stage=Stage.MERGED, merged_into=event.into, stage_before_merge=self.stage)
            case e.Unmerged():
                apart = replace(self, stage=event.stage, merged_into=None)
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

    def _with_duplicates(self, duplicates: Mapping[str, tuple[AffectedPerson, ...]]) -> Incident:
        others = [person for people in duplicates.values() for person in people]
        return replace(self, duplicates=duplicates, voices=joined(self.voices, self.affected, others))

    def _asked(self, request: Request, event: e.RequestEvent, by: Attribution) -> Incident:
        return replace(self, pending={**self.pending, request: (by.actor, event)})

    def _answered(self, request: Request) -> Incident:
        return replace(self, pending={kind: asked for kind, asked in self.pending.items() if kind is not request})

    def _resumed(self, at: datetime) -> Incident:
        return replace(self, pauses=tuple((begins, min(ends, at)) for begins, ends in self.pauses if begins < at))

    def _new_cycle(self, cycle: int, stage: Stage, at: datetime) -> Incident:
        """A fresh start with the full limit; what was arrived, met and paid stays."""
        return replace(
            self,
            stage=stage,
            cycle=cycle,
            cycle_began_at=at,
            handle_from=at if self.accepted else None,
            extensions=0,
            suspensions=0,
            pauses=(),
            outcome=None,
            resolved_at=None,
            check_failed=False,
        )


def _ticked(open_items: tuple[bool, ...], number: int) -> tuple[bool, ...]:
    """The list with item `number` (counted from 1) no longer open."""
    return (*open_items[: number - 1], False, *open_items[number:])


def replay(case_id: str, history: Iterable[tuple[e.IncidentEvent, Attribution]]) -> Incident:
    """The case its events make, from the first to the last."""
    (first, by), *rest = history
    if not isinstance(first, e.Reported):
        raise ValueError("a case file begins with incident.reported")
    return reduce(lambda case, step: case.evolve(*step), rest, Incident.begin(case_id, first, by))
