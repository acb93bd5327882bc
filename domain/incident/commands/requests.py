"""申请与审批：延期、挂账、更正、作废、超时申诉。谁申请的，谁就不能审批。"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

from pydantic import Field, JsonValue

from domain.act import Act
from domain.incident import rules
from domain.incident.commands.intake import place_of
from domain.incident.commands.step import Step, require_alone, require_settled
from domain.incident.events import (
    AskEvent,
    CorrectionGranted,
    CorrectionRefused,
    CorrectionRequested,
    ExtensionGranted,
    ExtensionRefused,
    ExtensionRequested,
    IncidentEvent,
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
from domain.incident.state import Incident
from domain.incident.timing import due_of
from domain.incident.words import DONE, OPEN, UNARCHIVED, ClockOfCase, Kind, Request, Stage, Standing
from domain.model import Category, Code, Instant, Personal, Text, Urgency


class Ask(Step):
    """Something that another person has to grant. One request of a kind waits at a time."""

    request: ClassVar[Request]

    reason: Personal[Text] = Field(description="理由")

    def admit(self, case: Incident, act: Act) -> None:
        super().admit(case, act)
        rules.REASON.require(self.reason)
        rules.ONE_REQUEST.require(self.request not in case.pending, request=self.request.label)


class Reply(Step):
    """Somebody else's answer to a request that waits."""

    request: ClassVar[Request]
    example: ClassVar[dict[str, JsonValue]] = {"note": "情况属实"}

    note: Personal[Text] = Field(default="", description="批示")

    def admit(self, case: Incident, act: Act) -> None:
        super().admit(case, act)
        rules.REQUEST_PENDING.require(self.request in case.pending, request=self.request.label)
        rules.BY_ANOTHER.require(act.actor != case.pending[self.request].by)

    def asked(self, case: Incident) -> AskEvent:
        """What was asked for, word for word."""
        return case.pending[self.request].event


class RequestExtension(Ask):
    """申请延期；超时后不能再申请。"""

    name: ClassVar[str] = "request-extension"
    label: ClassVar[str] = "申请延期"
    example: ClassVar[dict[str, JsonValue]] = {"reason": "配件须从外地调运"}
    stages: ClassVar = OPEN
    request: ClassVar[Request] = Request.EXTENSION

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.NOT_OVERDUE.require(not case.overdue(act.effective_at, act.clocks), request=self.request.label)
        left = case.extensions < act.clocks.tables[case.rules].extensions
        rules.EXTENSIONS_USED_UP.require(left, count=case.extensions)
        yield ExtensionRequested(reason=self.reason)


class GrantExtension(Reply):
    """同意延期：增加一个原时限。"""

    name: ClassVar[str] = "grant-extension"
    label: ClassVar[str] = "同意延期"
    stages: ClassVar = OPEN
    request: ClassVar[Request] = Request.EXTENSION

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        yield ExtensionGranted(nth=case.extensions + 1, note=self.note)


class RefuseExtension(Reply):
    """不同意延期；不占用次数。"""

    name: ClassVar[str] = "refuse-extension"
    label: ClassVar[str] = "不同意延期"
    stages: ClassVar = UNARCHIVED
    request: ClassVar[Request] = Request.EXTENSION

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        yield ExtensionRefused(note=self.note)


class RequestSuspension(Ask):
    """申请挂账：客观条件不具备，暂停计时，最长一年。"""

    name: ClassVar[str] = "request-suspension"
    label: ClassVar[str] = "申请挂账"
    example: ClassVar[dict[str, JsonValue]] = {
        "until": "2026-06-30T18:00:00+08:00",
        "reason": "须待雨季过后才能开挖管沟",
    }
    stages: ClassVar = OPEN
    request: ClassVar[Request] = Request.SUSPENSION

    until: Instant = Field(description="挂账到何时")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        table = act.clocks.tables[case.rules]
        rules.NOT_OVERDUE.require(not case.overdue(act.effective_at, act.clocks), request=self.request.label)
        rules.SUSPENDED_ONCE.require(case.suspensions < table.suspensions, count=case.suspensions)
        longest = act.recorded_at + timedelta(days=table.suspension_days)
        rules.SUSPENSION_AHEAD.require(act.recorded_at < self.until <= longest)
        yield SuspensionRequested(until=self.until, reason=self.reason)


