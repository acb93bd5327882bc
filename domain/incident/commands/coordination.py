"""协调会、上报、吹哨报到、督办。"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field, JsonValue

from domain.act import Act
from domain.incident import rules
from domain.incident.commands.step import Step
from domain.incident.events import (
    CommitmentBroken,
    CommitmentKept,
    Escalated,
    HelpAnswered,
    HelpRequested,
    IncidentEvent,
    MeetingConvened,
    MeetingHeld,
    Supervised,
)
from domain.incident.events.coordination import Attendance, Promise
from domain.incident.state import Incident
from domain.incident.words import OPEN, WORKING, Capacity, Card, HelpFrom, Stage
from domain.model import Code, Instant, Name, Personal, Text, Words
from domain.territory import Level

IN_HANDLING = frozenset({Stage.HANDLING})


class ConveneMeeting(Step):
    """召集协调会。"""

    name: ClassVar[str] = "convene-meeting"
    label: ClassVar[str] = "召集协调会"
    example: ClassVar[dict[str, JsonValue]] = {
        "meets_at": "2026-03-05T15:00:00+08:00",
        "invited": ["party", "owners", "property"],
        "agenda": "私自改门堵塞通行道",
    }
    stages: ClassVar = IN_HANDLING

    meets_at: Instant = Field(description="开会时间")
    invited: tuple[Capacity, ...] = Field(default=(), max_length=20, description="邀请哪些方面")
    agenda: Personal[Text] = Field(default="", description="议题")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        yield MeetingConvened(meets_at=self.meets_at, invited=self.invited, agenda=self.agenda)


class HoldMeeting(Step):
    """召开协调会：谁以什么身份到会，达成什么、未达成什么，谁承诺何时前做什么。"""

    name: ClassVar[str] = "hold-meeting"
    label: ClassVar[str] = "召开协调会"
    example: ClassVar[dict[str, JsonValue]] = {
        "attendance": [
            {"capacity": "party", "name": "改门业主"},
            {"capacity": "owners", "name": "业主代表"},
            {"capacity": "property", "name": "物业经理", "unit": "unit-property"},
        ],
        "agreement": "恢复原门，让出通行道",
        "commitments": [{"who": "改门业主", "what": "拆除新门、恢复原状", "due": "2026-03-08T18:00:00+08:00"}],
    }
    stages: ClassVar = IN_HANDLING

    attendance: tuple[Attendance, ...] = Field(max_length=100, description="到会者")
    agreement: Personal[Text] = Field(default="", description="达成的意见")
    failed: bool = Field(default=False, description="未能达成一致")
    commitments: tuple[Promise, ...] = Field(default=(), max_length=50, description="承诺")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.MEETING_TWO_SIDES.require(len({seat.capacity for seat in self.attendance}) > 1)
        rules.AGREED_OR_FAILED.require(self.failed != bool(self.agreement) and not (self.failed and self.commitments))
        yield MeetingHeld(
            attendance=self.attendance,
            agreement=self.agreement,
            failed=self.failed,
            commitments=self.commitments,
        )


class KeepCommitment(Step):
    """登记一项承诺已经兑现。"""

    name: ClassVar[str] = "keep-commitment"
    label: ClassVar[str] = "登记兑现承诺"
    example: ClassVar[dict[str, JsonValue]] = {"commitment": 1, "note": "已恢复原门，现场查看属实"}
    stages: ClassVar = IN_HANDLING

    commitment: int = Field(ge=1, le=10_000, strict=True, description="第几项承诺，按协调会记录的先后从1起")
    note: Personal[Text] = Field(default="", description="说明")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.COMMITMENT_OPEN.require(still_open(case.commitments, self.commitment), commitment=self.commitment)
        yield CommitmentKept(commitment=self.commitment, note=self.note)


class BreakCommitment(Step):
    """登记一项承诺没有兑现。"""

    name: ClassVar[str] = "break-commitment"
    label: ClassVar[str] = "登记未兑现承诺"
    example: ClassVar[dict[str, JsonValue]] = {"commitment": 1, "note": "到期未拆"}
    stages: ClassVar = IN_HANDLING

    commitment: int = Field(ge=1, le=10_000, strict=True, description="第几项承诺，按协调会记录的先后从1起")
    note: Personal[Text] = Field(default="", description="说明")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.COMMITMENT_OPEN.require(still_open(case.commitments, self.commitment), commitment=self.commitment)
        yield CommitmentBroken(commitment=self.commitment, note=self.note)


class Escalate(Step):
    """上报：交上一级；越级须写明理由。"""

    name: ClassVar[str] = "escalate"
    label: ClassVar[str] = "上报"
    example: ClassVar[dict[str, JsonValue]] = {"to": "community"}
    stages: ClassVar = WORKING

    to: Level = Field(description="上报到哪一级")
    reason: Personal[Text] = Field(default="", description="理由；越级时必填")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        ladder = case.standing.place.ladder_above(case.held_by)
        rules.ESCALATE_UPWARD.require(self.to in ladder, level=case.held_by.label)
        skipped = self.to is not ladder[0]
        rules.SKIP_NEEDS_REASON.require(self.reason or not skipped)
        yield Escalated(from_level=case.held_by, to_level=self.to, skipped=skipped, reason=self.reason)


class RequestHelp(Step):
    """吹哨：请部门、结对单位或双报到党员到案支援。"""

    name: ClassVar[str] = "request-help"
    label: ClassVar[str] = "吹哨"
    example: ClassVar[dict[str, JsonValue]] = {
        "source": "checked_in",
        "whom": "expert-yi",
        "request": "请检测楼栋地下层积水是否有安全隐患",
    }
    stages: ClassVar = WORKING

    source: HelpFrom = Field(description="哪一类力量")
    whom: Code = Field(description="单位或人员编号", examples=["expert-yi"])
    request: Personal[Words] = Field(description="请求什么")
    complex: bool = Field(default=False, description="复杂事项，时限十个工作日")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        yield HelpRequested(
            help=len(case.calls) + 1,
            source=self.source,
            whom=self.whom,
            request=self.request,
            complex=self.complex,
        )


class AnswerHelp(Step):
    """报到：谁来了，看到什么、结论是什么。"""

    name: ClassVar[str] = "answer-help"
    label: ClassVar[str] = "报到"
    example: ClassVar[dict[str, JsonValue]] = {
        "help": 1,
        "came": ["易杰"],
        "finding": "经检测，楼栋没有安全隐患",
    }
    stages: ClassVar = WORKING

    help: int = Field(ge=1, le=10_000, strict=True, description="第几号吹哨，从1起")
    came: Personal[tuple[Name, ...]] = Field(min_length=1, max_length=50, description="到场的人")
    finding: Personal[Words] = Field(description="查看结论")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.HELP_OPEN.require(still_open(case.calls, self.help), help=self.help)
        yield HelpAnswered(help=self.help, came=self.came, finding=self.finding)


class Supervise(Step):
    """督办：上级发黄牌、红牌或黑牌。"""

    name: ClassVar[str] = "supervise"
    label: ClassVar[str] = "督办"
    example: ClassVar[dict[str, JsonValue]] = {"card": "yellow", "demand": "三日内报告处置进展"}
    stages: ClassVar = OPEN

    card: Card = Field(description="督办级别")
    demand: Personal[Words] = Field(description="督办要求")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        if act.level is None or not act.level.above(case.held_by):
            raise rules.SUPERVISE_FROM_ABOVE.refused()
        yield Supervised(card=self.card, level=act.level, demand=self.demand)


def still_open(items: tuple[bool, ...], number: int) -> bool:
    """Whether item `number` (counted from 1) exists and waits."""
    return number <= len(items) and items[number - 1]
