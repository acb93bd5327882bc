"""The connection breaks at every message around the commit; the client asks again with the same key: exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count, product
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import IntegrityError, PersistenceError
from eventsourcing.postgres import PostgresFactory
from psycopg.conninfo import conninfo_to_dict

from domain.casework.asking import Receipt
from tests.casework.office import ARRIVE, Office, Process
from tests.casework.stores import StoreKind, event, opening, schema_of
from tests.faults.exchange import Cut, Place
from tests.faults.proxy import Proxy, proxy
from tests.rules.scene import MERGE, OFFICER, OTHER, SECRETARY, Move, report

APPEND = "append_events"
COMMANDS: dict[str, tuple[Move, ...]] = {
    "report": (OFFICER(report()),),
    "step": (OFFICER(report()), ARRIVE),
    "merge": (OFFICER(report(), of=OTHER), OFFICER(report()), SECRETARY(MERGE)),
}
"""What leads to a command, and the command."""
FIRST_TIME = [
    *("→ Parse", "→ Sync", "← ParseComplete", "← ReadyForQuery"),
    *("→ Bind", "→ Describe", "→ Execute", "→ Sync"),
    *("← BindComplete", "← RowDescription", "← DataRow", "← CommandComplete", "← ReadyForQuery"),
]
"""An append on a connection that has not seen one before; its commit comes between the last Sync and its answer."""
PREPARED = FIRST_TIME[4:]
CUTS = list(product(range(len(FIRST_TIME)), Place))
STORED = {(nth, place) for nth, place in CUTS if FIRST_TIME[nth:].count("→ Sync") == 0}
ON_ITS_WAY = (FIRST_TIME.index("← BindComplete") - 1, Place.AFTER)
"""The server has heard the last word: it commits while the client asks again, who may be the faster."""


@dataclass
class Trial:
    """A store reached through the proxy: a process that is never cut, and processes that are."""

    proxy: Proxy
    office: Office
    keys: Iterator[str] = field(default_factory=lambda: (f"once-{number}" for number in count()))

    def __post_init__(self) -> None:
        self.steady = self.office.process()

    @asynccontextmanager
    async def new_process(self) -> AsyncIterator[Process]:
        """A process whose connections are new."""
        process = self.office.process()
        yield process
        self.office.processes.remove(process)
        await process.casework.aclose()

    async def files(self, names: set[str]) -> dict[str, list[str]]:
        """What the cases of these names say now, as a process reads them that remembers nothing."""
        return {name: await self.steady.told(name) for name in names}

    async def cut(self, process: Process, move: Move, key: str, cut: Cut) -> Receipt | None:
        """Ask once, and cut that; the receipt if it got through all the same."""
        exchange = self.proxy.follow(APPEND, cut)
        try:
            receipt = await process.do(move, key=key)
        except IntegrityError:
            raise AssertionError("a broken connection was taken for a conflict") from None
        except PersistenceError:
            receipt = None
        assert exchange.was_cut.is_set(), f"cut nowhere: {exchange.said}"
        return receipt


def on_trial(url: str, folder: Path, play: Callable[[Trial], Any]) -> None:
    """Play with a store of this test's own behind a proxy."""

    async def run(through: Proxy) -> None:
        office = Office(StoreKind("postgres", through.url), folder)
        try:
            await play(Trial(through, office))
        finally:
            await office.aclose()

    with proxy(url) as through:
        asyncio.run(run(through))


