"""结案、重办、归档：how a case ends, and how it does not."""

import pytest

from domain.incident import commands as c
from domain.incident import rules
from domain.incident.events import (
    Archived,
    Closed,
    Rejected,
    Reopened,
    VoidGranted,
)
from domain.incident.words import Answer, Kind, Stage
from domain.model import Minor
from tests.rules.rows import Row, passes, refused
from tests.rules.scene import (
    CHECKER,
    DISTRICT,
    LIN,
    OFFICER,
    RESIDENT,
    SATISFIED,
    SECRETARY,
    SOLVED,
    UNREACHABLE,
    UNSATISFIED,
    Scene,
    days,
    until,
)

RESOLVED, CHECKED = until(Stage.RESOLVED), until(Stage.CHECKED)
TWO_AFFECTED = until(Stage.CHECKED, on_behalf_of=LIN)
CHILD = until(Stage.CHECKED, on_behalf_of=Minor(subject="s-child", name="小林", guardian=LIN))
ANONYMOUS = until(Stage.CHECKED, reporter=None)
NOT_APPLICABLE = c.FollowUp(answer=Answer.NOT_APPLICABLE)
TRY, NEXT_DAY = OFFICER(UNREACHABLE), OFFICER(UNREACHABLE, after=days(1))
CLOSE, WITH_REASON = c.Close(), c.Close(reason_not_reopening="所提要求超出本案")
HANDLED_BY_SECRETARY = (
    *until(Stage.HANDLING),
    SECRETARY(c.TakeAction(note="到社区面谈")),
    OFFICER(SOLVED),
    CHECKER(c.PassCheck()),
    RESIDENT(UNSATISFIED),
)
ONE_WAITS = "还有1位当事人没有回访结果：联系不上的，须在不少于2天里试满3次。"
CLOSING = [
    refused(rules.FOLLOW_UP_FINAL, "没有回访", *CHECKED, when=SECRETARY(CLOSE), says=ONE_WAITS),
    refused(
        rules.FOLLOW_UP_FINAL,
        "两位都没有回访",
        *TWO_AFFECTED,
        when=SECRETARY(CLOSE),
        says=ONE_WAITS.replace("1", "2", 1),
    ),
    refused(rules.FOLLOW_UP_FINAL, "两天只试了两次", *CHECKED, TRY, NEXT_DAY, when=SECRETARY(CLOSE), says=ONE_WAITS),
    refused(rules.FOLLOW_UP_FINAL, "一天试了三次", *CHECKED, TRY, TRY, TRY, when=SECRETARY(CLOSE), says=ONE_WAITS),
    refused(rules.FOLLOW_UP_FINAL, "一天试了四次", *CHECKED, TRY, TRY, TRY, TRY, when=SECRETARY(CLOSE), says=ONE_WAITS),
    refused(
        rules.FOLLOW_UP_FINAL,
        "返工前的答复不算数",
        *RESOLVED,
        RESIDENT(SATISFIED),
        CHECKER(c.FailCheck(reason="没好")),
        OFFICER(SOLVED),
        CHECKER(c.PassCheck()),
        when=SECRETARY(CLOSE),
        says=ONE_WAITS,
    ),
    passes(rules.FOLLOW_UP_FINAL, "两天试满三次", *CHECKED, TRY, TRY, NEXT_DAY, when=SECRETARY(CLOSE), then=[Closed()]),
    passes(rules.FOLLOW_UP_FINAL, "当事人满意", *CHECKED, RESIDENT(SATISFIED), when=SECRETARY(CLOSE), then=[Closed()]),
    passes(
        rules.FOLLOW_UP_FINAL,
        "匿名反映，不适用",
        *ANONYMOUS,
        OFFICER(NOT_APPLICABLE),
        when=SECRETARY(CLOSE),
        then=[Closed()],
    ),
    refused(rules.UNSATISFIED_REASON, "不满意，没写理由", *CHECKED, RESIDENT(UNSATISFIED), when=SECRETARY(CLOSE)),
    refused(
        rules.UNSATISFIED_REASON, "不满意，由网格员写理由", *CHECKED, RESIDENT(UNSATISFIED), when=OFFICER(WITH_REASON)
    ),
    refused(rules.UNSATISFIED_REASON, "写理由的上级经办过本案", *HANDLED_BY_SECRETARY, when=SECRETARY(WITH_REASON)),
    passes(
        rules.UNSATISFIED_REASON,
        "没有经办的上级写明理由",
        *HANDLED_BY_SECRETARY,
        when=DISTRICT(WITH_REASON),
        then=[Closed(reason_not_reopening="所提要求超出本案")],
    ),
]

