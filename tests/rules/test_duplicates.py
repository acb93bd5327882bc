"""重复件：two files about one matter, written together or not at all."""

from typing import Any

import pytest

from domain.incident import commands as c
from domain.incident import rules
from domain.incident.events import (
    CorrectionGranted,
    DuplicateAttached,
    DuplicateDetached,
    DuplicateFollowedUp,
    FollowedUp,
    Merged,
    Rejected,
    Reopened,
    Unmerged,
    VoidGranted,
    Withdrawn,
)
from domain.incident.events.duplicates import AffectedPerson
from domain.incident.words import Answer, Kind, Stage
from tests.rules.rows import Row, passes, refused
from tests.rules.scene import (
    CASE,
    CHECKER,
    DISTRICT,
    LIN,
    MERGE,
    NEIGHBOUR,
    OFFICER,
    OTHER,
    RESIDENT,
    SATISFIED,
    SECRETARY,
    SOLVED,
    THIRD,
    UNSATISFIED,
    Move,
    until,
)

MINE = AffectedPerson(subject=LIN.subject, answers=LIN.subject)
UNMERGE = c.Unmerge(reason="不是同一处")


def primary(stage: Stage) -> tuple[Move, ...]:
    """The main case, reported by 曾竹英."""
    return until(stage, of=OTHER)


def duplicate(stage: Stage = Stage.REPORTED) -> tuple[Move, ...]:
    """The same matter, reported again by the neighbour; not closed in these stories."""
    return until(stage, reporter=LIN)


