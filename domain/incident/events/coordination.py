"""协调、上报、吹哨报到、督办: getting help, from beside and from above."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from domain.incident.words import Capacity, Card, HelpFrom
from domain.model import Code, Event, Instant, Model, Name, Personal, Somebody, Text, Words
from domain.territory import Level


class Attendance(Model):
    """到会者：以什么身份来的，是谁。"""

    capacity: Capacity
    name: Personal[Name]
    unit: Code | None = None


class Promise(Model):
    """承诺：谁、做什么、何时前。"""

    who: Personal[Name]
    what: Personal[Words]
    due: Instant


class MeetingConvened(Event):
    type: Literal["incident.meeting_convened"] = "incident.meeting_convened"
    label: ClassVar[str] = "召集协调会"
    sentence: ClassVar[str] = "召集协调会，时间{meets_at}{agenda:，议题：}"

    meets_at: Instant
    invited: tuple[Capacity, ...] = ()
    agenda: Personal[Text] = ""


class MeetingHeld(Event):
    type: Literal["incident.meeting_held"] = "incident.meeting_held"
    label: ClassVar[str] = "召开协调会"
    sentence: ClassVar[str] = (
        "{attendance.capacity}到会{agreement:，达成：}{failed:，未能达成一致}{commitments.what:；承诺：}"
    )

    attendance: tuple[Attendance, ...]
    agreement: Personal[Text] = ""
    failed: bool = False
    commitments: tuple[Promise, ...] = ()


class CommitmentKept(Event):
    type: Literal["incident.commitment_kept"] = "incident.commitment_kept"
    label: ClassVar[str] = "兑现承诺"
    sentence: ClassVar[str] = "第{commitment}项承诺已兑现{note:：}"

    commitment: int
    note: Personal[Text] = ""


class CommitmentBroken(Event):
    type: Literal["incident.commitment_broken"] = "incident.commitment_broken"
    label: ClassVar[str] = "未兑现承诺"
    sentence: ClassVar[str] = "第{commitment}项承诺未兑现{note:：}"

    commitment: int
    note: Personal[Text] = ""


class Escalated(Event):
    type: Literal["incident.escalated"] = "incident.escalated"
    label: ClassVar[str] = "上报"
    sentence: ClassVar[str] = "由{from_level}上报{to_level}{skipped:（越级）}{reason:，理由：}"

    from_level: Level
    to_level: Level
    skipped: bool = False
    reason: Personal[Text] = ""


class HelpRequested(Event):
    type: Literal["incident.help_requested"] = "incident.help_requested"
    label: ClassVar[str] = "吹哨"
    sentence: ClassVar[str] = "第{help}号吹哨，请{whom}支援：{request}"

    help: int
    source: HelpFrom
    whom: Somebody
    request: Personal[Words]
    complex: bool = Field(default=False, description="复杂事项：时限十个工作日，而非三十分钟")


class HelpAnswered(Event):
    type: Literal["incident.help_answered"] = "incident.help_answered"
    label: ClassVar[str] = "报到"
    sentence: ClassVar[str] = "应第{help}号吹哨，{came}到场：{finding}"

    help: int
    came: Personal[tuple[Name, ...]]
    finding: Personal[Words]


class Supervised(Event):
    type: Literal["incident.supervised"] = "incident.supervised"
    label: ClassVar[str] = "督办"
    sentence: ClassVar[str] = "{level}发出{card}督办：{demand}"

    card: Card
    level: Level
    demand: Personal[Words]
