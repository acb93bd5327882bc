"""派遣与处置：who is responsible, who came, what was done."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from domain.incident.words import Capacity
from domain.model import Code, Event, Model, Personal, Point, Sensitive, Text, Untold, Words

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in hex."""
FileKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""Of AES-256-GCM, in hex."""
MediaType = Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9.+-]+$", max_length=100)]


class Dispatched(Event):
    type: Literal["incident.dispatched"] = "incident.dispatched"
    label: ClassVar[str] = "派遣"
    sentence: ClassVar[str] = "派{lead}首接负责{co_handlers:，协办：}{binding:，上级指定承办}{reason:，说明：}"

    lead: Code
    co_handlers: tuple[Code, ...] = ()
    binding: bool = False
    reason: Personal[Text] = ""


class Assigned(Event):
    type: Literal["incident.assigned"] = "incident.assigned"
    label: ClassVar[str] = "指派经办人"
    sentence: ClassVar[str] = "由{officer}经办"

    officer: Code


class HandedOver(Event):
    type: Literal["incident.handed_over"] = "incident.handed_over"
    label: ClassVar[str] = "移交"
    sentence: ClassVar[str] = "{from_officer}移交给{officer}{reason:，理由：}"

    from_officer: Code
    officer: Code
    reason: Personal[Text] = ""


class SignedFor(Event):
    type: Literal["incident.signed_for"] = "incident.signed_for"
    label: ClassVar[str] = "签收"
    sentence: ClassVar[str] = "{lead}签收"

    lead: Code


class Returned(Event):
    type: Literal["incident.returned"] = "incident.returned"
    label: ClassVar[str] = "退回"
    sentence: ClassVar[str] = "{lead}第{hop}次退回，理由：{reason}"

    lead: Code
    hop: int
    reason: Personal[Words]


class Arrived(Event):
    """On-site proof is evidence of a case, never attendance (国办函〔2026〕12号, as reported)."""

    type: Literal["incident.arrived"] = "incident.arrived"
    label: ClassVar[str] = "到达现场"
    sentence: ClassVar[str] = "到达现场{note:：}"

    first: bool
    note: Personal[Text] = ""
    position: Sensitive[Point | None] = None


class Settlement(Model):
    """现场调解: settled on the spot, without a meeting."""

    parties: Personal[tuple[Words, ...]] = Field(min_length=2, description="参加调解的各方")
    terms: Personal[Words] = Field(description="达成的意见")


class RefusalToMeet(Model):
    """拒绝协调: a party's recorded refusal to sit down."""

    capacity: Capacity
    words: Personal[Text] = Field(default="", description="对方的原话或说明")


class ActionTaken(Event):
    type: Literal["incident.action_taken"] = "incident.action_taken"
    label: ClassVar[str] = "采取措施"
    sentence: ClassVar[str] = (
        "{note}{settlement.terms:　现场调解达成：}{refusal.capacity:　拒绝协调：}{refusal.words:　}"
    )

    note: Personal[Words]
    settlement: Settlement | None = None
    refusal: RefusalToMeet | None = None


class EvidenceAdded(Event):
    """`digest`, `media_type` and `size` (bytes) are those of the file as it was handed in.

    Where the file is kept here (`domain.casework.evidence_files`), it and a copy to look at are sealed under what
    `file` says; `original` and `rendition` are the SHA-256 of what is on the disk. `position` is what a photograph
    says of where it was taken.
    """

    type: Literal["incident.evidence_added"] = "incident.evidence_added"
    label: ClassVar[str] = "补充材料"
    sentence: ClassVar[str] = "材料（{media_type}）{caption:：}"

    digest: Digest
    media_type: MediaType
    size: int
    caption: Personal[Text] = ""
    original: Digest | None = None
    rendition: Digest | None = None
    file: Untold[FileKey | None] = None
    position: Sensitive[Point | None] = None
