"""依法删除: somebody asks that a person be forgotten, another approves, and the system does it as far as it may."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Literal, NamedTuple

from pydantic import AwareDatetime, Field, JsonValue

from domain.act import Act
from domain.model import Code, Event, Labelled, Model, Personal, Retention, Role, Rule, Words
from domain.register import RegisterCommand, RegisterName
from domain.retention import Erasure, Erasures

ERASURE_OWN = Rule("erasure-own", "居民只能申请删除自己的资料。")
ERASURE_ASKED = Rule("erasure-asked", "没有人申请删除{subject}的资料，或已经驳回、办完。")
ERASURE_OTHER_PERSON = Rule("erasure-other-person", "申请的人不能自己批准，请由另一人批准。")
ERASURE_APPROVED = Rule("erasure-approved", "已经批准，正在办理，不能驳回。")
ERASURE_CASE_OPEN = Rule("erasure-case-open", "案件{cases}还没有办完，办案还要用到这些资料；办结归档后再批准。")
ERASURE_ON_ROLL = Rule("erasure-on-roll", "{entries}还在册上，请先销册。")
ERASURE_TEXT_FIRST = Rule("erasure-text-first", "案件{cases}的文字里可能说到此人，请先办“遮盖文字”，逐案看过。")
RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        ERASURE_OWN,
        ERASURE_ASKED,
        ERASURE_OTHER_PERSON,
        ERASURE_APPROVED,
        ERASURE_CASE_OPEN,
        ERASURE_ON_ROLL,
        ERASURE_TEXT_FIRST,
    )
}


class Ground(Labelled):
    """为何删除（个人信息保护法第四十七条）."""

    PURPOSE_DONE = "purpose_done", "目的已实现或不再必要"
    CONSENT_WITHDRAWN = "consent_withdrawn", "撤回同意"
    TERM_OVER = "term_over", "保存期限已满"
    UNLAWFUL = "unlawful", "处理不合法"


class _Change(Event):
    retention: ClassVar[Retention] = Retention.REGISTER
    subject: Code


class ErasureRequested(_Change):
    type: Literal["erasure.requested"] = "erasure.requested"
    label: ClassVar[str] = "申请删除"
    sentence: ClassVar[str] = "申请删除{subject}的资料：{ground}"

    ground: Ground


class ErasureRefused(_Change):
    type: Literal["erasure.refused"] = "erasure.refused"
    label: ClassVar[str] = "驳回删除"
    sentence: ClassVar[str] = "不删除{subject}的资料，理由：{reason}"

    reason: Personal[Words]


class ErasureApproved(_Change):
    type: Literal["erasure.approved"] = "erasure.approved"
    label: ClassVar[str] = "批准删除"
    sentence: ClassVar[str] = "批准删除{subject}的资料"


class Destroyed(Model):
    """A key that is no more: whose, for what, and what it was known by. `partly`: only redacted fields lost theirs."""

    subject: Code
    retention: Retention
    generation: int
    fingerprint: str
    partly: bool = False


class Kept(Model):
    """What has to be kept for now, and until when."""

    retention: Retention
    until: AwareDatetime


class ErasureRestricted(_Change):
    """Some of it has to be kept by law: it is stored, and shown to nobody but the archive."""

    type: Literal["erasure.restricted"] = "erasure.restricted"
    label: ClassVar[str] = "限制使用"
    sentence: ClassVar[str] = "{subject}的资料部分依法留存：{kept.retention}，期满前限制使用"

    kept: tuple[Kept, ...]
    keys: tuple[Destroyed, ...]


class ErasureCompleted(_Change):
    type: Literal["erasure.completed"] = "erasure.completed"
    label: ClassVar[str] = "已删除"
    sentence: ClassVar[str] = "{subject}的资料已依法删除"

    keys: tuple[Destroyed, ...]


ErasureEvent = ErasureRequested | ErasureRefused | ErasureApproved | ErasureRestricted | ErasureCompleted


class Asked(NamedTuple):
    """An event of the register, by whom, and when."""

    event: ErasureEvent
    by: str
    at: datetime


def erased(asked: Iterable[Asked]) -> Erasures:
    """Where every erasure stands after these."""
    of = dict[str, Erasure]()
    for version, (event, by, at) in enumerate(asked, start=1):
        match event:
            case ErasureRequested():
                of[event.subject] = Erasure(event.subject, by, at, version)
            case ErasureRefused():
                del of[event.subject]
            case ErasureApproved():
                of[event.subject] = replace(of[event.subject], approved=True)
            case ErasureRestricted():
                of[event.subject] = replace(
                    of[event.subject], restricted={kept.retention: kept.until for kept in event.kept}
                )
            case ErasureCompleted():
                of[event.subject] = replace(of[event.subject], restricted={}, done=True)
    return Erasures(of)


class Concern(NamedTuple):
    """Where something is said of a subject: a case or an entry of a roll, and what still stands in the way there."""

    stream: str
    number: str
    open: bool
    on_roll: bool = False
    unread: bool = False
    """Whether nobody has looked through its texts since the erasure was asked for."""


def require_ready(concerns: Iterable[Concern]) -> None:
    """Raise `Refused` while a case needs it, an entry stands, or a text that may name them was not looked through."""
    concerns = list(concerns)
    for rule, stands in (
        (ERASURE_CASE_OPEN, [one.number for one in concerns if one.open and not one.on_roll]),
        (ERASURE_ON_ROLL, [one.number for one in concerns if one.on_roll]),
        (ERASURE_TEXT_FIRST, [one.number for one in concerns if one.unread]),
    ):
        rule.require(not stands, cases="、".join(stands), entries="、".join(stands))


class ErasureCommand(RegisterCommand):
    """A command about one subject: a person, or the text of a case or an entry (whose id is then the subject)."""

    register: ClassVar[RegisterName] = "erasure"
    subject: Code = Field(description="人员编号；案件的文字，填案件编号（不带连字符）")

    def asked(self, act: Act) -> Erasure:
        """The erasure under way. Raises `Refused` where there is none."""
        found = act.erasures.of.get(self.subject)
        if found is None or found.done:
            raise ERASURE_ASKED.refused(subject=self.subject)
        return found


class RequestErasure(ErasureCommand):
    """申请删除：本人或工作人员申请依法删除一个人的资料。"""

    name: ClassVar[str] = "request-erasure"
    label: ClassVar[str] = "申请删除"
    keepers: ClassVar[tuple[Role, ...]] = (Role.RESIDENT, Role.COMMUNITY, Role.STREET, Role.DISTRICT, Role.ADMIN)
    example: ClassVar[dict[str, JsonValue]] = {"subject": "s-0001", "ground": "purpose_done"}

    ground: Ground = Field(description="为何删除（个人信息保护法第四十七条）")

    def decide(self, act: Act) -> Iterator[ErasureEvent]:
        ERASURE_OWN.require(act.role is not Role.RESIDENT or act.actor == self.subject)
        if self.subject not in act.erasures.of:
            yield ErasureRequested(subject=self.subject, ground=self.ground)


class RefuseErasure(ErasureCommand):
    """驳回删除：说明理由。"""

    name: ClassVar[str] = "refuse-erasure"
    label: ClassVar[str] = "驳回删除"
    keepers: ClassVar[tuple[Role, ...]] = (Role.DISTRICT, Role.ADMIN)
    example: ClassVar[dict[str, JsonValue]] = {"subject": "s-0001", "reason": "不是本人申请"}

    reason: Personal[Words] = Field(description="理由")

    def decide(self, act: Act) -> Iterator[ErasureEvent]:
        ERASURE_APPROVED.require(not self.asked(act).approved)
        yield ErasureRefused(subject=self.subject, reason=self.reason)


class ApproveErasure(ErasureCommand):
    """批准删除：由申请人以外的另一人批准，随即删除；依法须留存的先限制使用，期满自动删除。"""

    name: ClassVar[str] = "approve-erasure"
    label: ClassVar[str] = "批准删除"
    keepers: ClassVar[tuple[Role, ...]] = (Role.DISTRICT, Role.ADMIN)
    example: ClassVar[dict[str, JsonValue]] = {"subject": "s-0001"}

    def decide(self, act: Act) -> Iterator[ErasureEvent]:
        asked = self.asked(act)
        if not asked.approved:
            ERASURE_OTHER_PERSON.require(asked.asked_by != act.actor)
            yield ErasureApproved(subject=self.subject)


class ConcludeErasure(ErasureCommand):
    """删除完成：系统销毁密钥之后记下销毁了哪些，还有哪些依法留存。"""

    name: ClassVar[str] = "conclude-erasure"
    label: ClassVar[str] = "删除完成"
    keepers: ClassVar[tuple[Role, ...]] = (Role.SYSTEM,)

    keys: tuple[Destroyed, ...]
    kept: tuple[Kept, ...] = ()

    def decide(self, act: Act) -> Iterator[ErasureEvent]:
        asked = act.erasures.of.get(self.subject)
        if asked is None or not asked.approved:
            raise ERASURE_ASKED.refused(subject=self.subject)
        if asked.done:  # another process was faster
            return
        kept = {one.retention: one.until for one in self.kept}
        if not kept:
            yield ErasureCompleted(subject=self.subject, keys=self.keys)
        elif self.keys or kept != asked.restricted:
            yield ErasureRestricted(subject=self.subject, kept=self.kept, keys=self.keys)


COMMANDS: tuple[type[RegisterCommand], ...] = (RequestErasure, RefuseErasure, ApproveErasure)