CLOSED = until(Stage.CLOSED)
REJECT, VOID = c.Reject(reason="不归本区"), c.RequestVoid(reason="误报")
ADVANCED = SECRETARY(c.AdvanceCost(amount=80000, advancer="officer"))
PAID_BACK = (
    OFFICER(c.PayCost(amount=80000, purpose="疏通")),
    SECRETARY(c.ReimburseCost(amount=80000, advancer="officer", fund="fund-grid")),
)
AGAIN = c.Reopen(reason="又外溢")
AFTERWARDS = [
    refused(rules.REASON, "重办不写理由", *CLOSED, when=SECRETARY(c.Reopen(reason=""))),
    refused(
        rules.REOPEN_AFTER_UNSATISFIED, "核查通过、当事人满意", *CHECKED, RESIDENT(SATISFIED), when=SECRETARY(AGAIN)
    ),
    refused(rules.REOPEN_AFTER_UNSATISFIED, "核查通过、还没回访", *CHECKED, when=SECRETARY(AGAIN)),
    passes(
        rules.REOPEN_AFTER_UNSATISFIED,
        "当事人不满意",
        *CHECKED,
        RESIDENT(UNSATISFIED),
        when=SECRETARY(AGAIN),
        then=[Reopened(cycle=2, reason="又外溢")],
    ),
    passes(rules.REOPEN_AFTER_UNSATISFIED, "结案以后又发生", *CLOSED, when=SECRETARY(AGAIN), then=[Reopened]),
    refused(
        rules.NOTHING_PENDING,
        "延期申请还没批",
        *until(Stage.CLOSED, meanwhile={Stage.HANDLING: (OFFICER(c.RequestExtension(reason="等配件")),)}),
        when=CHECKER(c.Archive()),
    ),
    refused(
        rules.NOTHING_PENDING,
        "更正申请还没批",
        *CLOSED,
        OFFICER(c.RequestCorrection(urgency=2, reason="更正")),
        when=CHECKER(c.Archive()),
    ),
    passes(
        rules.NOTHING_PENDING,
        "申请已驳回",
        *until(Stage.CLOSED, meanwhile={Stage.HANDLING: (OFFICER(c.RequestExtension(reason="等配件")),)}),
        SECRETARY(c.RefuseExtension()),
        when=CHECKER(c.Archive()),
        then=[Archived()],
    ),
    refused(
        rules.MONEY_SETTLED,
        "捐款还有余额",
        *CLOSED,
        SECRETARY(c.ReceiveContribution(amount=1)),
        when=CHECKER(c.Archive()),
        says="本案钱款未清：余额0.01元，未报销垫资0.00元。",
    ),
    refused(
        rules.MONEY_SETTLED,
        "垫资还没报销",
        *CLOSED,
        SECRETARY(c.AdvanceCost(amount=80000, advancer="officer")),
        OFFICER(c.PayCost(amount=80000, purpose="疏通")),
        when=CHECKER(c.Archive()),
        says="本案钱款未清：余额0.00元，未报销垫资800.00元。",
    ),
    refused(
        rules.MONEY_SETTLED,
        "垫资还没报销，不能不予受理",
        *until(Stage.REPORTED),
        ADVANCED,
        when=DISTRICT(REJECT),
        says="本案钱款未清：余额800.00元，未报销垫资800.00元。",
    ),
    passes(
        rules.MONEY_SETTLED,
        "垫资还清了，可以不予受理",
        *until(Stage.REPORTED),
        ADVANCED,
        *PAID_BACK,
        when=DISTRICT(REJECT),
        then=[Rejected],
    ),
    refused(
        rules.MONEY_SETTLED,
        "垫资还没报销，不能作废",
        *until(Stage.HANDLING),
        ADVANCED,
        OFFICER(VOID),
        when=SECRETARY(c.GrantVoid()),
        says="本案钱款未清：余额800.00元，未报销垫资800.00元。",
    ),
    passes(
        rules.MONEY_SETTLED,
        "垫资还清了，可以作废",
        *until(Stage.HANDLING),
        ADVANCED,
        OFFICER(VOID),
        *PAID_BACK,
        when=SECRETARY(c.GrantVoid()),
        then=[VoidGranted],
    ),
    refused(
        rules.MONEY_SETTLED,
        "反映人撤回，垫资还没报销，不能归档",
        *until(Stage.HANDLING),
        ADVANCED,
        RESIDENT(c.Withdraw()),
        when=CHECKER(c.Archive()),
        says="本案钱款未清：余额800.00元，未报销垫资800.00元。",
    ),
    passes(
        rules.MONEY_SETTLED,
        "反映人撤回以后，垫资照样报销，然后归档",
        *until(Stage.HANDLING),
        ADVANCED,
        RESIDENT(c.Withdraw()),
        *PAID_BACK,
        when=CHECKER(c.Archive()),
        then=[Archived()],
    ),
    passes(
        rules.MONEY_SETTLED,
        "余款转入经费，垫资已报销",
        *CLOSED,
        SECRETARY(c.AdvanceCost(amount=80000, advancer="officer")),
        OFFICER(c.PayCost(amount=79999, purpose="疏通")),
        SECRETARY(c.ReturnContribution(amount=1, fund="fund-grid")),
        SECRETARY(c.ReimburseCost(amount=80000, advancer="officer", fund="fund-grid")),
        when=CHECKER(c.Archive()),
        then=[Archived()],
    ),
]


@pytest.mark.parametrize("row", [*CLOSING, *AFTERWARDS], ids=str)
def test_closing(row: Row) -> None:
    row.check()


def test_reopening_starts_a_cycle_and_forgets_the_outcome_but_not_who_came() -> None:
    scene = Scene().play(*until(Stage.CLOSED, Kind.EMERGENCY), SECRETARY(AGAIN))
    case = scene.case
    assert (case.stage, case.cycle, case.cycle_began_at) == (Stage.HANDLING, 2, scene.now)
    assert (case.outcome, case.resolved_at, case.arrived) == (None, None, True)
    assert case.reported_at < case.cycle_began_at
