"""一个案件可以办的每一件事：规则书的目录。"""

from __future__ import annotations

from domain.incident.commands.closing import Archive, Close, FailCheck, FollowUp, PassCheck, Reopen, Resolve
from domain.incident.commands.coordination import (
    AnswerHelp,
    BreakCommitment,
    ConveneMeeting,
    Escalate,
    HoldMeeting,
    KeepCommitment,
    RequestHelp,
    Supervise,
)
from domain.incident.commands.duplicates import Merge, Unmerge
from domain.incident.commands.handling import (
    AddEvidence,
    Arrive,
    Assign,
    Dispatch,
    HandOver,
    Return,
    SignFor,
    TakeAction,
)
from domain.incident.commands.intake import Accept, Reject, Report, Withdraw
from domain.incident.commands.money import (
    AdvanceCost,
    GrantFund,
    PayCost,
    ReceiveContribution,
    RefundPayment,
    ReimburseCost,
    ReturnContribution,
)
from domain.incident.commands.redaction import RedactText
from domain.incident.commands.requests import (
    AppealTimeout,
    ExemptTimeout,
    GrantCorrection,
    GrantExtension,
    GrantSuspension,
    GrantVoid,
    RefuseCorrection,
    RefuseExtension,
    RefuseSuspension,
    RefuseVoid,
    RequestCorrection,
    RequestExtension,
    RequestSuspension,
    RequestVoid,
    Resume,
    UpholdTimeout,
)
from domain.incident.commands.step import OnCase, PairedStep, Step, decide
from domain.incident.commands.upkeep import CallDuty, DetermineDeadlines, Redraw

INTAKE: tuple[type[OnCase], ...] = (Accept, Reject, Withdraw)
HANDLING: tuple[type[OnCase], ...] = (Dispatch, Assign, HandOver, SignFor, Return, Arrive, TakeAction)
COORDINATION: tuple[type[OnCase], ...] = (
    ConveneMeeting,
    HoldMeeting,
    KeepCommitment,
    BreakCommitment,
    Escalate,
    RequestHelp,
    AnswerHelp,
    Supervise,
)
REQUESTS: tuple[type[OnCase], ...] = (
    RequestExtension,
    GrantExtension,
    RefuseExtension,
    RequestSuspension,
    GrantSuspension,
    RefuseSuspension,
    Resume,
    RequestCorrection,
    GrantCorrection,
    RefuseCorrection,
    RequestVoid,
    GrantVoid,
    RefuseVoid,
)
MONEY: tuple[type[OnCase], ...] = (
    AdvanceCost,
    ReceiveContribution,
    GrantFund,
    PayCost,
    RefundPayment,
    ReturnContribution,
    ReimburseCost,
)
CLOSING: tuple[type[OnCase], ...] = (
    Resolve,
    PassCheck,
    FailCheck,
    FollowUp,
    Close,
    Reopen,
    AppealTimeout,
    ExemptTimeout,
    UpholdTimeout,
    Archive,
)
DUPLICATES: tuple[type[OnCase], ...] = (Merge, Unmerge)
UPKEEP: tuple[type[OnCase], ...] = (CallDuty, Redraw, DetermineDeadlines)

ALL: tuple[type[OnCase], ...] = (
    *INTAKE,
    *HANDLING,
    *COORDINATION,
    *REQUESTS,
    *MONEY,
    *CLOSING,
    *DUPLICATES,
    AddEvidence,
    RedactText,
    *UPKEEP,
)
BY_NAME: dict[str, type[OnCase]] = {command.name: command for command in ALL}