ONE = (*primary(Stage.HANDLING), *duplicate())
MERGED = (*ONE, SECRETARY(MERGE))
MERGES = [
    refused(rules.MERGE_KNOWN, "主案不存在", *duplicate(), when=SECRETARY(MERGE)),
    passes(
        rules.MERGE_KNOWN,
        "主案在册",
        *ONE,
        when=SECRETARY(c.Merge(into=OTHER, reason="同一处积水")),
        then=[Merged(into=OTHER, reason="同一处积水"), DuplicateAttached(duplicate=CASE, affected=(MINE,))],
    ),
    refused(rules.MERGE_NOT_ITSELF, "并入自己", *duplicate(), when=SECRETARY(c.Merge(into=CASE))),
    passes(rules.MERGE_NOT_ITSELF, "并入另一件", *ONE, when=SECRETARY(MERGE), then=[Merged, DuplicateAttached]),
    refused(
        rules.MERGE_NO_CHAIN,
        "主案自己已并入他案",
        *until(Stage.REPORTED, of=THIRD),
        *ONE,
        SECRETARY(c.Merge(into=THIRD), of=OTHER),
        when=SECRETARY(MERGE),
    ),
    refused(
        rules.MERGE_NO_CHAIN,
        "本案已有重复件",
        *until(Stage.REPORTED, of=THIRD),
        *MERGED,
        when=SECRETARY(c.Merge(into=THIRD), of=OTHER),
    ),
    passes(
        rules.MERGE_NO_CHAIN,
        "撤销并案以后，可以并入",
        *until(Stage.REPORTED, of=THIRD),
        *MERGED,
        SECRETARY(UNMERGE),
        when=SECRETARY(c.Merge(into=THIRD), of=OTHER),
        then=[Merged, DuplicateAttached],
    ),
    passes(
        rules.MERGE_NO_CHAIN,
        "一个主案可有几个重复件",
        *until(Stage.REPORTED, of=THIRD),
        *MERGED,
        when=SECRETARY(MERGE, of=THIRD),
        then=[Merged, DuplicateAttached],
    ),
    refused(rules.MERGE_OPEN_ONLY, "主案已结案", *primary(Stage.CLOSED), *duplicate(), when=SECRETARY(MERGE)),
    refused(rules.MERGE_OPEN_ONLY, "主案已作废", *primary(Stage.VOIDED), *duplicate(), when=SECRETARY(MERGE)),
    passes(
        rules.MERGE_OPEN_ONLY,
        "主案待结案",
        *primary(Stage.CHECKED),
        *duplicate(),
        when=SECRETARY(MERGE),
        then=[Merged, DuplicateAttached],
    ),
    refused(
        rules.MERGE_SAME_KIND,
        "突发事件并入一般事件，就不必到场了",
        *primary(Stage.HANDLING),
        *until(Stage.REPORTED, Kind.EMERGENCY, reporter=LIN),
        when=SECRETARY(MERGE),
        says="本案是“突发事件”，主案是“一般事件”，性质不同不能并案；登记有误的，请先更正再并。",
    ),
    refused(
        rules.MERGE_SAME_KIND,
        "一般事件并入突发事件",
        *until(Stage.HANDLING, Kind.EMERGENCY, of=OTHER),
        *duplicate(),
        when=SECRETARY(MERGE),
        says="本案是“一般事件”，主案是“突发事件”，性质不同不能并案；登记有误的，请先更正再并。",
    ),
    passes(
        rules.MERGE_SAME_KIND,
        "更正以后性质相同",
        *until(Stage.HANDLING, Kind.EMERGENCY, of=OTHER),
        *duplicate(),
        OFFICER(c.RequestCorrection(kind=Kind.EMERGENCY, reason="登记有误")),
        SECRETARY(c.GrantCorrection()),
        when=SECRETARY(MERGE),
        then=[Merged, DuplicateAttached],
    ),
    refused(
        rules.MERGE_AS_URGENT,
        "主案比本案缓一级",
        *primary(Stage.HANDLING),
        *until(Stage.REPORTED, reporter=LIN, urgency=2),
        when=SECRETARY(MERGE),
        says="主案没有本案紧急：请先把主案的紧急程度更正为2，或者反过来把主案并入本案。",
    ),
    passes(
        rules.MERGE_AS_URGENT,
        "主案比本案急一级",
        *until(Stage.HANDLING, of=OTHER, urgency=2),
        *duplicate(),
        when=SECRETARY(MERGE),
        then=[Merged, DuplicateAttached],
    ),
    refused(
        rules.MERGE_MONEY_SETTLED,
        "本案账上有钱",
        *ONE,
        SECRETARY(c.ReceiveContribution(amount=1)),
        when=SECRETARY(MERGE),
    ),
    refused(
        rules.MERGE_MONEY_SETTLED,
        "本案垫资没报销",
        *ONE,
        SECRETARY(c.AdvanceCost(amount=1, advancer="officer")),
        SECRETARY(c.PayCost(amount=1, purpose="买绳")),
        when=SECRETARY(MERGE),
    ),
    passes(
        rules.MERGE_MONEY_SETTLED,
        "本案钱款两清，主案账上有钱也无妨",
        *ONE,
        SECRETARY(c.ReceiveContribution(amount=1), of=OTHER),
        SECRETARY(c.ReceiveContribution(amount=1)),
        SECRETARY(c.ReturnContribution(amount=1)),
        when=SECRETARY(MERGE),
        then=[Merged, DuplicateAttached],
    ),
    refused(rules.STAGE, "已并案，不能再并", *MERGED, when=SECRETARY(MERGE), says="案件现处于“已并案”，不能并案。"),
    refused(rules.REASON, "撤销并案不写理由", *MERGED, when=SECRETARY(c.Unmerge(reason=""))),
    passes(
        rules.REASON,
        "撤销并案写明理由",
        *MERGED,
        when=SECRETARY(UNMERGE),
        then=[Unmerged(stage=Stage.REPORTED, cycle=1, reason="不是同一处"), DuplicateDetached(duplicate=CASE)],
    ),
]

