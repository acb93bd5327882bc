"""申请与审批: what one person asks for and another grants."""

from __future__ import annotations

from operator import not_
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from domain.incident.words import ClockOfCase, Standing
from domain.model import Event, Personal, Shared, Text, Words


class ExtensionRequested(Event):
    type: Literal["incident.extension_requested"] = "incident.extension_requested"
    label: ClassVar[str] = "申请延期"
    sentence: ClassVar[str] = "申请延期，理由：{reason}"

    reason: Personal[Words]


class ExtensionGranted(Event):
    type: Literal["incident.extension_granted"] = "incident.extension_granted"
    label: ClassVar[str] = "同意延期"
    sentence: ClassVar[str] = "同意第{nth}次延期，增加一个原时限{note:：}"

    nth: int
    note: Personal[Text] = ""


class ExtensionRefused(Event):
    type: Literal["incident.extension_refused"] = "incident.extension_refused"
    label: ClassVar[str] = "不同意延期"
    sentence: ClassVar[str] = "不同意延期{note:：}"

    note: Personal[Text] = ""


class SuspensionRequested(Event):
    type: Literal["incident.suspension_requested"] = "incident.suspension_requested"
    label: ClassVar[str] = "申请挂账"
    sentence: ClassVar[str] = "申请挂账至{until}，理由：{reason}"

    until: AwareDatetime
    reason: Personal[Words]


class SuspensionGranted(Event):
    type: Literal["incident.suspension_granted"] = "incident.suspension_granted"
    label: ClassVar[str] = "同意挂账"
    sentence: ClassVar[str] = "同意挂账至{until}{note:：}"

    until: AwareDatetime
    note: Personal[Text] = ""


class SuspensionRefused(Event):
    type: Literal["incident.suspension_refused"] = "incident.suspension_refused"
    label: ClassVar[str] = "不同意挂账"
    sentence: ClassVar[str] = "不同意挂账{note:：}"

    note: Personal[Text] = ""


class Resumed(Event):
    type: Literal["incident.resumed"] = "incident.resumed"
    label: ClassVar[str] = "恢复处置"
    sentence: ClassVar[str] = "恢复处置{note:：}"

    note: Personal[Text] = ""


class CorrectionRequested(Event):
    type: Literal["incident.correction_requested"] = "incident.correction_requested"
    label: ClassVar[str] = "申请更正"
    sentence: ClassVar[str] = "申请更正，理由：{reason}"

    standing: Standing
    began_at: AwareDatetime | None = None
    description: Personal[Text] = ""
    reason: Personal[Words]


class CorrectionGranted(Event):
    """Carries what was and what is now, so that no reader needs to look it up."""

    type: Literal["incident.correction_granted"] = "incident.correction_granted"
    label: ClassVar[str] = "同意更正"
    sentence: ClassVar[str] = (
        "更正：{was.kind}→{standing.kind}，{was.place.grid}→{standing.place.grid}，"
        "类别{was.category}→{standing.category}，紧急程度{was.urgency}→{standing.urgency}{note:：}"
    )

    was: Standing
    standing: Standing
    began_at: AwareDatetime | None = None
    description: Shared[Text] = ""
    keeps: tuple[ClockOfCase, ...] = Field(default=(), exclude_if=not_)
    """The clocks overdue by then: no correction takes that back, they keep the limit they had."""
    note: Personal[Text] = ""


class CorrectionRefused(Event):
    type: Literal["incident.correction_refused"] = "incident.correction_refused"
    label: ClassVar[str] = "不同意更正"
    sentence: ClassVar[str] = "不同意更正{note:：}"

    note: Personal[Text] = ""


class VoidRequested(Event):
    type: Literal["incident.void_requested"] = "incident.void_requested"
    label: ClassVar[str] = "申请作废"
    sentence: ClassVar[str] = "申请作废，理由：{reason}"

    reason: Personal[Words]


class VoidGranted(Event):
    type: Literal["incident.void_granted"] = "incident.void_granted"
    label: ClassVar[str] = "同意作废"
    sentence: ClassVar[str] = "案件作废{note:：}"

    note: Personal[Text] = ""


class VoidRefused(Event):
    type: Literal["incident.void_refused"] = "incident.void_refused"
    label: ClassVar[str] = "不同意作废"
    sentence: ClassVar[str] = "不同意作废{note:：}"

    note: Personal[Text] = ""


class TimeoutAppealed(Event):
    type: Literal["incident.timeout_appealed"] = "incident.timeout_appealed"
    label: ClassVar[str] = "超时申诉"
    sentence: ClassVar[str] = "就超时提出申诉，理由：{reason}"

    reason: Personal[Words]


class TimeoutExempted(Event):
    """Changes the statistic only: the fact of the timeout stays in the file."""

    type: Literal["incident.timeout_exempted"] = "incident.timeout_exempted"
    label: ClassVar[str] = "同意免责"
    sentence: ClassVar[str] = "超时不计入考核，事实保留{note:：}"

    note: Personal[Text] = ""


class TimeoutUpheld(Event):
    type: Literal["incident.timeout_upheld"] = "incident.timeout_upheld"
    label: ClassVar[str] = "维持超时"
    sentence: ClassVar[str] = "维持超时认定{note:：}"

    note: Personal[Text] = ""
