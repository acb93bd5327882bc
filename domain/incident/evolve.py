"""What each event does to a case: one line for every event, and mypy names the one that is missing."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import TYPE_CHECKING, assert_never

from domain.act import Attribution
from domain.incident import events as e
from domain.incident.state import Asked, Incident
from domain.incident.stretches import ended_by, held_since, held_until
from domain.incident.voices import said, unasked, unasked_since
from domain.incident.words import ClockName, Request, Stage

if TYPE_CHECKING:
    from dataclasses import replace  # whose changes a type checker knows
else:
    from domain.incident.copying import replace


def evolve(case: Incident, event: e.IncidentEvent, by: Attribution) -> Incident:
    """The case after one more event."""
    after = _after(case, event, by)
    advanced = isinstance(event, e.StepEvent | e.WorkEvent)
    return replace(
        after,
        advanced_at=max(case.advanced_at, by.effective_at) if advanced else after.advanced_at,
        ended=ended_by(case, after, event, by),
        held=held_until(case, after),
        held_since=held_since(case, after, by.effective_at),
    )


def _after(case: Incident, event: e.IncidentEvent, by: Attribution) -> Incident:
    """Total: mypy names an event without a line below."""
    if isinstance(event, e.IntakeEvent):
        return _intake(case, event, by)
    if isinstance(event, e.HandlingEvent):
        return _handling(case, event, by)
    if isinstance(event, e.CoordinationEvent):
        return _coordination(case, event, by)
    if isinstance(event, e.RequestEvent):
        return _request(case, event, by)
    if isinstance(event, e.MoneyEvent):
        return replace(case, purse=case.purse.evolve(event))
    if isinstance(event, e.ClosingEvent):
        return _closing(case, event, by)
    if isinstance(event, e.UpkeepEvent):
        return _upkeep(case, event, by)
    return _duplicate(case, event, by)


def _intake(case: Incident, event: e.IntakeEvent, by: Attribution) -> Incident:
    match event:
        case e.Reported():
            return case
        case e.Accepted():
            accepted = replace(case, stage=Stage.ACCEPTED, accepted=True).stopped(by.effective_at, ClockName.ACCEPT)
            return accepted.started(by.effective_at, ClockName.DISPATCH, ClockName.HANDLE)
        case e.Rejected():
            return replace(case, stage=Stage.REJECTED).stopped(by.effective_at)
        case e.Withdrawn():
            return replace(case, stage=Stage.WITHDRAWN).stopped(by.effective_at)
        case _:
            assert_never(event)


def _handling(case: Incident, event: e.HandlingEvent, by: Attribution) -> Incident:
    match event:
        case e.Dispatched():
            sent = replace(case, stage=Stage.DISPATCHED, lead=event.lead, binding=event.binding, signed=False)
            return sent.stopped(by.effective_at, ClockName.DISPATCH).landed(by.effective_at, event.lead)
        case e.Assigned() | e.HandedOver():
            return replace(case, officer=event.officer).landed(by.effective_at, event.officer)
        case e.SignedFor():
            return replace(case, stage=Stage.HANDLING, signed=True)
        case e.Returned():
            return replace(
                case,
                stage=Stage.ACCEPTED,
                returns=event.hop,
                lead=None,
                signed=False,
                officer=None,
            ).landed(by.effective_at)
        case e.Arrived():
            there = replace(case, stage=Stage.HANDLING, arrived=True, handlers=case.handlers | {by.actor})
            return there.stopped(by.effective_at, ClockName.DISPATCH, ClockName.ARRIVE)
        case e.ActionTaken():
            return replace(
                case,
                stage=Stage.HANDLING,
                handlers=case.handlers | {by.actor},
                settled_on_site=case.settled_on_site or event.settlement is not None,
                refused_to_meet=case.refused_to_meet or event.refusal is not None,
            ).stopped(by.effective_at, ClockName.DISPATCH)
        case e.EvidenceAdded():
            return case
        case _:
            assert_never(event)


def _coordination(case: Incident, event: e.CoordinationEvent, by: Attribution) -> Incident:
    match event:
        case e.MeetingHeld():
            return replace(
                case,
                meeting_agreed=case.meeting_agreed or not event.failed,
                meeting_failed=case.meeting_failed or event.failed,
                commitments=case.commitments + (True,) * len(event.commitments),
            )
        case e.CommitmentKept() | e.CommitmentBroken():
            return replace(case, commitments=_ticked(case.commitments, event.commitment))
        case e.Escalated():
            return replace(case, held_by=event.to_level).landed(by.effective_at)
        case e.HelpRequested():
            asked = replace(case, calls=(*case.calls, True))
            more = {"complex": event.complex, "whom": event.whom}
            started = asked.started(by.effective_at, ClockName.HELP, nth=event.help, **more)
            return started.landed(by.effective_at, event.whom)
        case e.HelpAnswered():
            answered = replace(case, calls=_ticked(case.calls, event.help))
            return answered.stopped(by.effective_at, ClockName.HELP, nth=event.help)
        case e.MeetingConvened() | e.Supervised():
            return case
        case _:
            assert_never(event)


def _request(case: Incident, event: e.RequestEvent, by: Attribution) -> Incident:
    match event:
        case e.ExtensionRequested():
            return _asked(case, Request.EXTENSION, event, by)
        case e.SuspensionRequested():
            return _asked(case, Request.SUSPENSION, event, by)
        case e.CorrectionRequested():
            return _asked(case, Request.CORRECTION, event, by)
        case e.VoidRequested():
            return _asked(case, Request.VOID, event, by)
        case e.TimeoutAppealed():
            return replace(_asked(case, Request.APPEAL, event, by), appealed=True)
        case e.ExtensionGranted():
            return replace(_answered(case, Request.EXTENSION), extensions=event.nth).handle_adjusted()
        case e.SuspensionGranted():
            pauses = (*case.pauses, (by.effective_at, event.until))
            granted = replace(_answered(case, Request.SUSPENSION), suspensions=case.suspensions + 1, pauses=pauses)
            return granted.handle_adjusted()
        case e.CorrectionGranted():
            return _answered(case, Request.CORRECTION).corrected(event.standing, event.keeps, by.effective_at)
        case e.VoidGranted():
            return replace(_answered(case, Request.VOID), stage=Stage.VOIDED).stopped(by.effective_at)
        case e.ExtensionRefused():
            return _answered(case, Request.EXTENSION)
        case e.SuspensionRefused():
            return _answered(case, Request.SUSPENSION)
        case e.CorrectionRefused():
            return _answered(case, Request.CORRECTION)
        case e.VoidRefused():
            return _answered(case, Request.VOID)
        case e.TimeoutExempted() | e.TimeoutUpheld():
            return _answered(case, Request.APPEAL)
        case e.Resumed():
            return case.resumed(by.effective_at)
        case _:
            assert_never(event)


def _closing(case: Incident, event: e.ClosingEvent, by: Attribution) -> Incident:
    match event:
        case e.Resolved():
            done = replace(
                case.resumed(by.effective_at),
                stage=Stage.RESOLVED,
                outcome=event.outcome_code,
                check_failed=False,
                resolved_at=by.effective_at,
                handlers=case.handlers | {by.actor},
                voices=unasked(case.voices),
            )
            return done.stopped(by.effective_at).started(by.effective_at, ClockName.CHECK, nth=case.reworks + 1)
        case e.CheckPassed():
            return replace(case, stage=Stage.CHECKED).stopped(by.effective_at)
        case e.CheckFailed():
            failed = replace(case, stage=Stage.HANDLING, reworks=event.rework, check_failed=True)
            return failed.stopped(by.effective_at).handle_adjusted(stopped_at=None)
        case e.FollowedUp():
            return replace(case, voices=said(case.voices, event, by.effective_at))
        case e.Closed():
            return replace(case, stage=Stage.CLOSED)
        case e.Reopened():
            return case.in_new_cycle(event.cycle, Stage.HANDLING, by.effective_at)
        case e.Archived():
            return replace(case, stage=Stage.ARCHIVED)
        case _:
            assert_never(event)


def _duplicate(case: Incident, event: e.DuplicateEvent, by: Attribution) -> Incident:
    match event:
        case e.Merged():
            return case.merged(event.into, by.effective_at)
        case e.Unmerged():
            own = unasked_since(case.voices_before_merge, case.voices)
            apart = replace(case, voices=own).parted(event.stage, by.effective_at)
            if event.cycle == case.cycle:
                return apart
            return apart.in_new_cycle(event.cycle, event.stage, by.effective_at)
        case e.DuplicateAttached():
            return case.with_duplicates({**case.duplicates, event.duplicate: event.affected})
        case e.DuplicateDetached():
            left = {id: people for id, people in case.duplicates.items() if id != event.duplicate}
            return case.with_duplicates(left)
        case e.DuplicateFollowedUp():
            return replace(case, voices=said(case.voices, event, by.effective_at))
        case _:
            assert_never(event)


def _upkeep(case: Incident, event: e.UpkeepEvent, by: Attribution) -> Incident:
    match event:
        case e.DutyCalled(clock=None):
            left = (landing for landing in case.landings if landing.at != event.turned_at)
            return replace(case, landings=tuple(left))
        case e.DutyCalled():
            return case.with_clocks(
                clock.having_told(event.about, event.turned_at) if clock.key == event.of_clock else clock
                for clock in case.clocks
            )
        case e.Redrawn():
            moved = replace(
                case,
                standing=case.standing.model_copy(update={"place": event.place}),
                pending={
                    request: asked._replace(event=_moved(asked.event, event)) for request, asked in case.pending.items()
                },
            )
            return moved if event.place.grid == event.was.grid else moved.landed(by.effective_at)
        case e.TextRedacted():
            return case
        case e.DeadlineDetermined():
            return case.with_clocks(
                replace(clock, calendar=event.calendar) if clock.key in event.clocks else clock for clock in case.clocks
            )
        case _:
            assert_never(event)


def _asked(case: Incident, request: Request, event: e.AskEvent, by: Attribution) -> Incident:
    return replace(case, pending={**case.pending, request: Asked(by.actor, event, by.effective_at)})


def _answered(case: Incident, request: Request) -> Incident:
    return replace(case, pending={kind: asked for kind, asked in case.pending.items() if kind is not request})


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
    return reduce(lambda case, step: evolve(case, *step), rest, Incident.begin(case_id, first, by))