class GrantSuspension(Reply):
    """同意挂账；到期自行恢复。"""

    name: ClassVar[str] = "grant-suspension"
    label: ClassVar[str] = "同意挂账"
    stages: ClassVar = OPEN
    request: ClassVar[Request] = Request.SUSPENSION

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        asked = self.asked(case)
        if not isinstance(asked, SuspensionRequested) or asked.until <= act.recorded_at:
            raise rules.SUSPENSION_AHEAD.refused()
        yield SuspensionGranted(until=asked.until, note=self.note)


class RefuseSuspension(Reply):
    """不同意挂账。"""

    name: ClassVar[str] = "refuse-suspension"
    label: ClassVar[str] = "不同意挂账"
    stages: ClassVar = UNARCHIVED
    request: ClassVar[Request] = Request.SUSPENSION

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        yield SuspensionRefused(note=self.note)


class Resume(Step):
    """挂账期间提前恢复处置；没有挂账则无事可做。"""

    name: ClassVar[str] = "resume"
    label: ClassVar[str] = "恢复处置"
    example: ClassVar[dict[str, JsonValue]] = {"note": "天气转晴，提前开工"}
    stages: ClassVar = OPEN

    note: Personal[Text] = Field(default="", description="说明")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        if case.suspended(act.recorded_at):
            yield Resumed(note=self.note)


class RequestCorrection(Ask):
    """申请更正登记的网格、性质、紧急程度、类别、发生时间或情况说明；不填的不变。"""

    name: ClassVar[str] = "request-correction"
    label: ClassVar[str] = "申请更正"
    example: ClassVar[dict[str, JsonValue]] = {"urgency": 2, "reason": "险情已排除，降低紧急程度"}
    stages: ClassVar = UNARCHIVED
    request: ClassVar[Request] = Request.CORRECTION

    grid: Code | None = Field(default=None, description="应属网格", examples=[None])
    building: Code | None = Field(default=None, description="应属楼栋", examples=[None])
    kind: Kind | None = Field(default=None, description="事件性质", examples=[None])
    urgency: Urgency | None = Field(default=None, description="紧急程度")
    category: Category | None = Field(default=None, description="类别", examples=[None])
    began_at: Instant | None = Field(default=None, description="事情开始的时间", examples=[None])
    description: Personal[Text] = Field(default="", description="情况说明")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        standing = self._corrected(case.standing, act)
        rules.BEGAN_BEFORE.require(self.began_at is None or self.began_at <= case.reported_at)
        changes = standing != case.standing or self.began_at is not None or self.description
        rules.CORRECTION_CHANGES.require(changes)
        rules.CORRECTION_KEEPS_RULES.require(keeps_rules(case, standing))
        rules.CORRECTION_FITS_DUPLICATES.require(fits_duplicates(case, standing))
        yield CorrectionRequested(
            standing=standing, began_at=self.began_at, description=self.description, reason=self.reason
        )

    def _corrected(self, was: Standing, act: Act) -> Standing:
        moved = self.grid is not None or self.building is not None
        grid = self.grid or (None if self.building else was.place.grid)
        place = place_of(act.territory, grid, self.building) if moved else was.place
        return Standing(
            place=place,
            kind=self.kind or was.kind,
            urgency=self.urgency or was.urgency,
            category=self.category or was.category,
            rural=act.territory.is_rural(place) if moved else was.rural,
        )


class GrantCorrection(Reply):
    """同意更正：原来是什么、现在是什么，都留在案卷里。"""

    name: ClassVar[str] = "grant-correction"
    label: ClassVar[str] = "同意更正"
    stages: ClassVar = UNARCHIVED
    request: ClassVar[Request] = Request.CORRECTION

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        asked = self.asked(case)
        if not isinstance(asked, CorrectionRequested) or not keeps_rules(case, asked.standing):
            raise rules.CORRECTION_KEEPS_RULES.refused()
        rules.CORRECTION_FITS_DUPLICATES.require(fits_duplicates(case, asked.standing))
        yield CorrectionGranted(
            was=case.standing,
            standing=asked.standing,
            keeps=overdue(case, act),
            began_at=asked.began_at,
            description=asked.description,
            note=self.note,
        )


