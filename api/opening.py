"""From settings to the open store: registry, secret, case files and casework. Every door opens them here."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

from pydantic import ValidationError

from api.logs import logger
from api.secret import LENGTH, secret_of, shared_secret_of
from api.settings import Settings
from api.watch.outbox import Outbox
from domain.casework.application import Casework, now
from domain.casework.books import books
from domain.casework.case_files import MEMORY_ENV, CaseFiles, postgres_env, sqlite_env
from domain.casework.furnishing import furnish
from domain.casework.registers import Registers
from domain.casework.store_file import StoreUnusable
from domain.casework.streams import Streams
from domain.clocks import Clocks
from domain.territory import CodeFormat, Territory
from projections.database import Database
from projections.engine import Views
from projections.leadership import FileLeadership, Leadership, PostgresLeadership, SharedLeadership
from projections.listening import PostgresListening
from projections.past import PastViews
from projections.postgres import APPENDED, PostgresDatabase
from projections.sqlite import SQLiteDatabase
from projections.transparency.key_file import KeyFile
from projections.transparency.sealer import Sealer

OUTBOX = b"BIDO"
"""Tells the file of the messages from others."""
NO_BOOKS = Clocks(tables={}, calendars={})
REFRESH = 0.5
"""Seconds after which a register written elsewhere is in force here, if nobody tells of it."""
LULL = 0.05
"""Seconds from one look to the next, however much is written."""
log = logger("bidao.registers")


class RegistryUnusable(Exception):
    """The registry file a new store is to be furnished with cannot be read. Carries a Chinese sentence."""


class RegistryMissing(RegistryUnusable):
    """There is no such file."""


def open_territory(settings: Settings) -> Territory:
    """The registry a new store is furnished with; a store that has one says itself what holds.

    Raises `RegistryUnusable`.
    """
    file = settings.registry
    what_to_do = "请核对 BIDAO_REGISTRY；辖区文件可用 bidao territory registry 从表格做成"
    try:
        return Territory.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise RegistryMissing(f"没有辖区文件 {file}：新库要用它建册，{what_to_do}。") from None
    except OSError as error:
        raise RegistryUnusable(f"辖区文件 {file} 读不了（{error.strerror}），{what_to_do}。") from error
    except ValidationError as wrong:
        places = "、".join(".".join(map(str, fault["loc"])) or "全文" for fault in wrong.errors()[:3])
        raise RegistryUnusable(f"辖区文件 {file} 不合要求（{places}），{what_to_do}。") from wrong


def _codes(settings: Settings) -> CodeFormat:
    """How official codes are written: what a store that is furnished still takes from the file, where there is one."""
    try:
        return open_territory(settings).codes
    except RegistryMissing:
        return CodeFormat()


def has_case_files(settings: Settings) -> bool:
    """Whether there is an event store to look into; a database that is named is one."""
    return settings.postgres is not None or (not settings.in_memory and settings.events_db.exists())


def require_case_files(settings: Settings) -> None:
    """For whatever makes no store. Raises `StoreUnusable` where there is none."""
    if not has_case_files(settings):
        where = "请核对 --data 或 BIDAO_DATA；库在 PostgreSQL 里的，请先设好 BIDAO_DATABASE_URL"
        raise StoreUnusable(f"数据目录 {settings.data} 里没有事件库，{where}。")


def open_case_files(settings: Settings) -> CaseFiles:
    """The event store in the database, or under the data folder, made if new. Raises `StoreUnusable`."""
    if settings.in_memory:
        return CaseFiles(env=MEMORY_ENV)
    if settings.postgres is not None:
        env = postgres_env(settings.postgres, str(settings.key_file), str(settings.evidence_folder))
        return CaseFiles(env=env | {"POSTGRES_SCHEMA": settings.database_schema})
    settings.data.mkdir(parents=True, exist_ok=True)
    return CaseFiles(env=sqlite_env(str(settings.events_db), str(settings.key_file), str(settings.evidence_folder)))


def open_outbox(settings: Settings) -> Outbox:
    """The messages on their way, beside the events. Raises `DatabaseUnusable`, `DatabaseUnavailable`."""
    database: Database
    if settings.postgres is not None:
        database = PostgresDatabase(settings.postgres, settings.outbox_schema)
    else:
        database = SQLiteDatabase(None if settings.in_memory else settings.outbox_db, OUTBOX)
    return Outbox(database)


def open_views(settings: Settings, files: CaseFiles) -> Views:
    """The views of a store, beside it. Raises `DatabaseUnusable`, `DatabaseUnavailable`."""
    if settings.postgres is not None:
        return Views(files, PostgresDatabase(settings.postgres, settings.views_schema))
    return Views(files, None if settings.in_memory else settings.views_db)


def open_past(settings: Settings, files: CaseFiles, views: Views) -> PastViews:
    """The views of a store as they were."""
    return PastViews(files, views, kept=settings.past_views)


def open_watch_leadership(settings: Settings) -> Leadership:
    """Which process keeps the watch over a store."""
    if settings.in_memory:
        return SharedLeadership()
    if settings.postgres is not None:
        return PostgresLeadership(settings.postgres, settings.database_schema, "watch")
    return FileLeadership(settings.watch_lock)


def open_sealer(settings: Settings, files: CaseFiles) -> Sealer:
    """What seals the log of a store; one that is gone with the process has none."""
    leadership: Leadership = FileLeadership(settings.seal_lock)
    if settings.postgres is not None:
        leadership = PostgresLeadership(settings.postgres, settings.database_schema, "log")
    return Sealer(files.store, settings.log_folder, KeyFile(settings.log_key), leadership)


def open_casework(settings: Settings, files: CaseFiles, clock: Callable[[], datetime] = now) -> Casework:
    """The way in for commands, into a store that is furnished at once if it is not yet. The files are its own now.

    Use within a running event loop. Raises `Refused` for a registry that does not hold together, `RegistryUnusable`,
    and `SecretUnusable`.
    """
    try:
        nothing = Territory(codes=_codes(settings))
        casework = Casework(files, NO_BOOKS, nothing, secret=_secret_of(settings), clock=clock)
        furnish(casework.registers, books(), partial(open_territory, settings))
    except BaseException:
        files.close()
        raise
    return casework


def _secret_of(settings: Settings) -> bytes:
    """Of the store; one in memory has a secret as short-lived as itself."""
    if settings.in_memory:
        return secrets.token_bytes(LENGTH)
    if settings.postgres is not None:
        return shared_secret_of(settings.secret_key, settings.postgres, settings.database_schema)
    return secret_of(settings.secret_key)


def look_into(files: CaseFiles) -> Registers:
    """What a store says of its registers, for readers only: nothing is furnished."""
    return Registers(Streams(files.lines, files.store), (Territory(), NO_BOOKS), secret=b"", clock=now)


async def keep_fresh(settings: Settings, casework: Casework) -> None:
    """Take in what other processes write to the registers, until cancelled: in PostgreSQL as soon as it is written."""
    written, loop = asyncio.Event(), asyncio.get_running_loop()

    def heard(_: str) -> None:
        loop.call_soon_threadsafe(written.set)

    listening = None if settings.postgres is None else PostgresListening(settings.postgres, {APPENDED: heard})
    try:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(written.wait(), REFRESH)
            written.clear()
            try:
                await casework.refresh()
            except Exception:
                log.exception("registers not refreshed")
            await asyncio.sleep(LULL)
    finally:
        if listening is not None:
            await asyncio.to_thread(listening.close)
