"""What somebody does to a case, and how long after the deed before; a course is told in these."""

from __future__ import annotations

from dataclasses import dataclass

from domain.casework.asking import Caller
from domain.incident.commands import PairedStep, Step
from domain.territory import Staff

DAY = 24 * 60
"""Minutes."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Somebody (staff, a resident by subject id, the service) asks for something, `minutes` after the deed before."""

    minutes: float
    who: Staff | str | Caller
    command: Step | PairedStep
