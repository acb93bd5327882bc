"""One store, and any number of processes at work on it: each with its own cache, all with one clock set by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import pytest
from eventsourcing.persistence import PersistenceError

from domain.casework.application import Casework
from domain.casework.asking import Caller, Receipt
from domain.casework.case_files import CaseFiles
from domain.casework.recording import RecordedEvent
from domain.clocks import Clocks
from domain.incident.commands import AddEvidence, Arrive, Merge, Report
from domain.model import Refused, Rule
from tests.casework.stores import StoreKind
from tests.rules.scene import CASE, CLOCKS, MORNING, OFFICER, RESIDENT, TERRITORY, Actor, Move, minutes

SECRET = b"known to the service alone, 32 b"
AT_ONCE = minutes(0)
EVIDENCE = replace(RESIDENT(AddEvidence(digest="0" * 64, media_type="image/jpeg", size=1)), after=AT_ONCE)
ARRIVE = replace(OFFICER(Arrive()), after=AT_ONCE)
"""What may be done often and to almost any case; the clock stands still meanwhile."""


def uuid7(made: datetime, tail: int = 1) -> str:
    """A time-ordered key as clients make them (RFC 9562 §5.7); `tail` stands for its random bits."""
    milliseconds = int(made.timestamp() * 1000)
    return str(UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62) | tail))


class Office:
    """`ids` are those of the cases by the name they were reported under."""

    def __init__(self, kind: StoreKind, folder: Path) -> None:
        self.kind, self.folder = kind, folder
        self.env = kind.env(folder)
        self.shared = CaseFiles(env=self.env) if kind.name == "memory" else None
        self.now = MORNING
        self.ids: dict[str, str] = {}
        self.processes: list[Process] = []
        self.keys: Iterator[str] = (f"key-{number}" for number in count())

    def process(self, *, secret: bytes = SECRET, clocks: Clocks = CLOCKS) -> Process:
        """One more process; the same store."""
        files = self.shared or CaseFiles(env=self.env)
        casework = Casework(files, clocks, TERRITORY, secret=secret, clock=lambda: self.now)
        self.processes.append(Process(self, casework))
        return self.processes[-1]

    async def aclose(self) -> None:
        for process in self.processes:
            await process.casework.aclose()


class Worker(Protocol):
    """Whoever acts for the office: in this process or in another."""

    async def do(
        self, *moves: Move, key: str | None = None, if_match: int | None = None, client: str = "desk"
    ) -> Receipt: ...


class Process:
    def __init__(self, office: Office, casework: Casework) -> None:
        self.office, self.casework = office, casework

    async def do(
        self, *moves: Move, key: str | None = None, if_match: int | None = None, client: str = "desk"
    ) -> Receipt:
        """Make the moves; the receipt of the last."""
        *first, last = moves
        for move in first:
            await self._do(move, caller_of(move.actor, next(self.office.keys)), None)
        return await self._do(last, caller_of(last.actor, key or next(self.office.keys), client), if_match)

    async def _do(self, move: Move, caller: Caller, if_match: int | None) -> Receipt:
        office = self.office
        office.now += move.after
        command = move.sent(office.now)
        if isinstance(command, Report):
            receipt = await self.casework.report(command, caller)
            office.ids[move.of] = receipt.incident_id
            return receipt
        if isinstance(command, Merge):
            command = command.model_copy(update={"into": office.ids.get(command.into, command.into)})
        return await self.casework.act(office.ids[move.of], command, caller, if_match=if_match)

    async def lines(self, name: str = CASE) -> list[RecordedEvent]:
        return await self.casework.history(self.office.ids[name])

    async def told(self, name: str = CASE) -> list[str]:
        """The stored names of a case's events, without what they share."""
        return [line.event.type.removeprefix("incident.") for line in await self.lines(name)]


def caller_of(actor: Actor, key: str, client: str = "desk") -> Caller:
    return Caller(client, key, actor.id, actor.role, actor.scope, actor.unit)


async def all_or_refused(asked: Iterable[Awaitable[Receipt]]) -> tuple[list[Receipt], list[str]]:
    """Everything at once: the receipts, and the rules that refused the rest. Nothing else may go wrong."""
    answers = await asyncio.gather(*asked, return_exceptions=True)
    receipts = [answer for answer in answers if isinstance(answer, Receipt)]
    rules = [answer.rule.id for answer in answers if isinstance(answer, Refused)]
    for answer in answers:
        if not isinstance(answer, Receipt | Refused):
            raise answer
    return receipts, rules


def contiguous(lines: list[RecordedEvent]) -> bool:
    """Versions without a gap, positions and recorded times that never fall."""
    versions = [line.version for line in lines] == list(range(1, len(lines) + 1))
    positions = [line.position for line in lines]
    recorded = [line.recorded_at for line in lines]
    return versions and positions == sorted(set(positions)) and recorded == sorted(recorded)


async def refusal(worker: Worker, move: Move) -> Rule:
    """The rule that says no."""
    with pytest.raises(Refused) as no:
        await worker.do(move)
    return no.value.rule


def broken_store(process: Process, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """From now on nothing can be stored, until undone."""

    def fail(appends: Sequence[Any], free: Sequence[Any]) -> list[Any]:
        raise PersistenceError("disk full")

    monkeypatch.setattr(process.casework.files.store, "insert_batch", fail)
    return monkeypatch
