"""What every command on an open case shares: in which stages it is allowed, and who may ask."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

from domain.act import Act
from domain.incident import rules
from domain.incident.events import IncidentEvent
from domain.incident.state import Incident
from domain.incident.words import Stage
from domain.model import Command, Role
from domain.telling import yuan

NOT_STAFF = frozenset({Role.RESIDENT, Role.AUDITOR})


class OnCase(Command):
    """A command on a case already reported."""

    stages: ClassVar[frozenset[Stage]]
    residents_may: ClassVar[bool] = False

    def already(self, case: Incident) -> bool:
        """Whether the case already says what this command would add: then nothing is new, and nothing refused."""
        return False

    def admit(self, case: Incident, act: Act) -> None:
        """The guards common to all: the claimed time, the person, the stage."""
        may_claim(act)
        may = act.role not in NOT_STAFF or (self.residents_may and act.role is Role.RESIDENT)
        rules.STAFF_ONLY.require(may, command=self.label)
        if not self.already(case):
            rules.STAGE.require(case.stage in self.stages, stage=case.stage.label, command=self.label)


class Step(OnCase):
    """A command that writes to its own case only."""

    @abstractmethod
    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        """Yield what follows, or raise `Refused`; nothing yielded means nothing is new."""


class PairedStep(OnCase):
    """A command on a duplicate: what it yields for the primary (`OnPrimary`) is appended with it, or not at all."""

    def primary_of(self, case: Incident) -> str | None:
        """The id of the other case this command needs, if any."""
        return case.merged_into

    @abstractmethod
    def decide(self, case: Incident, act: Act, primary: Incident | None) -> Iterator[IncidentEvent]:
        """As `Step.decide`, with the primary as it stands (None: there is none)."""


def decide(
    command: Step | PairedStep, case: Incident, act: Act, primary: Incident | None = None
) -> list[IncidentEvent]:
    """What follows when this is asked of this case. Raises `Refused`; an empty list changes nothing."""
    command.admit(case, act)
    if command.already(case):
        return []
    if isinstance(command, PairedStep):
        return list(command.decide(case, act, primary))
    return list(command.decide(case, act))


def require_alone(case: Incident, command: OnCase) -> None:
    """A case that ends without being handled takes no other resident's case with it."""
    count = len(case.duplicates)
    rules.DUPLICATES_ATTACHED.require(count == 0, count=count, command=command.label)


def require_settled(case: Incident) -> None:
    """Nothing left in hand, and nobody out of pocket."""
    purse = case.purse
    rules.MONEY_SETTLED.require(purse.settled, balance=yuan(purse.balance), advance=yuan(purse.outstanding))


def may_claim(act: Act) -> None:
    """Nobody acts in the future; a clock a minute fast is forgiven (rule table)."""
    ahead = timedelta(seconds=act.table.clock_skew)
    rules.NOT_IN_FUTURE.require(act.occurred_at <= act.recorded_at + ahead)
