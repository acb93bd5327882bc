"""办结、核查、回访、结案、归档: how a case ends, and whose word counts."""

from __future__ import annotations

from typing import ClassVar, Literal

from domain.incident.words import Answer, OutcomeCode
from domain.model import Event, Personal, Shared, Somebody, Text, Words


class Resolved(Event):
    type: Literal["incident.resolved"] = "incident.resolved"
    label: ClassVar[str] = "办结"
    sentence: ClassVar[str] = "{outcome_code}：{outcome}"

    outcome_code: OutcomeCode
    outcome: Shared[Words]


class CheckPassed(Event):
    type: Literal["incident.check_passed"] = "incident.check_passed"
    label: ClassVar[str] = "核查通过"
    sentence: ClassVar[str] = "核查通过{note:：}"

    note: Personal[Text] = ""


class CheckFailed(Event):
    type: Literal["incident.check_failed"] = "incident.check_failed"
    label: ClassVar[str] = "核查不通过"
    sentence: ClassVar[str] = "第{rework}次返工，理由：{reason}"

    rework: int
    reason: Personal[Words]


class FollowedUp(Event):
    type: Literal["incident.followed_up"] = "incident.followed_up"
    label: ClassVar[str] = "回访"
    sentence: ClassVar[str] = (
        "回访：{answer}{responded:，有人响应|，没有人响应}{solved:，问题已解决|，问题没有解决}{note:，}"
    )

    person: Somebody
    answer: Answer
    responded: bool | None = None
    solved: bool | None = None
    note: Personal[Text] = ""


class Closed(Event):
    type: Literal["incident.closed"] = "incident.closed"
    label: ClassVar[str] = "结案"
    sentence: ClassVar[str] = "结案{reason_not_reopening:，不重办的理由：}"

    reason_not_reopening: Personal[Text] = ""


class Reopened(Event):
    type: Literal["incident.reopened"] = "incident.reopened"
    label: ClassVar[str] = "重办"
    sentence: ClassVar[str] = "第{cycle}轮处置，理由：{reason}"

    cycle: int
    reason: Personal[Words]


class Archived(Event):
    type: Literal["incident.archived"] = "incident.archived"
    label: ClassVar[str] = "归档"
    sentence: ClassVar[str] = "归档"
