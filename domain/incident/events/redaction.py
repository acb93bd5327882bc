"""遮盖文字: what was written of a case, without the person who is to be forgotten."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from domain.model import Event, Model, Personal, Subject, Words

Path = Annotated[str, StringConstraints(pattern=r"^[a-z_]+(\.([a-z_]+|[0-9]+)){0,3}$")]
"""What leads to a field of an event: `description`, `attendance.0.name`."""


class Redaction(Model):
    """遮盖后的文字：替换哪一行案卷的哪一项。"""

    version: int = Field(ge=1, le=999_999_999, strict=True, description="案卷的哪一行")
    field: Path = Field(description="其中哪一项，如 description、attendance.0.name")
    text: Personal[Words] = Field(description="遮盖后的文字")


class TextRedacted(Event):
    """Somebody looked through what the case says in words; where nothing names the person, nothing is replaced."""

    type: Literal["incident.text_redacted"] = "incident.text_redacted"
    label: ClassVar[str] = "遮盖文字"
    sentence: ClassVar[str] = "为删除{subject}的资料看过案件文字{redactions.text:，改为：}"

    subject: Subject
    redactions: tuple[Redaction, ...] = ()
