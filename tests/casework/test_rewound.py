"""A database that has gone back in time while processes run on, as when a standby that lags is promoted.

What was acknowledged since is lost; but nothing that is left, and nothing written from then on, may be wrong.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from eventsourcing.persistence import PersistenceError
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from domain.casework.postgres_era import Eras
from domain.incident.events import Accepted
from domain.incident.words import Kind, Stage
from domain.registry.commands import ImportTerritory
from domain.territory import Level, NodeListing
from tests.casework.office import ARRIVE, Office, caller_of, contiguous
from tests.casework.stores import StoreKind
from tests.postgres import database
from tests.rules.scene import CASE, DISTRICT, OFFICER, OTHER, THIRD, Move, report, until

pytestmark = pytest.mark.anyio
Answer = TypeVar("Answer")
NEW_GRID = NodeListing(id="grid-new", level=Level.GRID, name="新网格", parent="community")


class Past:
    """A database and its state at some moment, to which it can be taken back."""

    def __init__(self, server: str, url: str) -> None:
        self._server, self._name = server, str(conninfo_to_dict(url)["dbname"])

    def remember(self) -> None:
        self._do("CREATE DATABASE {past} TEMPLATE {now}")

    def come_back(self) -> None:
        self._do("ALTER DATABASE {now} RENAME TO {lost}", "ALTER DATABASE {past} RENAME TO {now}")

    def forget(self) -> None:
        self._do("DROP DATABASE IF EXISTS {lost} WITH (FORCE)", "DROP DATABASE IF EXISTS {past} WITH (FORCE)")

    def _do(self, *statements: str) -> None:
        names = {what: Identifier(f"{self._name}{end}") for what, end in (("now", ""), ("past", "_a"), ("lost", "_z"))}
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (self._name,)
            )
            for statement in statements:
                connection.execute(SQL(statement).format(**names))


@pytest.fixture
async def rewindable(postgres_url: str, tmp_path: Path) -> AsyncIterator[tuple[Office, Past]]:
    with database(postgres_url) as url:
        office, past = Office(StoreKind("postgres", url), tmp_path), Past(postgres_url, url)
        yield office, past
        await office.aclose()
        past.forget()


async def sooner_or_later(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """As a client does that is told 503."""
    for _ in range(10):
        try:
            return await ask()
        except PersistenceError:
            continue
    raise AssertionError("it did not recover")


async def test_what_it_lost_is_neither_confirmed_nor_built_upon(rewindable: tuple[Office, Past]) -> None:
    office, past = rewindable
    here = office.process()
    kept = await here.do(*until(Stage.REPORTED, Kind.EMERGENCY), ARRIVE)
    past.remember()
    for nth in range(4):
        await here.do(ARRIVE, key=f"lost-{nth}")
    past.come_back()
    again = await sooner_or_later(lambda: here.do(ARRIVE, key="lost-3"))
    assert again.version == kept.version + 1
    assert (await sooner_or_later(lambda: here.do(ARRIVE))).version == kept.version + 2
    lines = await office.process().lines()
    assert contiguous(lines)
    assert [line.command_id for line in lines if line.command_id.startswith("lost")] == ["lost-3"]


async def test_nobody_says_no_for_what_it_lost(rewindable: tuple[Office, Past]) -> None:
    """Arriving is refused where the case is solved; it is solved no more."""
    office, past = rewindable
    here = office.process()
    await here.do(*until(Stage.HANDLING))
    past.remember()
    await here.do(*until(Stage.CLOSED)[len(until(Stage.HANDLING)) :])
    past.come_back()
    assert (await sooner_or_later(lambda: here.do(ARRIVE))).changed
    assert contiguous(await here.lines())


async def test_the_registers_go_back_with_it(rewindable: tuple[Office, Past]) -> None:
    office, past = rewindable
    here = office.process()
    await here.do(*until(Stage.REPORTED))
    past.remember()
    await here.casework.enact(ImportTerritory(nodes=(NEW_GRID,)), caller_of(DISTRICT, "k"))
    past.come_back()
    receipt = await sooner_or_later(
        lambda: here.casework.enact(ImportTerritory(nodes=(NEW_GRID,)), caller_of(DISTRICT, "k"))
    )
    assert (receipt.version, receipt.changed) == (len(await here.casework.register_history("territory")), True)
    assert (await here.do(OFFICER(report(grid=NEW_GRID.id), of=OTHER))).version == 1


async def numbers_after(office: Office, past: Past) -> list[str]:
    """Of cases accepted after it went back by one who had reserved numbers before, and by another."""
    here = office.process()
    await here.do(*until(Stage.REPORTED))
    past.remember()
    await sooner_or_later(lambda: here.do(*until(Stage.REPORTED, Kind.EMERGENCY, of=CASE)))
    await here.do(*accepted(OTHER))
    past.come_back()
    there = office.process()
    found: list[str] = []
    for process, name in ((here, THIRD), (there, "fourth"), (there, "fifth")):
        await sooner_or_later(partial(process.do, *accepted(name)))
        found += [line.event.number for line in await process.lines(name) if isinstance(line.event, Accepted)]
    return found


def accepted(name: str) -> list[Move]:
    return [replace(move, of=name) for move in until(Stage.ACCEPTED, of=name)]


async def test_no_case_number_is_given_twice(rewindable: tuple[Office, Past]) -> None:
    numbers = await numbers_after(*rewindable)
    assert len(set(numbers)) == len(numbers) == 3


async def test_it_would_be(rewindable: tuple[Office, Past], monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: nobody looks who answers."""
    monkeypatch.setattr(Eras, "see", lambda *_: None)
    numbers = await numbers_after(*rewindable)
    assert len(set(numbers)) < len(numbers)
