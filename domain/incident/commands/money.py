"""钱款：垫资、集资、拨款、支付、退款、退还、报销。金额一律以分为单位的整数。"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field, JsonValue

from domain.act import Act
from domain.incident import rules
from domain.incident.commands.step import Step
from domain.incident.events import (
    ContributionReceived,
    ContributionReturned,
    CostAdvanced,
    CostPaid,
    CostReimbursed,
    FundGranted,
    IncidentEvent,
    PaymentRefunded,
)
from domain.incident.state import Incident
from domain.incident.words import UNARCHIVED
from domain.model import Code, Fen, Personal, Text, Words
from domain.telling import yuan


class AdvanceCost(Step):
    """垫资：有人自掏腰包先付。"""

    name: ClassVar[str] = "advance-cost"
    label: ClassVar[str] = "登记垫资"
    example: ClassVar[dict[str, JsonValue]] = {"amount": 80000, "advancer": "officer-ge", "purpose": "化粪池维修费"}
    stages: ClassVar = UNARCHIVED

    amount: Fen
    advancer: Code = Field(description="垫资人编号", examples=["officer-ge"])
    purpose: Personal[Text] = Field(default="", description="用途")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        yield CostAdvanced(amount=self.amount, advancer=self.advancer, purpose=self.purpose)


class ReceiveContribution(Step):
    """集资：收到一笔捐款。"""

    name: ClassVar[str] = "receive-contribution"
    label: ClassVar[str] = "登记捐款"
    example: ClassVar[dict[str, JsonValue]] = {"amount": 10000, "giver": "党员中心户"}
    stages: ClassVar = UNARCHIVED

    amount: Fen
    giver: Personal[Text] = Field(default="", description="捐款人")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        nth = case.purse.contributions + 1
        yield ContributionReceived(contribution=nth, amount=self.amount, giver=self.giver)


class GrantFund(Step):
    """拨款：从一项经费拨付到本案。"""

    name: ClassVar[str] = "grant-fund"
    label: ClassVar[str] = "登记拨款"
    example: ClassVar[dict[str, JsonValue]] = {"amount": 200000, "fund": "fund-huimin", "purpose": "管网修缮"}
    stages: ClassVar = UNARCHIVED

    amount: Fen
    fund: Code = Field(description="经费编号", examples=["fund-huimin"])
    purpose: Personal[Text] = Field(default="", description="用途")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        yield FundGranted(amount=self.amount, fund=self.fund, purpose=self.purpose)


class PayCost(Step):
    """支付：从本案账上付出一笔。"""

    name: ClassVar[str] = "pay-cost"
    label: ClassVar[str] = "支付"
    example: ClassVar[dict[str, JsonValue]] = {"amount": 80000, "purpose": "疏通修复", "payee": "维修师傅"}
    stages: ClassVar = UNARCHIVED

    amount: Fen
    purpose: Personal[Words] = Field(description="用途")
    payee: Personal[Text] = Field(default="", description="收款人")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.BALANCE.require(self.amount <= case.purse.balance, balance=yuan(case.purse.balance))
        yield CostPaid(amount=self.amount, purpose=self.purpose, payee=self.payee)


class RefundPayment(Step):
    """退款：已付的钱退回一部分到本案账上。"""

    name: ClassVar[str] = "refund-payment"
    label: ClassVar[str] = "登记退款"
    example: ClassVar[dict[str, JsonValue]] = {"amount": 5000, "note": "退回多收的材料费"}
    stages: ClassVar = UNARCHIVED

    amount: Fen
    note: Personal[Text] = Field(default="", description="说明")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        paid = case.purse.paid - case.purse.refunded
        rules.REFUND_WITHIN_PAID.require(self.amount <= paid, paid=yuan(paid))
        yield PaymentRefunded(amount=self.amount, note=self.note)


class ReturnContribution(Step):
    """退还余款：还给捐款人，或转入指定的经费。"""

    name: ClassVar[str] = "return-contribution"
    label: ClassVar[str] = "退还余款"
    example: ClassVar[dict[str, JsonValue]] = {"amount": 2000, "receiver": "党员中心户"}
    stages: ClassVar = UNARCHIVED

    amount: Fen
    fund: Code | None = Field(default=None, description="转入的经费编号；不填即还给捐款人", examples=[None])
    receiver: Personal[Text] = Field(default="", description="退给谁")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.BALANCE.require(self.amount <= case.purse.balance, balance=yuan(case.purse.balance))
        given = case.purse.contributed - case.purse.given_back
        rules.RETURN_WITHIN_GIVEN.require(self.fund or self.amount <= given, given=yuan(given))
        yield ContributionReturned(amount=self.amount, fund=self.fund, receiver=self.receiver)


class ReimburseCost(Step):
    """报销垫资：由指明的经费还给垫资人。"""

    name: ClassVar[str] = "reimburse-cost"
    label: ClassVar[str] = "报销垫资"
    example: ClassVar[dict[str, JsonValue]] = {"amount": 80000, "advancer": "officer-ge", "fund": "fund-grid"}
    stages: ClassVar = UNARCHIVED

    amount: Fen
    advancer: Code = Field(description="垫资人编号", examples=["officer-ge"])
    fund: Code = Field(description="经费编号", examples=["fund-grid"])

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.REIMBURSE_BY_ANOTHER.require(act.actor != self.advancer)
        advance = case.purse.owed.get(self.advancer, 0)
        rules.REIMBURSE_WITHIN_ADVANCE.require(self.amount <= advance, advance=yuan(advance))
        yield CostReimbursed(amount=self.amount, advancer=self.advancer, fund=self.fund)
