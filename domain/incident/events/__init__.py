"""Everything that can stand in a case file, by chapter. Stored names never change."""

from __future__ import annotations

from typing import get_args

from domain.incident.events.closing import (
    Archived,
    CheckFailed,
    CheckPassed,
    Closed,
    FollowedUp,
    Reopened,
    Resolved,
)
from domain.incident.events.coordination import (
    CommitmentBroken,
    CommitmentKept,
    Escalated,
    HelpAnswered,
    HelpRequested,
    MeetingConvened,
    MeetingHeld,
    Supervised,
)
from domain.incident.events.duplicates import (
    DuplicateAttached,
    DuplicateDetached,
    DuplicateFollowedUp,
    Merged,
    Unmerged,
)
from domain.incident.events.handling import (
    ActionTaken,
    Arrived,
    Assigned,
    Dispatched,
    EvidenceAdded,
    HandedOver,
    Returned,
    SignedFor,
)
from domain.incident.events.intake import Accepted, Rejected, Reported, Withdrawn
from domain.incident.events.money import (
    ContributionReceived,
    ContributionReturned,
    CostAdvanced,
    CostPaid,
    CostReimbursed,
    FundGranted,
    PaymentRefunded,
)
from domain.incident.events.redaction import TextRedacted
from domain.incident.events.requests import (
    CorrectionGranted,
    CorrectionRefused,
    CorrectionRequested,
    ExtensionGranted,
    ExtensionRefused,
    ExtensionRequested,
    Resumed,
    SuspensionGranted,
    SuspensionRefused,
    SuspensionRequested,
    TimeoutAppealed,
    TimeoutExempted,
    TimeoutUpheld,
    VoidGranted,
    VoidRefused,
    VoidRequested,
)
from domain.incident.events.upkeep import DeadlineDetermined, DutyCalled, Redrawn
from domain.model import Event

MoneyEvent = (
    CostAdvanced
    | ContributionReceived
    | FundGranted
    | CostPaid
    | PaymentRefunded
    | ContributionReturned
    | CostReimbursed
)
IntakeEvent = Reported | Accepted | Rejected | Withdrawn
HandlingEvent = Dispatched | Assigned | HandedOver | SignedFor | Returned | Arrived | ActionTaken | EvidenceAdded
CoordinationEvent = (
    MeetingConvened
    | MeetingHeld
    | CommitmentKept
    | CommitmentBroken
    | Escalated
    | HelpRequested
    | HelpAnswered
    | Supervised
)
AskEvent = ExtensionRequested | SuspensionRequested | CorrectionRequested | VoidRequested | TimeoutAppealed
ReplyEvent = (
    ExtensionGranted
    | ExtensionRefused
    | SuspensionGranted
    | SuspensionRefused
    | CorrectionGranted
    | CorrectionRefused
    | VoidGranted
    | VoidRefused
    | TimeoutExempted
    | TimeoutUpheld
)
RequestEvent = AskEvent | ReplyEvent | Resumed
ClosingEvent = Resolved | CheckPassed | CheckFailed | FollowedUp | Closed | Reopened | Archived
UpkeepEvent = DutyCalled | Redrawn | DeadlineDetermined | TextRedacted
DuplicateEvent = Merged | Unmerged | DuplicateAttached | DuplicateDetached | DuplicateFollowedUp

StepEvent = (
    Accepted
    | Rejected
    | Withdrawn
    | Dispatched
    | SignedFor
    | Returned
    | Resolved
    | CheckPassed
    | CheckFailed
    | Closed
    | Reopened
    | Archived
    | VoidGranted
    | Merged
    | Unmerged
)
"""One after the other: what brings a case from stage to stage."""
WorkEvent = Arrived | ActionTaken | MeetingHeld
"""Side by side: what several people do in one stage."""

IncidentEvent = (
    IntakeEvent
    | HandlingEvent
    | CoordinationEvent
    | RequestEvent
    | MoneyEvent
    | ClosingEvent
    | DuplicateEvent
    | UpkeepEvent
)

BY_TYPE: dict[str, type[Event]] = {cls.model_fields["type"].default: cls for cls in get_args(IncidentEvent)}
"""Stored name → model."""
