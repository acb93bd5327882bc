"""What clients asked and what they were told, kept on their side: the store is held against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Told(NamedTuple):
    """A receipt: the stream (a case's id, a register's name), and where the command's last line is in it.

    `request` is the id of the request that was answered; the stored lines name the one that wrote them.
    """

    stream: str
    version: int
    position: int
    changed: bool
    request: str

    @property
    def receipt(self) -> tuple[str, int, int, bool]:
        """What must be the same however often it is asked."""
        return self[:4]


@dataclass(slots=True)
class Asked:
    """One command of one client under one key, with everything it was ever answered.

    `sure`: nothing that others do at the same time lets the rules refuse it.
    """

    key: str
    actor: str
    path: str
    body: Any
    if_match: int | None
    sure: bool
    told: list[Told] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Status and code of every answer that says no for good."""
    broken: int = 0
    """Tries that nobody answered: the connection broke, or the client would wait no longer."""
    unavailable: int = 0
    """Tries that were answered 503."""
    given_up: bool = False
    """The client went away and never learned."""

    @property
    def name(self) -> str:
        """For whoever reads the report."""
        return f"{self.path.rpartition('/')[2]} {self.key}"

    @property
    def acknowledged(self) -> Told | None:
        """The first receipt of something written."""
        return next((told for told in self.told if told.changed), None)


@dataclass(slots=True)
class Journal:
    """All of it, in the order of asking."""

    asked: list[Asked] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    """Answers that the service contract does not know, word for word."""
    answered_at: list[float] = field(default_factory=list)
    """When each command was acknowledged, seconds of a monotonic clock."""
