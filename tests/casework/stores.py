"""All stores, opened as the casework opens them: by the library's factories from settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import psycopg
from eventsourcing.persistence import InfrastructureFactory, StoredEvent
from psycopg.sql import SQL, Identifier

from domain.casework.case_files import MEMORY_ENV, postgres_env, sqlite_env
from domain.casework.postgres import PostgresCaseRecorder
from domain.casework.recorders import CaseRecorder, MemoryCaseRecorder
from domain.casework.sqlite import SQLiteCaseRecorder
from tests.fence import behind_the_fence


@contextmanager
def store(env: dict[str, str]) -> Iterator[CaseRecorder]:
    """The store of these settings; its connections are closed at the end."""
    factory: InfrastructureFactory[Any] = InfrastructureFactory.construct(env)
    try:
        yield cast(CaseRecorder, factory.application_recorder())
    finally:
        factory.close()


@contextmanager
def sqlite_store(path: Path, **settings: str) -> Iterator[SQLiteCaseRecorder]:
    with store(sqlite_env(str(path)) | settings) as recorder:
        assert isinstance(recorder, SQLiteCaseRecorder)
        yield recorder


def memory_store() -> MemoryCaseRecorder:
    factory: InfrastructureFactory[Any] = InfrastructureFactory.construct(MEMORY_ENV)
    recorder = factory.application_recorder()
    assert isinstance(recorder, MemoryCaseRecorder)
    return recorder


@dataclass(frozen=True, slots=True)
class StoreKind:
    """Which store: `memory`, `sqlite`, or `postgres` in the database at `url`, the owner's address of it."""

    name: str
    url: str = ""

    def env(self, folder: Path) -> dict[str, str]:
        """The settings of the one store that belongs to a folder."""
        if self.name == "memory":
            return MEMORY_ENV
        if self.name == "sqlite":
            return sqlite_env(str(folder / "events.db"))
        schema = schema_of(self.url, folder)
        return postgres_env(behind_the_fence(self.url, schema), str(folder / "kek.key")) | {"POSTGRES_SCHEMA": schema}


MEMORY = StoreKind("memory")


def schema_of(url: str, folder: Path) -> str:
    """A schema for a folder; made when it is asked for first."""
    name = f"store_{sha256(str(folder).encode()).hexdigest()[:32]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(name)))
    return name


@contextmanager
def postgres_store(url: str, schema: str, **settings: str) -> Iterator[PostgresCaseRecorder]:
    with store(postgres_env(url, "") | {"POSTGRES_SCHEMA": schema} | settings) as recorder:
        assert isinstance(recorder, PostgresCaseRecorder)
        yield recorder


@contextmanager
def two_doors(kind: StoreKind, folder: Path) -> Iterator[tuple[CaseRecorder, CaseRecorder]]:
    """One store entered twice: as two processes would a file or a database, or as two threads would the memory."""
    if kind.name == "memory":
        recorder = memory_store()
        yield recorder, recorder
        return
    env = kind.env(folder)
    with store(env) as here, store(env) as there:
        yield here, there


def event(stream: UUID, version: int, state: bytes = b"{}") -> StoredEvent:
    return StoredEvent(stream, version, "incident.arrived", state)


def opening(state: bytes = b"{}") -> list[StoredEvent]:
    """An append that opens a new stream."""
    return [event(uuid4(), 1, state)]
