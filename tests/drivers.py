"""What a scenario asks of the service, whichever way it is asked. Only the clock is faked.

Straight of the rules: `tests.domain_driver`. Through the HTTP door: `tests.http_driver`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol, Self

from api.settings import Settings
from domain.casework.asking import Receipt, RegisterReceipt, RollReceipt
from domain.casework.books import books
from domain.casework.case_replay import Reading
from domain.casework.recorders import CaseRecorder
from domain.casework.rolls import AnyCommand
from domain.model import Role
from domain.register import RegisterCommand
from domain.rolls import RollName

Body = Mapping[str, Any]
Query = Mapping[str, str]
Json = dict[str, Any]
AsOf = int | datetime | None
"""As of a version, as known at a recorded time, or as it stands now."""
WAYS = ("domain-memory", "domain-sqlite", "domain-postgres", "http-sqlite", "http-postgres")
"""Who answers a scenario, and on which store."""
BOOKS = books()
"""Made once: it is slow to make, and says nothing about a scenario."""


@dataclass(slots=True)
class Clock:
    """The server's clock, moved by the scenario. Aware; may be read from any thread."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody, in the capacity in which they act."""

    actor: str
    role: Role
    scope: str | None = None
    unit: str | None = None


class Seen(NamedTuple):
    """The case somebody asks something of, as they have read it."""

    case_id: str
    version: int


AUDITOR = Who("auditor-wang", Role.AUDITOR, "district-hecheng")
"""Reads for the scenarios: sees every case and changes none."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule said no: its id, and the sentence for whoever asked."""

    rule: str
    sentence: str


class Handed(NamedTuple):
    """What an inspector takes along: a bundle, and the public key as they have it from whoever supervises."""

    file: bytes
    key: str


class NotThere(LookupError):
    """No such case, or not yet at that time; or nobody of that id on the roll."""


class Driver(Protocol):
    """One running service, empty at first. What is read is the JSON of the HTTP answers."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def store(self) -> CaseRecorder:
        """Where the events are, for whoever comes at them past the service."""

    def ask(self, who: Who, key: str, command: str, body: Body, seen: Seen | None) -> Receipt | Refusal:
        """Report a case (nothing `seen`), or ask something of one, under an idempotency key."""

    def register(self, who: Who, key: str, command: type[RegisterCommand], body: Body) -> RegisterReceipt | Refusal:
        """Ask something of a register, under an idempotency key."""

    def roll(self, who: Who, key: str, command: type[AnyCommand], entry: str, body: Body) -> RollReceipt | Refusal:
        """Ask something of an entry of a roll, under an idempotency key. Raises `NotThere`."""

    def entry(self, roll: RollName, entry: str) -> Json:
        """What is kept of an entry. Raises `NotThere`."""

    def reveal(self, who: Who, key: str, case_id: str, body: Body) -> list[Json] | Refusal:
        """The sensitive fields of a case, for a stated purpose, under an idempotency key. Raises `NotThere`."""

    def accesses(self, case_id: str, reader: Who) -> list[Json]:
        """Who read what is sensitive in a case."""

    def tick(self) -> None:
        """Let the watch do all that is due at this time of the clock."""

    def case_file(self, case_id: str, as_of: AsOf = None, reader: Who = AUDITOR) -> Json:
        """Raises `NotThere`, as do `history` and `clocks`."""

    def history(self, case_id: str, as_of: AsOf = None) -> list[Json]: ...

    def bundle(self, case_id: str) -> Handed:
        """Once all there is was sealed."""

    def clocks(self, case_id: str, as_of: AsOf = None) -> list[Json]: ...

    def holders(self, case_id: str, as_of: AsOf = None) -> list[Json]:
        """Whose hands it went through."""

    def replay(self, case_id: str, how: Reading) -> list[Json]:
        """The steps of a case, read again."""

    def alike(self, case_id: str) -> list[Json]:
        """What may be about the same matter."""

    def docket(self, query: Query) -> Json:
        """A page. The views show whatever was acknowledged before."""

    def workload(self, query: Query) -> Json:
        """Rows and distribution."""

    def response_times(self, query: Query) -> list[Json]: ...

    def response_cases(self, query: Query) -> list[Json]:
        """The cases behind a response time."""

    def holding(self, query: Query) -> list[Json]: ...

    def kpis(self, query: Query) -> list[Json]: ...

    def kpi_cases(self, query: Query) -> list[Json]:
        """The cycles behind a figure."""

    def kpi_owed(self, query: Query) -> list[Json]:
        """The households or members behind a figure."""

    def report(self, query: Query) -> bytes:
        """The monthly sheet, as CSV."""
