"""钱款: every fen that came in and went out. Amounts are integer fen."""

from __future__ import annotations

from typing import ClassVar, Literal

from domain.model import Code, Event, Fen, Personal, Retention, Somebody, Text, Words


class _Entry(Event):
    """Who gave and who got belongs to the accounts, and is kept as long as they are."""

    retention: ClassVar[Retention] = Retention.ACCOUNTS


class CostAdvanced(_Entry):
    type: Literal["incident.cost_advanced"] = "incident.cost_advanced"
    label: ClassVar[str] = "垫资"
    sentence: ClassVar[str] = "{advancer}垫付{amount:元}{purpose:，用于：}"

    amount: Fen
    advancer: Somebody
    purpose: Personal[Text] = ""


class ContributionReceived(_Entry):
    type: Literal["incident.contribution_received"] = "incident.contribution_received"
    label: ClassVar[str] = "集资"
    sentence: ClassVar[str] = "收到第{contribution}笔捐款{amount:元}{giver:，来自：}"

    contribution: int
    amount: Fen
    giver: Personal[Text] = ""


class FundGranted(_Entry):
    type: Literal["incident.fund_granted"] = "incident.fund_granted"
    label: ClassVar[str] = "拨款"
    sentence: ClassVar[str] = "{fund}拨付{amount:元}{purpose:，用于：}"

    amount: Fen
    fund: Code
    purpose: Personal[Text] = ""


class CostPaid(_Entry):
    type: Literal["incident.cost_paid"] = "incident.cost_paid"
    label: ClassVar[str] = "支付"
    sentence: ClassVar[str] = "支付{amount:元}{purpose:，用于：}{payee:，收款：}"

    amount: Fen
    purpose: Personal[Words]
    payee: Personal[Text] = ""


class PaymentRefunded(_Entry):
    type: Literal["incident.payment_refunded"] = "incident.payment_refunded"
    label: ClassVar[str] = "退款"
    sentence: ClassVar[str] = "收回退款{amount:元}{note:：}"

    amount: Fen
    note: Personal[Text] = ""


class ContributionReturned(_Entry):
    """Back to the givers, or what is left handed to a named fund."""

    type: Literal["incident.contribution_returned"] = "incident.contribution_returned"
    label: ClassVar[str] = "退还余款"
    sentence: ClassVar[str] = "退还{amount:元}{fund:，转入：}{receiver:，交还：}"

    amount: Fen
    fund: Code | None = None
    receiver: Personal[Text] = ""


class CostReimbursed(_Entry):
    type: Literal["incident.cost_reimbursed"] = "incident.cost_reimbursed"
    label: ClassVar[str] = "报销垫资"
    sentence: ClassVar[str] = "由{fund}向{advancer}报销{amount:元}"

    amount: Fen
    advancer: Somebody
    fund: Code