PAIR = (*until(Stage.REPORTED, of=OTHER, urgency=2), *duplicate(), SECRETARY(MERGE))
VOID = OFFICER(c.RequestVoid(reason="误报"), of=OTHER)
APART = SECRETARY(UNMERGE)
ENDS = [
    row
    for end, when, first, then in (
        ("撤回", RESIDENT(c.Withdraw(), of=OTHER), (), Withdrawn),
        ("不予受理", DISTRICT(c.Reject(reason="不归本区"), of=OTHER), (), Rejected),
        ("同意作废", SECRETARY(c.GrantVoid(), of=OTHER), (VOID,), VoidGranted),
    )
    for row in (
        refused(
            rules.DUPLICATES_ATTACHED,
            f"主案带着别人的重复件，不能{end}",
            *PAIR,
            *first,
            when=when,
            says=f"还有1件别人反映的重复件并在本案，不能{end}；请先撤销并案，让那几件各办各的。",
        ),
        passes(rules.DUPLICATES_ATTACHED, f"撤销并案以后可以{end}", *PAIR, APART, *first, when=when, then=[then]),
    )
]


def correction(**changes: Any) -> Move:
    return OFFICER(c.RequestCorrection(**changes, reason="登记有误"), of=OTHER)


GRANT = SECRETARY(c.GrantCorrection(), of=OTHER)
CORRECTIONS = [
    *(
        refused(rules.CORRECTION_FITS_DUPLICATES, story, *PAIR, when=correction(**changes))
        for story, changes in (("换成另一性质", {"kind": Kind.DISPUTE}), ("降低紧急程度", {"urgency": 3}))
    ),
    refused(
        rules.CORRECTION_FITS_DUPLICATES,
        "先申请、后并案，批的时候也不行",
        *until(Stage.REPORTED, of=OTHER, urgency=2),
        *duplicate(),
        correction(urgency=4),
        SECRETARY(MERGE),
        when=GRANT,
    ),
    passes(
        rules.CORRECTION_FITS_DUPLICATES,
        "提高紧急程度、换类别",
        *PAIR,
        correction(urgency=1, category="0102"),
        when=GRANT,
        then=[CorrectionGranted],
    ),
    passes(
        rules.CORRECTION_FITS_DUPLICATES,
        "没有重复件的，可以降低紧急程度",
        *PAIR,
        APART,
        correction(urgency=3),
        when=GRANT,
        then=[CorrectionGranted],
    ),
]

RESOLVED = (*MERGED, OFFICER(SOLVED, of=OTHER))
VOICES = [
    refused(rules.MERGED_TRACK, "主案还在处置", *MERGED, when=NEIGHBOUR(SATISFIED)),
    passes(
        rules.MERGED_TRACK,
        "主案已办结，答复算在主案上",
        *RESOLVED,
        when=NEIGHBOUR(UNSATISFIED),
        then=[
            FollowedUp(person=LIN.subject, answer=Answer.UNSATISFIED),
            DuplicateFollowedUp(duplicate=CASE, person=LIN.subject, answer=Answer.UNSATISFIED),
        ],
    ),
    refused(
        rules.FOLLOW_UP_FINAL,
        "重复件的反映人没有答复，主案不能结案",
        *RESOLVED,
        CHECKER(c.PassCheck(), of=OTHER),
        RESIDENT(SATISFIED.model_copy(update={"person": RESIDENT.id}), of=OTHER),
        when=SECRETARY(c.Close(), of=OTHER),
        says="还有1位当事人没有回访结果：联系不上的，须在不少于2天里试满3次。",
    ),
    passes(
        rules.REOPEN_AFTER_UNSATISFIED,
        "重复件的反映人不满意，主案可以重办",
        *RESOLVED,
        CHECKER(c.PassCheck(), of=OTHER),
        NEIGHBOUR(UNSATISFIED),
        when=SECRETARY(c.Reopen(reason="重复件反映人不满意"), of=OTHER),
        then=[Reopened],
    ),
]


@pytest.mark.parametrize("row", [*MERGES, *ENDS, *CORRECTIONS, *VOICES], ids=str)
def test_duplicates(row: Row) -> None:
    row.check()
