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
RequestEvent = (
    ExtensionRequested
    | ExtensionGranted
    | ExtensionRefused
    | SuspensionRequested
    | SuspensionGranted
    | SuspensionRefused
    | Resumed
    | CorrectionRequested
    | CorrectionGranted
    | CorrectionRefused
    | VoidRequested
    | VoidGranted
    | VoidRefused
    | TimeoutAppealed
    | TimeoutExempted
    | TimeoutUpheld
)
ClosingEvent = Resolved | CheckPassed | CheckFailed | FollowedUp | Closed | Reopened | Archived
DuplicateEvent = Merged | Unmerged | DuplicateAttached | DuplicateDetached | DuplicateFollowedUp

IncidentEvent = (
    IntakeEvent | HandlingEvent | CoordinationEvent | RequestEvent | MoneyEvent | ClosingEvent | DuplicateEvent
)

BY_TYPE: dict[str, type[Event]] = {cls.model_fields["type"].default: cls for cls in get_args(IncidentEvent)}
"""Stored name → model."""
