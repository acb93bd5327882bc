"""派遣与处置。"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field, JsonValue

from domain.act import Act
from domain.incident import rules
from domain.incident.commands.step import Step
from domain.incident.events import (
    Accepted,
    ActionTaken,
    Arrived,
    Assigned,
    Dispatched,
    EvidenceAdded,
    HandedOver,
    IncidentEvent,
    Returned,
    SignedFor,
)
from domain.incident.events.handling import Digest, MediaType, RefusalToMeet, Settlement
from domain.incident.state import Incident
from domain.incident.words import UNARCHIVED, UNRESOLVED, WORKING, Stage
from domain.model import Code, Personal, Point, Sensitive, Text, Words


class Dispatch(Step):
    """派遣：定首接负责单位，可列协办；退回两次后须由上级指定承办。"""

    name: ClassVar[str] = "dispatch"
    label: ClassVar[str] = "派遣"
    example: ClassVar[dict[str, JsonValue]] = {"lead": "unit-property"}
    stages: ClassVar = WORKING

    lead: Code = Field(description="首接负责单位", examples=["unit-property"])
    co_handlers: tuple[Code, ...] = Field(default=(), max_length=20, description="协办单位", examples=[[]])
    binding: bool = Field(default=False, description="上级指定承办，不得退回")
    reason: Personal[Text] = Field(default="", description="说明")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        for unit in (self.lead, *self.co_handlers):
            rules.UNIT_LISTED.require(unit in act.territory.unit, unit=unit)
        from_above = act.level is not None and act.level.above(case.held_by)
        rules.BINDING_FROM_ABOVE.require(from_above or not self.binding)
        bounced = case.returns >= act.clocks.tables[case.rules].returns
        rules.BINDING_AFTER_RETURNS.require(self.binding or not bounced, returns=case.returns)
        yield Dispatched(lead=self.lead, co_handlers=self.co_handlers, binding=self.binding, reason=self.reason)


class Assign(Step):
    """指派经办人。"""

    name: ClassVar[str] = "assign"
    label: ClassVar[str] = "指派经办人"
    example: ClassVar[dict[str, JsonValue]] = {"officer": "officer-ge"}
    stages: ClassVar = WORKING

    officer: Code = Field(description="经办人编号", examples=["officer-ge"])

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.ASSIGN_ONCE.require(case.officer is None)
        rules.OFFICER_IN_OFFICE.require(act.territory.in_office(self.officer), officer=self.officer)
        yield Assigned(officer=self.officer)


class HandOver(Step):
    """移交：现有经办人换成另一个人。"""

    name: ClassVar[str] = "hand-over"
    label: ClassVar[str] = "移交"
    example: ClassVar[dict[str, JsonValue]] = {"officer": "officer-zhang", "reason": "轮休交接"}
    stages: ClassVar = WORKING | {Stage.RESOLVED, Stage.CHECKED}

    officer: Code = Field(description="接手人编号", examples=["officer-zhang"])
    reason: Personal[Text] = Field(default="", description="理由")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        if case.officer is None or case.officer == self.officer:
            raise rules.HAND_OVER_TO_ANOTHER.refused()
        rules.OFFICER_IN_OFFICE.require(act.territory.in_office(self.officer), officer=self.officer)
        yield HandedOver(from_officer=case.officer, officer=self.officer, reason=self.reason)


class SignFor(Step):
    """首接负责单位签收，处置开始。"""

    name: ClassVar[str] = "sign-for"
    label: ClassVar[str] = "签收"
    stages: ClassVar = frozenset({Stage.DISPATCHED})

    def already(self, case: Incident) -> bool:
        return case.signed

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        if case.lead is None or act.unit != case.lead:
            raise rules.LEAD_ONLY.refused(command=self.label)
        yield SignedFor(lead=case.lead)


class Return(Step):
    """退回：首接负责单位认为不归自己办，说明理由。"""

    name: ClassVar[str] = "return"
    label: ClassVar[str] = "退回"
    example: ClassVar[dict[str, JsonValue]] = {"reason": "属于市政管网，不在物业职责内"}
    stages: ClassVar = frozenset({Stage.DISPATCHED, Stage.HANDLING})

    reason: Personal[Text] = Field(description="理由")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        if case.lead is None or act.unit != case.lead:
            raise rules.LEAD_ONLY.refused(command=self.label)
        rules.BINDING_STAYS.require(not case.binding)
        rules.REASON.require(self.reason)
        yield Returned(lead=case.lead, hop=case.returns + 1, reason=self.reason)


def self_handled(case: Incident, act: Act) -> Iterator[IncidentEvent]:
    """Staff who act on a case nobody has accepted yet accept it by doing so (domain.md §3)."""
    if not case.accepted:
        yield Accepted(number=act.case_number, self_handled=True)


class Arrive(Step):
    """必到：到达现场。"""

    name: ClassVar[str] = "arrive"
    label: ClassVar[str] = "到达现场"
    example: ClassVar[dict[str, JsonValue]] = {"note": "污水仍在外溢，先拉警戒线"}
    stages: ClassVar = UNRESOLVED

    note: Personal[Text] = Field(default="", description="现场情况")
    position: Sensitive[Point | None] = Field(default=None, description="到场位置，只作案件凭证，不作考勤")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        yield from self_handled(case, act)
        yield Arrived(first=not case.arrived, note=self.note, position=self.position)


class TakeAction(Step):
    """采取措施；可登记现场调解的结果，或当事人拒绝协调。"""

    name: ClassVar[str] = "take-action"
    label: ClassVar[str] = "采取措施"
    example: ClassVar[dict[str, JsonValue]] = {"note": "联系维修师傅疏通管道"}
    stages: ClassVar = UNRESOLVED

    note: Personal[Words] = Field(description="做了什么")
    settlement: Settlement | None = Field(default=None, description="现场调解")
    refusal: RefusalToMeet | None = Field(default=None, description="拒绝协调")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.SETTLE_ON_SITE.require(case.arrived or self.settlement is None)
        yield from self_handled(case, act)
        yield ActionTaken(note=self.note, settlement=self.settlement, refusal=self.refusal)


class AddEvidence(Step):
    """补充材料：文件保存在别处的，登记它的校验值、类型和大小（字节）；要保存在这里的，请上传。"""

    name: ClassVar[str] = "add-evidence"
    label: ClassVar[str] = "补充材料"
    example: ClassVar[dict[str, JsonValue]] = {
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "media_type": "image/jpeg",
        "size": 204800,
        "caption": "修复后的化粪池盖板",
    }
    stages: ClassVar = UNARCHIVED
    residents_may: ClassVar[bool] = True

    digest: Digest = Field(description="文件的 SHA-256，十六进制小写")
    media_type: MediaType = Field(description="媒体类型", examples=["image/jpeg"])
    size: int = Field(gt=0, le=1_000_000_000, description="字节数")
    caption: Personal[Text] = Field(default="", description="说明")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        kept = act.kept._asdict() if act.kept else {}
        yield EvidenceAdded(
            digest=self.digest, media_type=self.media_type, size=self.size, caption=self.caption, **kept
        )
