"""A process of its own, as another server would be: it opens whichever office it is told to and does what it is asked.

It can be told to make a mistake, so that a test is seen to fail where the mistake is made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

import pytest
from eventsourcing.persistence import PersistenceError

from domain.casework.asking import Caller, Receipt, RegisterReceipt, VersionStale
from domain.casework.batches import UNCONDITIONAL
from domain.casework.known_cases import KnownCases
from domain.casework.open_cases import OpenCase
from domain.casework.registers import Registers
from domain.model import Refused
from domain.register import RegisterCommand
from tests.casework.office import Office, Process
from tests.casework.stores import StoreKind
from tests.rules.scene import Move

Answer = TypeVar("Answer")
Patch = pytest.MonkeyPatch
Mistake = Callable[[Patch], None]


async def _not(*_: object) -> bool:
    return False


def believe_memory(patch: Patch) -> None:
    """Say no without reading the heads of the streams again."""
    patch.setattr(KnownCases, "moved_on", _not)
    patch.setattr(KnownCases, "adopted_since", _not)


def trust_the_registers(patch: Patch) -> None:
    """Store what was decided on registers as they were remembered."""
    patch.setattr(Registers, "next_versions", UNCONDITIONAL)


def forget_keys(patch: Patch) -> None:
    """Keep no note of which command wrote what."""
    extend = OpenCase.extend

    def extended(case: OpenCase, *more: Any) -> None:
        extend(case, *more)
        case.commands.clear()

    patch.setattr(OpenCase, "extend", extended)


@dataclass(frozen=True, slots=True)
class Opening:
    """The office to work in from now on; the one before is closed."""

    kind: StoreKind
    folder: Path
    mistake: Mistake | None


@dataclass(frozen=True, slots=True)
class Deed:
    """Moves to be made, the last of them under the last key."""

    now: datetime
    ids: dict[str, str]
    moves: tuple[Move, ...]
    keys: tuple[str, ...]
    if_match: int | None
    client: str

    async def of(self, worker: Process) -> Receipt:
        worker.office.keys = iter(self.keys)
        return await worker.do(*self.moves, if_match=self.if_match, client=self.client)


@dataclass(frozen=True, slots=True)
class Enactment:
    now: datetime
    ids: dict[str, str]
    command: RegisterCommand
    caller: Caller

    async def of(self, worker: Process) -> RegisterReceipt:
        return await worker.casework.enact(self.command, self.caller)


@dataclass(frozen=True, slots=True)
class Done:
    """How it ended, and the clock and the cases of the office after it. An error comes as what it is made of."""

    now: datetime
    ids: dict[str, str]
    receipt: Receipt | RegisterReceipt | None
    error: tuple[type[Exception], tuple[Any, ...]] | None = None


class Peer:
    """The process, seen from here."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self._turn = asyncio.Lock()

    async def ask(self, asked: Opening | Deed | Enactment) -> Done:
        async with self._turn:
            self._line.send(asked)
            answer = await asyncio.to_thread(self._line.recv)
        assert isinstance(answer, Done)
        return answer


@contextmanager
def peer() -> Iterator[Peer]:
    """A process that ends with the block."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=work, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    yield Peer(ours)
    ours.close()
    process.join()
    process.close()


class Elsewhere:
    """A worker of the office in that process."""

    def __init__(self, office: Office, peer: Peer) -> None:
        self.office, self._peer = office, peer

    @classmethod
    async def at(cls, office: Office, peer: Peer, mistake: Mistake | None = None, *, url: str = "") -> Elsewhere:
        """Open the office there, by another way to its database if one is named."""
        kind = StoreKind(office.kind.name, url or office.kind.url)
        await peer.ask(Opening(kind, office.folder, mistake))
        return cls(office, peer)

    async def do(
        self, *moves: Move, key: str | None = None, if_match: int | None = None, client: str = "desk"
    ) -> Receipt:
        """As `Process.do`."""
        keys = [next(self.office.keys) for _ in moves]
        keys[-1] = key or keys[-1]
        receipt = await self._ask(Deed(self.office.now, self.office.ids, moves, tuple(keys), if_match, client))
        assert isinstance(receipt, Receipt)
        return receipt

    async def enact(self, command: RegisterCommand, caller: Caller) -> RegisterReceipt:
        """As `Casework.enact`."""
        receipt = await self._ask(Enactment(self.office.now, self.office.ids, command, caller))
        assert isinstance(receipt, RegisterReceipt)
        return receipt

    async def _ask(self, asked: Deed | Enactment) -> Receipt | RegisterReceipt | None:
        done = await self._peer.ask(asked)
        self.office.now = done.now
        self.office.ids.update(done.ids)
        if done.error is not None:
            kind, words = done.error
            raise kind(*words)
        return done.receipt


def work(line: Connection) -> None:
    """In the process: do what is asked until nobody asks any more."""
    asyncio.run(_work(line))


async def _work(line: Connection) -> None:
    worker: Process | None = None
    patch = Patch()
    while True:
        try:
            asked: Any = await asyncio.to_thread(line.recv)
        except EOFError:
            break
        if isinstance(asked, Opening):
            if worker is not None:
                await worker.office.aclose()
            patch.undo()
            if asked.mistake is not None:
                asked.mistake(patch)
            worker = Office(asked.kind, asked.folder).process()
            line.send(Done(worker.office.now, {}, None))
            continue
        assert worker is not None
        line.send(await _answer(worker, asked))
    if worker is not None:
        await worker.office.aclose()


async def _answer(worker: Process, asked: Deed | Enactment) -> Done:
    office = worker.office
    office.now, office.ids = asked.now, asked.ids
    try:
        receipt = await asked.of(worker)
    except (Refused, VersionStale, PersistenceError) as error:
        return Done(office.now, office.ids, None, (type(error), _words(error)))
    return Done(office.now, office.ids, receipt)


def _words(error: Refused | VersionStale | PersistenceError) -> tuple[Any, ...]:
    if isinstance(error, Refused):
        return error.rule, error.sentence
    if isinstance(error, VersionStale):
        return (error.version,)
    return tuple(map(str, error.args))
