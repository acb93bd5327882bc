"""重复件：并案与撤销并案。两个案卷在同一次写入中一起记下。"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field, JsonValue

from domain.act import Act
from domain.incident import rules
from domain.incident.commands.step import PairedStep
from domain.incident.events import (
    DuplicateAttached,
    DuplicateDetached,
    IncidentEvent,
    Merged,
    Unmerged,
)
from domain.incident.state import Incident
from domain.incident.voices import ANONYMOUS
from domain.incident.words import DONE, OPEN, Stage
from domain.model import Code, Personal, Text


class Merge(PairedStep):
    """并案：本案与另一案是同一件事，并入那一案（主案）。"""

    name: ClassVar[str] = "merge"
    label: ClassVar[str] = "并案"
    example: ClassVar[dict[str, JsonValue]] = {"into": "01900000-0000-8000-8000-000000000001", "reason": "同一处积水"}
    stages: ClassVar = OPEN

    into: Code = Field(description="主案编号")
    reason: Personal[Text] = Field(default="", description="理由")

    def primary_of(self, case: Incident) -> str | None:
        return self.into

    def decide(self, case: Incident, act: Act, primary: Incident | None) -> Iterator[IncidentEvent]:
        if primary is None:
            raise rules.MERGE_KNOWN.refused()
        rules.MERGE_NOT_ITSELF.require(primary.id != case.id)
        rules.MERGE_NO_CHAIN.require(primary.merged_into is None and not case.duplicates)
        rules.MERGE_OPEN_ONLY.require(primary.stage in OPEN)
        own, other = case.standing, primary.standing
        rules.MERGE_SAME_KIND.require(own.kind is other.kind, kind=own.kind.label, primary=other.kind.label)
        rules.MERGE_AS_URGENT.require(other.urgency <= own.urgency, urgency=own.urgency)
        rules.MERGE_MONEY_SETTLED.require(case.purse.settled)
        yield Merged(into=primary.id, reason=self.reason)
        known = tuple(person for person in case.affected if person.subject != ANONYMOUS)
        yield DuplicateAttached(duplicate=case.id, affected=known)


class Unmerge(PairedStep):
    """撤销并案：不是同一件事，各办各的。"""

    name: ClassVar[str] = "unmerge"
    label: ClassVar[str] = "撤销并案"
    example: ClassVar[dict[str, JsonValue]] = {"reason": "两处积水，并非同一件事"}
    stages: ClassVar = frozenset({Stage.MERGED})

    reason: Personal[Text] = Field(description="理由")

    def decide(self, case: Incident, act: Act, primary: Incident | None) -> Iterator[IncidentEvent]:
        rules.REASON.require(self.reason)
        over = primary is not None and primary.stage in (Stage.CLOSED, Stage.ARCHIVED)
        before = case.stage_before_merge
        yield Unmerged(
            stage=Stage.HANDLING if over and before in DONE else before,
            cycle=case.cycle + 1 if over else case.cycle,
            reason=self.reason,
        )
        if primary is not None and primary.stage is not Stage.ARCHIVED:
            yield DuplicateDetached(duplicate=case.id)
