"""The normative life of a case as data: which event may follow which, for whoever checks histories from outside.

It is read from the stages that commands are allowed in, and keeps to what can be told from a history without asking
anybody: stages, 三必到, mediation, and that a request is answered once. Written down here is only which event comes of
which command, and the stage it leads to. `projections.interchange.pnml` draws it as a Petri net.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from domain.incident import commands as c
from domain.incident import events as e
from domain.incident.commands.requests import Ask, Reply
from domain.incident.words import (
    DONE,
    MUST_ATTEND,
    OPEN,
    UNARCHIVED,
    Kind,
    OutcomeCode,
    Request,
    Stage,
    Standing,
)
from domain.model import Event

COMES_OF: Mapping[type[Event], type[c.OnCase]] = {
    e.Accepted: c.Accept,
    e.Rejected: c.Reject,
    e.Withdrawn: c.Withdraw,
    e.Dispatched: c.Dispatch,
    e.Assigned: c.Assign,
    e.HandedOver: c.HandOver,
    e.SignedFor: c.SignFor,
    e.Returned: c.Return,
    e.Arrived: c.Arrive,
    e.ActionTaken: c.TakeAction,
    e.EvidenceAdded: c.AddEvidence,
    e.MeetingConvened: c.ConveneMeeting,
    e.MeetingHeld: c.HoldMeeting,
    e.CommitmentKept: c.KeepCommitment,
    e.CommitmentBroken: c.BreakCommitment,
    e.Escalated: c.Escalate,
    e.HelpRequested: c.RequestHelp,
    e.HelpAnswered: c.AnswerHelp,
    e.Supervised: c.Supervise,
    e.ExtensionRequested: c.RequestExtension,
    e.ExtensionGranted: c.GrantExtension,
    e.ExtensionRefused: c.RefuseExtension,
    e.SuspensionRequested: c.RequestSuspension,
    e.SuspensionGranted: c.GrantSuspension,
    e.SuspensionRefused: c.RefuseSuspension,
    e.Resumed: c.Resume,
    e.CorrectionRequested: c.RequestCorrection,
    e.CorrectionGranted: c.GrantCorrection,
    e.CorrectionRefused: c.RefuseCorrection,
    e.VoidRequested: c.RequestVoid,
    e.VoidGranted: c.GrantVoid,
    e.VoidRefused: c.RefuseVoid,
    e.TimeoutAppealed: c.AppealTimeout,
    e.TimeoutExempted: c.ExemptTimeout,
    e.TimeoutUpheld: c.UpholdTimeout,
    e.CostAdvanced: c.AdvanceCost,
    e.ContributionReceived: c.ReceiveContribution,
    e.FundGranted: c.GrantFund,
    e.CostPaid: c.PayCost,
    e.PaymentRefunded: c.RefundPayment,
    e.ContributionReturned: c.ReturnContribution,
    e.CostReimbursed: c.ReimburseCost,
    e.Resolved: c.Resolve,
    e.CheckPassed: c.PassCheck,
    e.CheckFailed: c.FailCheck,
    e.FollowedUp: c.FollowUp,
    e.Closed: c.Close,
    e.Reopened: c.Reopen,
    e.Archived: c.Archive,
    e.Merged: c.Merge,
    e.Unmerged: c.Unmerge,
    e.TextRedacted: c.RedactText,
    e.DutyCalled: c.CallDuty,
    e.Redrawn: c.Redraw,
    e.DeadlineDetermined: c.DetermineDeadlines,
}
ON_PRIMARY: Mapping[type[Event], frozenset[Stage]] = {
    e.DuplicateAttached: OPEN,
    e.DuplicateDetached: UNARCHIVED,
    e.DuplicateFollowedUp: DONE,
}
"""What a duplicate's command adds to the primary, and in which stages of the primary."""
LEADS_TO: Mapping[type[Event], Stage] = {
    e.Accepted: Stage.ACCEPTED,
    e.Rejected: Stage.REJECTED,
    e.Withdrawn: Stage.WITHDRAWN,
    e.Dispatched: Stage.DISPATCHED,
    e.SignedFor: Stage.HANDLING,
    e.Returned: Stage.ACCEPTED,
    e.Arrived: Stage.HANDLING,
    e.ActionTaken: Stage.HANDLING,
    e.Resolved: Stage.RESOLVED,
    e.CheckPassed: Stage.CHECKED,
    e.CheckFailed: Stage.HANDLING,
    e.Closed: Stage.CLOSED,
    e.Reopened: Stage.HANDLING,
    e.Archived: Stage.ARCHIVED,
    e.VoidGranted: Stage.VOIDED,
}
"""The stage after; any other event but a merger leaves a case where it is."""
ACCEPTED_BEFORE: tuple[type[Event], ...] = (e.Arrived, e.ActionTaken)
"""Whoever acts on a case nobody accepted accepts it with that: the event of their own comes after."""
CAME, AGREED, TRIED = "came", "agreed", "tried"
"""What is remembered of a case: somebody was on site; a dispute was settled; meeting over it was tried."""
START = "start"


