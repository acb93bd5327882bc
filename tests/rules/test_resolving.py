"""办结与核查：what it takes to say that a matter is done, and who may confirm it."""

import pytest

from domain.incident import commands as c
from domain.incident import rules
from domain.incident.events import (
    CheckFailed,
    CheckPassed,
    Resolved,
)
from domain.incident.events.handling import RefusalToMeet, Settlement
from domain.incident.words import Capacity, Kind, OutcomeCode, Stage
from tests.rules.rows import Row, passes, refused
from tests.rules.scene import (
    CHECKER,
    DISTRICT,
    MEETING,
    OFFICER,
    SECRETARY,
    SOLVED,
    Move,
    until,
)

MUST_ATTEND = (Kind.EMERGENCY, Kind.HARDSHIP, Kind.DISPUTE)
SETTLED = c.TakeAction(note="当场劝解", settlement=Settlement(parties=("甲", "乙"), terms="各让一步"))
WILL_NOT_MEET = c.TakeAction(note="上门联系", refusal=RefusalToMeet(capacity=Capacity.PARTY))
FAILED = MEETING.model_copy(update={"agreement": "", "failed": True})
UNSOLVED = (OutcomeCode.REFERRED, OutcomeCode.INFEASIBLE, OutcomeCode.UNFOUNDED)


def outcome(code: OutcomeCode) -> c.Resolve:
    return c.Resolve(outcome_code=code, outcome="已了结")


def unattended(kind: Kind) -> tuple[Move, ...]:
    """Handling, and nobody came."""
    return (*until(Stage.DISPATCHED, kind), OFFICER(c.TakeAction(note="电话联系")))


ATTENDED = (*until(Stage.DISPATCHED, Kind.DISPUTE), OFFICER(c.Arrive()))
RESOLVING = [
    *(
        refused(
            rules.MUST_ATTEND_FIRST,
            f"{kind.label}，{code.label}，没人到过现场",
            *unattended(kind),
            when=OFFICER(outcome(code)),
        )
        for kind in MUST_ATTEND
        for code in OutcomeCode
    ),
    *(
        passes(
            rules.MUST_ATTEND_FIRST,
            f"{kind.label}，到过现场",
            *unattended(kind),
            OFFICER(c.Arrive()),
            when=OFFICER(SOLVED),
            then=[Resolved(outcome_code=OutcomeCode.SOLVED, outcome="已修好")],
        )
        for kind in (Kind.EMERGENCY, Kind.HARDSHIP)
    ),
    passes(
        rules.MUST_ATTEND_FIRST, "一般事件不必到场", *unattended(Kind.ORDINARY), when=OFFICER(SOLVED), then=[Resolved]
    ),
    *(
        refused(rules.DISPUTE_NEEDS_MEETING, f"没有协调就{code.label}", *ATTENDED, when=OFFICER(outcome(code)))
        for code in OutcomeCode
    ),
    *(
        refused(
            rules.DISPUTE_NEEDS_MEETING, f"{story}，不能算{code.label}", *ATTENDED, move, when=OFFICER(outcome(code))
        )
        for story, move in (("协调未成", SECRETARY(FAILED)), ("对方拒绝协调", OFFICER(WILL_NOT_MEET)))
        for code in (OutcomeCode.SOLVED, OutcomeCode.SETTLED)
    ),
    *(
        passes(
            rules.DISPUTE_NEEDS_MEETING,
            f"{story}，{code.label}",
            *ATTENDED,
            move,
            when=OFFICER(outcome(code)),
            then=[Resolved],
        )
        for story, move in (("协调未成", SECRETARY(FAILED)), ("对方拒绝协调", OFFICER(WILL_NOT_MEET)))
        for code in UNSOLVED
    ),
    *(
        passes(
            rules.DISPUTE_NEEDS_MEETING,
            f"{story}，{code.label}",
            *ATTENDED,
            move,
            when=OFFICER(outcome(code)),
            then=[Resolved],
        )
        for story, move in (("协调会达成一致", SECRETARY(MEETING)), ("现场调解", OFFICER(SETTLED)))
        for code in OutcomeCode
    ),
    passes(
        rules.DISPUTE_NEEDS_MEETING,
        "第二次会谈成",
        *ATTENDED,
        SECRETARY(FAILED),
        SECRETARY(MEETING),
        when=OFFICER(SOLVED),
        then=[Resolved],
    ),
]

BY_CHECKER = (*until(Stage.DISPATCHED), CHECKER(c.TakeAction(note="顺手修了")), OFFICER(SOLVED))
CHECKS = [
    refused(rules.CHECKER_NOT_HANDLER, "办结的人核查自己", *until(Stage.RESOLVED), when=OFFICER(c.PassCheck())),
    refused(rules.CHECKER_NOT_HANDLER, "动过手的人来核查", *BY_CHECKER, when=CHECKER(c.PassCheck())),
    refused(
        rules.CHECKER_NOT_HANDLER,
        "动过手的人来核查，也不能判不通过",
        *BY_CHECKER,
        when=CHECKER(c.FailCheck(reason="没好")),
    ),
    refused(
        rules.CHECKER_NOT_HANDLER,
        "上一轮到过场的人",
        *until(Stage.HANDLING),
        CHECKER(c.Arrive()),
        OFFICER(SOLVED),
        DISTRICT(c.FailCheck(reason="没好")),
        OFFICER(SOLVED),
        when=CHECKER(c.PassCheck()),
    ),
    passes(
        rules.CHECKER_NOT_HANDLER,
        "没有经手的人核查",
        *until(Stage.RESOLVED),
        when=CHECKER(c.PassCheck()),
        then=[CheckPassed()],
    ),
    refused(rules.REASON, "核查不通过不写理由", *until(Stage.RESOLVED), when=CHECKER(c.FailCheck(reason=""))),
    passes(
        rules.REASON,
        "第二次返工",
        *until(Stage.RESOLVED),
        CHECKER(c.FailCheck(reason="没好")),
        OFFICER(SOLVED),
        when=CHECKER(c.FailCheck(reason="还没好")),
        then=[CheckFailed(rework=2, reason="还没好")],
    ),
]


@pytest.mark.parametrize("row", [*RESOLVING, *CHECKS], ids=str)
def test_resolving(row: Row) -> None:
    row.check()
