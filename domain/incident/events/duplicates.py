"""重复件: two files about one matter. What a duplicate says, its primary is told in the same append."""

from __future__ import annotations

from typing import ClassVar, Literal

from domain.incident.words import Answer, Stage
from domain.model import Code, Event, Model, Personal, Somebody, Text, Words


class Merged(Event):
    type: Literal["incident.merged"] = "incident.merged"
    label: ClassVar[str] = "并案"
    sentence: ClassVar[str] = "作为重复件并入主案{into}{reason:，理由：}"

    into: Code
    reason: Personal[Text] = ""


class Unmerged(Event):
    type: Literal["incident.unmerged"] = "incident.unmerged"
    label: ClassVar[str] = "撤销并案"
    sentence: ClassVar[str] = "撤销并案，恢复为“{stage}”，理由：{reason}"

    stage: Stage
    cycle: int
    reason: Personal[Words]


class AffectedPerson(Model):
    """Somebody whose word is asked: who they are, and who answers for them."""

    subject: Somebody
    answers: Somebody


class OnPrimary(Event):
    """Appended to the primary's stream, together with its duplicate's own event."""


class DuplicateAttached(OnPrimary):
    type: Literal["incident.duplicate_attached"] = "incident.duplicate_attached"
    label: ClassVar[str] = "并入重复件"
    sentence: ClassVar[str] = "并入重复件{duplicate}"

    duplicate: Code
    affected: tuple[AffectedPerson, ...] = ()


class DuplicateDetached(OnPrimary):
    type: Literal["incident.duplicate_detached"] = "incident.duplicate_detached"
    label: ClassVar[str] = "移出重复件"
    sentence: ClassVar[str] = "移出重复件{duplicate}"

    duplicate: Code


class DuplicateFollowedUp(OnPrimary):
    type: Literal["incident.duplicate_followed_up"] = "incident.duplicate_followed_up"
    label: ClassVar[str] = "重复件回访"
    sentence: ClassVar[str] = (
        "重复件{duplicate}的当事人回访：{answer}{responded:，有人响应|，没有人响应}{solved:，问题已解决|，问题没有解决}"
    )

    duplicate: Code
    person: Somebody
    answer: Answer
    responded: bool | None = None
    solved: bool | None = None
