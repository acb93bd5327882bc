"""办结、核查、回访、结案、重办、归档。"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field, JsonValue

from domain.act import Act
from domain.incident import rules
from domain.incident.commands.step import NOT_STAFF, PairedStep, Step, require_settled
from domain.incident.events import (
    Archived,
    CheckFailed,
    CheckPassed,
    Closed,
    DuplicateFollowedUp,
    FollowedUp,
    IncidentEvent,
    Reopened,
    Resolved,
)
from domain.incident.state import Incident
from domain.incident.voices import ANONYMOUS
from domain.incident.words import Answer, OutcomeCode, Stage
from domain.model import Code, Personal, Role, Text, Words
from domain.territory import Level

FOLLOWED_UP_IN = frozenset({Stage.RESOLVED, Stage.CHECKED, Stage.CLOSED})


class Resolve(Step):
    """办结：说明结果，交核查。"""

    name: ClassVar[str] = "resolve"
    label: ClassVar[str] = "办结"
    example: ClassVar[dict[str, JsonValue]] = {"outcome_code": "solved", "outcome": "管道已疏通，化粪池已修好"}
    stages: ClassVar = frozenset({Stage.HANDLING})

    outcome_code: OutcomeCode = Field(description="结果类别")
    outcome: Personal[Words] = Field(description="处置结果")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.MUST_ATTEND_FIRST.require(case.attended_as(case.standing.kind))
        rules.DISPUTE_NEEDS_MEETING.require(case.mediated_as(case.standing.kind, self.outcome_code))
        yield Resolved(outcome_code=self.outcome_code, outcome=self.outcome)


class PassCheck(Step):
    """核查通过。"""

    name: ClassVar[str] = "pass-check"
    label: ClassVar[str] = "核查通过"
    example: ClassVar[dict[str, JsonValue]] = {"note": "现场复核，已修复"}
    stages: ClassVar = frozenset({Stage.RESOLVED})

    note: Personal[Text] = Field(default="", description="核查情况")

    def already(self, case: Incident) -> bool:
        return case.stage in (Stage.CHECKED, Stage.CLOSED, Stage.ARCHIVED)

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.CHECKER_NOT_HANDLER.require(act.actor not in case.handlers)
        yield CheckPassed(note=self.note)


class FailCheck(Step):
    """核查不通过，退回返工；计时继续。"""

    name: ClassVar[str] = "fail-check"
    label: ClassVar[str] = "核查不通过"
    example: ClassVar[dict[str, JsonValue]] = {"reason": "盖板仍有缝隙"}
    stages: ClassVar = frozenset({Stage.RESOLVED})

    reason: Personal[Text] = Field(description="理由")

    def already(self, case: Incident) -> bool:
        return case.check_failed

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.CHECKER_NOT_HANDLER.require(act.actor not in case.handlers)
        rules.REASON.require(self.reason)
        yield CheckFailed(rework=case.reworks + 1, reason=self.reason)


class FollowUp(PairedStep):
    """回访：当事人自己的话；联系不上由工作人员逐次登记。重复件当事人的答复算在主案上。"""

    name: ClassVar[str] = "follow-up"
    label: ClassVar[str] = "回访"
    example: ClassVar[dict[str, JsonValue]] = {"answer": "satisfied", "note": "来得快，修得好"}
    stages: ClassVar = FOLLOWED_UP_IN | {Stage.MERGED}
    residents_may: ClassVar[bool] = True

    person: Code | None = Field(default=None, description="当事人编号；只有一位时可不填", examples=[None])
    answer: Answer = Field(description="答复")
    responded: bool | None = Field(default=None, description="当事人说：是否有人响应；没有问到的不填")
    solved: bool | None = Field(default=None, description="当事人说：问题是否解决；没有问到的不填")
    note: Personal[Text] = Field(default="", description="当事人原话或登记说明")

    def decide(self, case: Incident, act: Act, primary: Incident | None) -> Iterator[IncidentEvent]:
        followed = primary or case
        rules.MERGED_TRACK.require(followed.stage in FOLLOWED_UP_IN)
        person = self.person or (next(iter(case.voices)) if len(case.voices) == 1 else None)
        if person is None or person not in case.voices:
            raise rules.AFFECTED_PERSON.refused()
        voice = followed.voices.get(person, case.voices[person])
        if self.answer in (Answer.SATISFIED, Answer.UNSATISFIED):
            themselves = act.role is Role.RESIDENT and act.actor == voice.answers != ANONYMOUS
            at_work = act.actor in case.handlers | followed.handlers or act.actor in act.territory.member
            rules.RESIDENT_ANSWERS.require(themselves and not at_work)
        else:
            rules.STAFF_RECORD_TRIES.require(act.role not in NOT_STAFF)
            rules.RESIDENT_ANSWERS.require(self.responded is None and self.solved is None)
            rules.NOT_APPLICABLE_ANONYMOUS.require(
                self.answer is not Answer.NOT_APPLICABLE or voice.answers == ANONYMOUS
            )
            rules.ANSWERED_ALREADY.require(not voice.spoken)
        word = {"person": person, "answer": self.answer, "responded": self.responded, "solved": self.solved}
        yield FollowedUp.model_validate({**word, "note": self.note})
        if primary is not None and person in primary.voices:
            yield DuplicateFollowedUp.model_validate({**word, "duplicate": case.id})


class Close(Step):
    """结案：每位当事人都有回访结果；有人不满意的，由上级写明不重办的理由。"""

    name: ClassVar[str] = "close"
    label: ClassVar[str] = "结案"
    stages: ClassVar = frozenset({Stage.CHECKED})

    reason_not_reopening: Personal[Text] = Field(default="", description="当事人不满意而不重办的理由")

    def already(self, case: Incident) -> bool:
        return case.stage in (Stage.CLOSED, Stage.ARCHIVED)

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        table = act.clocks.tables[case.rules]
        waiting = sum(not voice.final(table) for voice in case.voices.values())
        rules.FOLLOW_UP_FINAL.require(
            waiting == 0, waiting=waiting, tries=table.unreachable_tries, days=table.unreachable_days
        )
        if any(voice.answer is Answer.UNSATISFIED for voice in case.voices.values()):
            supervisor = act.level is not None and act.level.above(Level.GRID) and act.actor not in case.handlers
            rules.UNSATISFIED_REASON.require(supervisor and self.reason_not_reopening)
        yield Closed(reason_not_reopening=self.reason_not_reopening)


class Reopen(Step):
    """重办：新一轮处置，时限从头算。"""

    name: ClassVar[str] = "reopen"
    label: ClassVar[str] = "重办"
    example: ClassVar[dict[str, JsonValue]] = {"reason": "当事人反映污水再次外溢"}
    stages: ClassVar = frozenset({Stage.CLOSED, Stage.CHECKED})

    reason: Personal[Text] = Field(description="理由")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.REASON.require(self.reason)
        unsatisfied = any(voice.answer is Answer.UNSATISFIED for voice in case.voices.values())
        rules.REOPEN_AFTER_UNSATISFIED.require(case.stage is Stage.CLOSED or unsatisfied)
        yield Reopened(cycle=case.cycle + 1, reason=self.reason)


class Archive(Step):
    """归档：结案或撤回的案件，钱款两清、没有未了的申请，此后不再改动。"""

    name: ClassVar[str] = "archive"
    label: ClassVar[str] = "归档"
    stages: ClassVar = frozenset({Stage.CLOSED, Stage.WITHDRAWN})

    def already(self, case: Incident) -> bool:
        return case.stage is Stage.ARCHIVED

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.NOTHING_PENDING.require(not case.pending)
        require_settled(case)
        yield Archived()