class Step(NamedTuple):
    """One event that may happen: it takes a case on from one state to another.

    `needs` has to be there, and stays; `takes` is used up, `gives` is there from then on.
    """

    activity: str
    before: str
    after: str
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()


def activity(event: Event, standing: Standing) -> str:
    """The name of an event in the life: its stored name, and with some of them what else matters to what may follow.

    `standing` is that of the case just after.
    """
    return f"{event.type}{_how(event, standing)}"


def _how(event: Event, standing: Standing) -> str:
    match event:
        case e.MeetingHeld():
            return "/tried" if event.failed else "/agreed"
        case e.ActionTaken(settlement=None):
            return "/tried" if event.refusal else ""
        case e.ActionTaken():
            return "/agreed"
        case e.Resolved() if standing.kind is Kind.DISPUTE:
            return "/agreed" if event.outcome_code in (OutcomeCode.SOLVED, OutcomeCode.SETTLED) else "/tried"
        case e.Resolved() if standing.kind in MUST_ATTEND:
            return "/came"
        case e.Unmerged():
            return f"/{event.stage}"
    return ""


def _free(request: Request) -> str:
    return f"free-{request}"


def _asked(request: Request) -> str:
    return f"asked-{request}"


_WAYS: Mapping[type[Event], tuple[tuple[str, dict[str, tuple[str, ...]]], ...]] = {
    e.Arrived: (("", {"gives": (CAME,)}),),
    e.ActionTaken: (("", {}), ("/tried", {"gives": (TRIED,)}), ("/agreed", {"gives": (AGREED, TRIED)})),
    e.MeetingHeld: (("/tried", {"gives": (TRIED,)}), ("/agreed", {"gives": (AGREED, TRIED)})),
    e.Resolved: (
        ("", {}),
        ("/came", {"needs": (CAME,)}),
        ("/agreed", {"needs": (CAME, AGREED)}),
        ("/tried", {"needs": (CAME, TRIED)}),
    ),
    e.Archived: (("", {"needs": tuple(map(_free, Request))}),),
}
"""The variants of an event (see `activity`), and what each asks for and leaves."""


def initially() -> tuple[str, ...]:
    """What is there before a case is reported."""
    return (START, *map(_free, Request))


def steps() -> Iterator[Step]:
    """Every step of the life, those of one event by another state each."""
    yield Step(_name(e.Reported), START, Stage.REPORTED)
    for event, command in COMES_OF.items():
        for before in sorted(command.stages, key=list(Stage).index):
            if before is not Stage.REPORTED or event not in ACCEPTED_BEFORE:
                yield from _from(event, command, before)
    for event, stages in ON_PRIMARY.items():
        yield from (Step(_name(event), before, before) for before in sorted(stages, key=list(Stage).index))


def _from(event: type[Event], command: type[c.OnCase], before: Stage) -> Iterator[Step]:
    if event is e.Merged:
        yield Step(_name(event), before, _merged(before))
    elif before is Stage.MERGED:
        for was in sorted(OPEN, key=list(Stage).index):
            yield from _apart(event, was)
    else:
        requests = _requests(event, command)
        for how, more in _WAYS.get(event, (("", {}),)):
            yield Step(_name(event) + how, before, LEADS_TO.get(event, before), **{**requests, **more})


def _apart(event: type[Event], was: Stage) -> Iterator[Step]:
    """What may happen to a duplicate that was in this stage before."""
    if event is not e.Unmerged:
        yield Step(_name(event), _merged(was), LEADS_TO.get(event, _merged(was)))
        return
    yield Step(f"{_name(event)}/{was}", _merged(was), was)
    if was in DONE:  # its primary is over, and with that whatever its own result rested on
        yield Step(f"{_name(event)}/{Stage.HANDLING}", _merged(was), Stage.HANDLING)


def _requests(event: type[Event], command: type[c.OnCase]) -> dict[str, tuple[str, ...]]:
    """One request of a kind waits at a time, and is answered once."""
    if issubclass(command, Ask):
        return {"takes": (_free(command.request),), "gives": (_asked(command.request),)}
    if issubclass(command, Reply):
        return {"takes": (_asked(command.request),), "gives": (_free(command.request),)}
    return {}


def _merged(was: Stage) -> str:
    return f"{Stage.MERGED}-{was}"


def _name(event: type[Event]) -> str:
    name: str = event.model_fields["type"].default
    return name
