"""查阅留痕: whoever has to read what is sensitive says what for, and that is recorded first (PIPL art. 28)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field, JsonValue

from domain.act import Act
from domain.model import Code, Command, Event, Labelled, Model, Personal, Retention, Role, Rule, Text
from domain.register import KEEPER_ONLY, STATED_BEFORE

ACCESS_PURPOSE = Rule("access-purpose", "查阅敏感信息须写明用途；用途选“其他”的，请写清是什么事。")
ACCESS_NOTHING = Rule("access-nothing", "案卷里没有您可以查阅的敏感信息：没有登记过，或已依法删除、限制使用。")
RULES: dict[str, Rule] = {rule.id: rule for rule in (ACCESS_PURPOSE, ACCESS_NOTHING)}
STAFF = (Role.GRID_OFFICER, Role.COMMUNITY, Role.STREET, Role.DISTRICT, Role.DEPARTMENT, Role.CHECKER, Role.AUDITOR)


class Purpose(Labelled):
    """What sensitive fields are read for; nothing else is a purpose."""

    HANDLING = "handling", "办理本案"
    CHECKING = "checking", "核查办理情况"
    INSPECTION = "inspection", "监督检查"
    SUBJECT = "subject", "答复本人或监护人"
    AUTHORITY = "authority", "依法向有权机关提供"
    OTHER = "other", "其他"


class Looked(Model):
    """A field that was read: in which line of the case, and the path that leads there within its event."""

    version: int
    field: Code


class AccessGranted(Event):
    """Stands in a stream of whoever the data is about. The words are theirs too, and are forgotten with them."""

    type: Literal["access.granted"] = "access.granted"
    retention: ClassVar[Retention] = Retention.REGISTER
    label: ClassVar[str] = "查阅"
    sentence: ClassVar[str] = "查阅了案件{incident}第{seen}版里的敏感信息，用途：{purpose}{words:，}"

    incident: Code
    seen: int
    fields: tuple[Looked, ...]
    purpose: Purpose
    words: Personal[Text] = ""


class Reveal(Command):
    """查阅敏感信息：写明用途，先留痕、后显示；谁看过、为什么看，审计和本人都查得到。"""

    name: ClassVar[str] = "reveal"
    label: ClassVar[str] = "查阅敏感信息"
    example: ClassVar[dict[str, JsonValue]] = {"purpose": "handling", "words": "联系监护人前核对孩子姓名"}

    purpose: Purpose | None = Field(default=None, description="用途，必须写明")
    words: Personal[Text] = Field(default="", description="补充说明；用途选“其他”的必填")

    def decide(
        self, incident: str, seen: int, there: Mapping[str, Sequence[Looked]], act: Act
    ) -> dict[str, AccessGranted]:
        """What is recorded of each subject of whom something is there to be read. Raises `Refused`."""
        KEEPER_ONLY.require(act.role in STAFF, command=self.label, roles="、".join(role.label for role in STAFF))
        STATED_BEFORE.require(act.occurred_at <= act.recorded_at + timedelta(seconds=act.table.clock_skew))
        if self.purpose is None or (self.purpose is Purpose.OTHER and not self.words):
            raise ACCESS_PURPOSE.refused()
        ACCESS_NOTHING.require(there)
        return {
            subject: AccessGranted(
                incident=incident, seen=seen, fields=tuple(fields), purpose=self.purpose, words=self.words
            )
            for subject, fields in there.items()
        }