class RefuseCorrection(Reply):
    """不同意更正。"""

    name: ClassVar[str] = "refuse-correction"
    label: ClassVar[str] = "不同意更正"
    stages: ClassVar = UNARCHIVED
    request: ClassVar[Request] = Request.CORRECTION

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        yield CorrectionRefused(note=self.note)


class RequestVoid(Ask):
    """申请作废。"""

    name: ClassVar[str] = "request-void"
    label: ClassVar[str] = "申请作废"
    example: ClassVar[dict[str, JsonValue]] = {"reason": "测试误报"}
    stages: ClassVar = OPEN
    request: ClassVar[Request] = Request.VOID

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        yield VoidRequested(reason=self.reason)


class GrantVoid(Reply):
    """同意作废：案件不再办理、不再统计，案卷仍在。"""

    name: ClassVar[str] = "grant-void"
    label: ClassVar[str] = "同意作废"
    stages: ClassVar = OPEN
    request: ClassVar[Request] = Request.VOID

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        require_alone(case, self)
        require_settled(case)
        yield VoidGranted(note=self.note)


class RefuseVoid(Reply):
    """不同意作废。"""

    name: ClassVar[str] = "refuse-void"
    label: ClassVar[str] = "不同意作废"
    stages: ClassVar = UNARCHIVED
    request: ClassVar[Request] = Request.VOID

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        yield VoidRefused(note=self.note)


class AppealTimeout(Ask):
    """就超时申诉一次；只影响统计，不改事实。"""

    name: ClassVar[str] = "appeal-timeout"
    label: ClassVar[str] = "超时申诉"
    example: ClassVar[dict[str, JsonValue]] = {"reason": "暴雨红色预警期间道路中断"}
    stages: ClassVar = frozenset({Stage.CLOSED})
    request: ClassVar[Request] = Request.APPEAL

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.APPEAL_ONCE.require(not case.appealed)
        late = case.resolved_at is not None and case.overdue(case.resolved_at, act.clocks)
        rules.APPEAL_WHEN_LATE.require(late)
        yield TimeoutAppealed(reason=self.reason)


class ExemptTimeout(Reply):
    """同意免责：超时的事实保留，统计上不计。"""

    name: ClassVar[str] = "exempt-timeout"
    label: ClassVar[str] = "同意免责"
    stages: ClassVar = frozenset({Stage.CLOSED})
    request: ClassVar[Request] = Request.APPEAL

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        yield TimeoutExempted(note=self.note)


class UpholdTimeout(Reply):
    """维持超时认定。"""

    name: ClassVar[str] = "uphold-timeout"
    label: ClassVar[str] = "维持超时"
    stages: ClassVar = UNARCHIVED
    request: ClassVar[Request] = Request.APPEAL

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        yield TimeoutUpheld(note=self.note)


def keeps_rules(case: Incident, standing: Standing) -> bool:
    """Whether a case already handled would still have been handled by the rules of its corrected kind."""
    if case.stage not in DONE or case.outcome is None:
        return True
    return case.attended_as(standing.kind) and case.mediated_as(standing.kind, case.outcome)


def fits_duplicates(case: Incident, standing: Standing) -> bool:
    """Whether what was merged into a case would still be handled by rules no looser than its own."""
    same = standing.kind is case.standing.kind and standing.urgency <= case.standing.urgency
    return same or not case.duplicates


def overdue(case: Incident, act: Act) -> tuple[ClockOfCase, ...]:
    """The clocks that run late by now; with what was due, that is what it stays."""
    dues = ((clock.key, due_of(case.turns(clock, act.clocks))) for clock in case.running)
    return tuple(key for key, due in dues if due and due < act.effective_at)
