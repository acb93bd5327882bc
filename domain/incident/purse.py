"""钱款: what a case has in hand and what it owes. Integer fen throughout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from domain.incident.events import (
    ContributionReceived,
    ContributionReturned,
    CostAdvanced,
    CostPaid,
    CostReimbursed,
    FundGranted,
    MoneyEvent,
    PaymentRefunded,
)


@dataclass(frozen=True, slots=True)
class Purse:
    """Sums of one case, in fen. `owed` is the advance not yet reimbursed, by who advanced it."""

    advanced: int = 0
    contributed: int = 0
    granted: int = 0
    paid: int = 0
    refunded: int = 0
    given_back: int = 0
    handed_to_funds: int = 0
    contributions: int = 0
    owed: Mapping[str, int] = field(default_factory=dict)

    @property
    def balance(self) -> int:
        """advanced + contributed + granted + refunded − paid − returned (domain.md §3)."""
        came_in = self.advanced + self.contributed + self.granted + self.refunded
        return came_in - self.paid - self.given_back - self.handed_to_funds

    @property
    def outstanding(self) -> int:
        return sum(self.owed.values())

    @property
    def settled(self) -> bool:
        return self.balance == 0 and self.outstanding == 0

    def evolve(self, event: MoneyEvent) -> Purse:
        match event:
            case CostAdvanced(amount=amount, advancer=who):
                return replace(self, advanced=self.advanced + amount, owed=self._owing(who, amount))
            case ContributionReceived(amount=amount):
                return replace(self, contributed=self.contributed + amount, contributions=self.contributions + 1)
            case FundGranted(amount=amount):
                return replace(self, granted=self.granted + amount)
            case CostPaid(amount=amount):
                return replace(self, paid=self.paid + amount)
            case PaymentRefunded(amount=amount):
                return replace(self, refunded=self.refunded + amount)
            case ContributionReturned(amount=amount, fund=None):
                return replace(self, given_back=self.given_back + amount)
            case ContributionReturned(amount=amount):
                return replace(self, handed_to_funds=self.handed_to_funds + amount)
            case CostReimbursed(amount=amount, advancer=who):
                return replace(self, owed=self._owing(who, -amount))
            case _:
                assert_never(event)

    def _owing(self, who: str, more: int) -> dict[str, int]:
        return {**self.owed, who: self.owed.get(who, 0) + more}
