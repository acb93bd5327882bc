"""From settings to the open store: registry, secret, case files and casework. Every door opens them here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from api.logs import logger
from api.secret import secret_of
from api.settings import Settings
from domain.casework.application import CaseFiles, Casework, now, postgres_env, sqlite_env
from domain.casework.asking import StoreUnavailable
from domain.casework.books import books
from domain.casework.furnishing import furnish
from domain.casework.registers import Registers
from domain.casework.streams import Streams
from domain.clocks import Clocks
from domain.territory import Territory

NO_BOOKS = Clocks(tables={}, calendars={})
REFRESH = 0.5
"""Seconds after which a register written elsewhere is in force here."""
log = logger("bidao.registers")


def open_territory(settings: Settings) -> Territory:
    """The registry a new store is furnished with; a store that has one says itself what holds."""
    return Territory.model_validate_json(settings.registry.read_bytes())


def has_case_files(settings: Settings) -> bool:
    """Whether there is an event store to look into; a database that is named is one."""
    return settings.database_url is not None or settings.events_db.exists()


def open_case_files(settings: Settings) -> CaseFiles:
    """The event store in the database or else under the data folder, made if new. Raises `StoreUnusable`."""
    settings.data.mkdir(parents=True, exist_ok=True)
    if settings.database_url is not None:
        return CaseFiles(env=postgres_env(settings.database_url.get_secret_value()))
    return CaseFiles(env=sqlite_env(str(settings.events_db)))


def open_casework(settings: Settings, files: CaseFiles, clock: Callable[[], datetime] = now) -> Casework:
    """The way in for commands, into a store that is furnished at once if it is not yet.

    Use within a running event loop. Raises `Refused` for a registry that does not hold together.
    """
    registry = open_territory(settings)
    nothing = Territory(codes=registry.codes)
    casework = Casework(files, NO_BOOKS, nothing, secret=secret_of(settings.secret_key), clock=clock)
    furnish(casework.registers, books(), registry)
    return casework


def look_into(files: CaseFiles) -> Registers:
    """What a store says of its registers, for readers only: nothing is furnished."""
    return Registers(Streams(files.mapper, files.store), (Territory(), NO_BOOKS), secret=b"", clock=now)


async def keep_fresh(casework: Casework) -> None:
    """Take in what other processes write to the registers, until cancelled."""
    while True:
        await asyncio.sleep(REFRESH)
        try:
            await casework.refresh()
        except StoreUnavailable:
            log.exception("registers not refreshed")
