"""钱款：every fen is accounted for, and whoever paid from their own pocket gets it back from somebody else's hand."""

import pytest

from domain.incident import commands as c
from domain.incident import rules
from domain.incident.events import (
    ContributionReceived,
    ContributionReturned,
    CostAdvanced,
    CostPaid,
    CostReimbursed,
    FundGranted,
    PaymentRefunded,
)
from domain.incident.words import Stage
from tests.rules.rows import Row, passes, refused
from tests.rules.scene import OFFICER, SECRETARY, Move, Scene, until

HANDLING = until(Stage.HANDLING)


def advance(fen: int, advancer: str = "officer") -> Move:
    return SECRETARY(c.AdvanceCost(amount=fen, advancer=advancer))


def collect(fen: int) -> Move:
    return SECRETARY(c.ReceiveContribution(amount=fen, giver="党员中心户"))


def grant(fen: int) -> Move:
    return SECRETARY(c.GrantFund(amount=fen, fund="fund-grid"))


def pay(fen: int) -> Move:
    return OFFICER(c.PayCost(amount=fen, purpose="买水泵"))


def refund(fen: int) -> Move:
    return OFFICER(c.RefundPayment(amount=fen))


def give_back(fen: int, fund: str | None = None) -> Move:
    return SECRETARY(c.ReturnContribution(amount=fen, fund=fund))


def reimburse(fen: int, advancer: str = "officer") -> Move:
    return SECRETARY(c.ReimburseCost(amount=fen, advancer=advancer, fund="fund-grid"))


SPENDING = [
    refused(rules.BALANCE, "账上没有钱", *HANDLING, when=pay(1), says="本案账上只有0.00元，不够支出。"),
    refused(
        rules.BALANCE,
        "差一分钱",
        *HANDLING,
        advance(3000),
        collect(4000),
        grant(3005),
        pay(5),
        when=pay(10001),
        says="本案账上只有100.00元，不够支出。",
    ),
    passes(
        rules.BALANCE,
        "一分不剩",
        *HANDLING,
        advance(3000),
        collect(4000),
        grant(3005),
        pay(5),
        when=pay(10000),
        then=[CostPaid(amount=10000, purpose="买水泵")],
    ),
    refused(
        rules.BALANCE,
        "已花掉的捐款退不出来",
        *HANDLING,
        collect(100),
        pay(60),
        when=give_back(41),
        says="本案账上只有0.40元，不够支出。",
    ),
    passes(
        rules.BALANCE,
        "退款回到账上可以再付",
        *HANDLING,
        collect(100),
        pay(100),
        refund(30),
        when=pay(30),
        then=[CostPaid],
    ),
    refused(
        rules.REFUND_WITHIN_PAID,
        "退得比付的多",
        *HANDLING,
        collect(100),
        pay(100),
        refund(30),
        when=refund(71),
        says="退款不能多于已支付的0.70元。",
    ),
    passes(
        rules.REFUND_WITHIN_PAID,
        "全额退回",
        *HANDLING,
        collect(100),
        pay(100),
        refund(30),
        when=refund(70),
        then=[PaymentRefunded(amount=70)],
    ),
]

GIVING_BACK = [
    refused(
        rules.RETURN_WITHIN_GIVEN,
        "拨款不能当捐款退给个人",
        *HANDLING,
        collect(100),
        grant(100),
        when=give_back(101),
        says="退还不能多于尚未退还的捐款1.00元。",
    ),
    refused(
        rules.RETURN_WITHIN_GIVEN,
        "捐款退过一部分",
        *HANDLING,
        collect(100),
        grant(100),
        give_back(40),
        when=give_back(61),
        says="退还不能多于尚未退还的捐款0.60元。",
    ),
    passes(
        rules.RETURN_WITHIN_GIVEN,
        "退还全部捐款",
        *HANDLING,
        collect(100),
        grant(100),
        when=give_back(100),
        then=[ContributionReturned(amount=100)],
    ),
    passes(
        rules.RETURN_WITHIN_GIVEN,
        "余款转入指定经费，不限于捐款",
        *HANDLING,
        collect(100),
        grant(100),
        when=give_back(200, fund="fund-grid"),
        then=[ContributionReturned(amount=200, fund="fund-grid")],
    ),
]

REIMBURSING = [
    refused(
        rules.REIMBURSE_BY_ANOTHER,
        "自己报给自己",
        *HANDLING,
        advance(100, SECRETARY.id),
        when=reimburse(100, SECRETARY.id),
    ),
    passes(
        rules.REIMBURSE_BY_ANOTHER,
        "由他人报销",
        *HANDLING,
        advance(100),
        when=reimburse(100),
        then=[CostReimbursed(amount=100, advancer="officer", fund="fund-grid")],
    ),
    refused(
        rules.REIMBURSE_WITHIN_ADVANCE,
        "报得比垫的多",
        *HANDLING,
        advance(100),
        when=reimburse(101),
        says="报销不能多于此人尚未报销的垫资1.00元。",
    ),
    refused(
        rules.REIMBURSE_WITHIN_ADVANCE,
        "别人垫的不算",
        *HANDLING,
        advance(100, "colleague"),
        when=reimburse(1),
        says="报销不能多于此人尚未报销的垫资0.00元。",
    ),
    refused(
        rules.REIMBURSE_WITHIN_ADVANCE,
        "报销过一部分",
        *HANDLING,
        advance(100),
        reimburse(40),
        when=reimburse(61),
        says="报销不能多于此人尚未报销的垫资0.60元。",
    ),
    passes(
        rules.REIMBURSE_WITHIN_ADVANCE,
        "报销余下的",
        *HANDLING,
        advance(100),
        reimburse(40),
        when=reimburse(60),
        then=[CostReimbursed],
    ),
]


@pytest.mark.parametrize("row", [*SPENDING, *GIVING_BACK, *REIMBURSING], ids=str)
def test_money(row: Row) -> None:
    row.check()


def test_an_equal_second_donation_is_a_second_donation() -> None:
    scene = Scene().play(*HANDLING)
    given = [event for _ in range(2) for event in scene.take(collect(10000))]
    assert given == [ContributionReceived(contribution=nth, amount=10000, giver="党员中心户") for nth in (1, 2)]
    assert scene.case.purse.balance == 20000


def test_money_is_written_as_it_came() -> None:
    scene = Scene().play(*HANDLING)
    assert scene.take(advance(80000)) == [CostAdvanced(amount=80000, advancer="officer")]
    assert scene.take(grant(5)) == [FundGranted(amount=5, fund="fund-grid")]


def test_the_balance_is_the_formula_of_the_books_and_a_reimbursement_is_no_part_of_it() -> None:
    """advanced + contributed + granted + refunded − paid − returned (domain.md §3)."""
    moves = (advance(1000), collect(200), grant(30), pay(1100), refund(7), give_back(4), give_back(3, fund="fund-grid"))
    purse = Scene().play(*HANDLING, *moves, reimburse(600)).case.purse
    assert purse.balance == 1000 + 200 + 30 + 7 - 1100 - 4 - 3
    assert (purse.outstanding, purse.settled) == (400, False)