@pytest.mark.parametrize("name", COMMANDS)
def test_cut_anywhere_and_asked_again_a_command_is_done_once(postgres_url: str, tmp_path: Path, name: str) -> None:
    *before, move = COMMANDS[name]
    cases = {move.of for move in COMMANDS[name]}

    async def play(trial: Trial) -> None:
        async with trial.new_process() as process:
            if before:
                await trial.steady.do(*before)
            exchange = trial.proxy.follow(APPEND)
            await process.do(move, key=next(trial.keys))
            assert exchange.said == FIRST_TIME
            undisturbed = await trial.files(cases)
        for nth, place in CUTS:
            if before:
                await trial.steady.do(*before)
            key = next(trial.keys)
            async with trial.new_process() as process:
                first = await trial.cut(process, move, key, Cut(nth, place))
                receipt = await process.do(move, key=key)
                assert first in (None, receipt)
                assert receipt.changed
                assert await trial.steady.do(move, key=key) == receipt
            assert await trial.files(cases) == undisturbed, f"cut {place} {FIRST_TIME[nth]}"
        head = trial.steady.casework.files.store.max_notification_id()
        log = trial.steady.casework.files.store.select_notifications(None, head + 1)
        assert [line.id for line in log] == list(range(1, head + 1))

    on_trial(postgres_url, tmp_path, play)


def test_so_it_is_on_connections_that_have_appended_before(postgres_url: str, tmp_path: Path) -> None:
    async def play(trial: Trial) -> None:
        process = trial.steady
        for nth, place in product(range(len(PREPARED)), Place):
            await process.do(OFFICER(report()))
            while [await appended(trial, process) for _ in range(8)] != [PREPARED] * 8:
                pass  # some connection of its pool is still new
            before, key = await process.told(), next(trial.keys)
            first = await trial.cut(process, ARRIVE, key, Cut(nth, place))
            receipt = await process.do(ARRIVE, key=key)
            assert first in (None, receipt)
            assert await process.told() == [*before, "arrived"], f"cut {place} {PREPARED[nth]}"

    on_trial(postgres_url, tmp_path, play)


async def appended(trial: Trial, process: Process) -> list[str]:
    exchange = trial.proxy.follow(APPEND)
    await process.do(ARRIVE)
    return exchange.said


def test_asked_again_with_another_key_it_is_done_twice_wherever_it_was_stored(
    postgres_url: str, tmp_path: Path
) -> None:
    """The negative control: the walk above passes the commit, and only the key keeps it from doubling."""

    async def play(trial: Trial) -> None:
        doubled = set()
        for nth, place in CUTS:
            await trial.steady.do(OFFICER(report()))
            async with trial.new_process() as process:
                await trial.cut(process, ARRIVE, next(trial.keys), Cut(nth, place))
                await process.do(ARRIVE, key=next(trial.keys))
                await process.do(ARRIVE, key=next(trial.keys))
            if (await trial.steady.told()).count("arrived") == 3:
                doubled.add((nth, place))
        assert doubled - {ON_ITS_WAY} == STORED

    on_trial(postgres_url, tmp_path, play)


def test_the_library_takes_its_own_event_for_somebody_else_s(postgres_url: str, tmp_path: Path) -> None:
    """The negative control: it tries again by itself, without looking; whoever then decides anew does it twice."""
    schema, doubled = schema_of(postgres_url, tmp_path), {True: 0, False: 0}
    with proxy(postgres_url) as through, library_store(through.url, schema) as theirs:
        for nth in count():
            exchange = through.follow("COMMIT", Cut(nth, Place.WITHIN))
            append = opening()
            case = append[0].originator_id
            try:
                theirs.insert_events(append)
            except IntegrityError:
                theirs.insert_events([event(UUID(str(case)), 2)])
            if not exchange.was_cut.is_set():
                break
            doubled[len(theirs.select_events(case)) == 2] += 1
    assert min(doubled.values()) > 1, "neither in vain nor always"


@contextmanager
def library_store(url: str, schema: str) -> Iterator[Any]:
    """The library's own recorder, on a connection that has stored something before."""
    parts = conninfo_to_dict(url)
    env = {
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_PORT": str(parts["port"]),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": str(parts.get("password", "")),
        "POSTGRES_SCHEMA": schema,
    }
    with closing(PostgresFactory(env)) as factory:
        yield factory.application_recorder()
