"""遮盖文字：依法删除一个人的资料之前，先从案件文字里遮去此人。"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field, JsonValue

from domain.act import Act
from domain.incident import rules
from domain.incident.commands.step import Step
from domain.incident.events import IncidentEvent, TextRedacted
from domain.incident.events.redaction import Redaction
from domain.incident.state import Incident
from domain.incident.words import Stage
from domain.model import Subject


class RedactText(Step):
    """遮盖文字：逐行看过，凡说到此人的换成遮盖后的文字；没有说到的不填，也算看过。原文随此人的资料一起删除。"""

    name: ClassVar[str] = "redact-text"
    label: ClassVar[str] = "遮盖文字"
    example: ClassVar[dict[str, JsonValue]] = {
        "subject": "s-0001",
        "redactions": [{"version": 1, "field": "description", "text": "楼栋化粪池外溢，住户（已遮盖）反映"}],
    }
    stages: ClassVar = frozenset(Stage)

    subject: Subject = Field(description="要删除其资料的人")
    redactions: tuple[Redaction, ...] = Field(default=(), max_length=20, description="要遮盖的各处")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        asked = act.erasures.of.get(self.subject)
        rules.REDACT_FOR_ERASURE.require(asked is not None and not asked.done, subject=self.subject)
        for one in self.redactions:
            rules.REDACT_WHAT_IS_SAID.require(
                (one.version, one.field) in act.texts, version=one.version, field=one.field
            )
        yield TextRedacted(subject=self.subject, redactions=self.redactions)
