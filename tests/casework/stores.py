"""Both stores, opened as the casework opens them: by the library's factories from settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.persistence import InfrastructureFactory, StoredEvent

from domain.casework.application import MEMORY_ENV, sqlite_env
from domain.casework.recorders import CaseRecorder, MemoryCaseRecorder, SQLiteCaseRecorder


@contextmanager
def sqlite_store(path: Path, **settings: str) -> Iterator[SQLiteCaseRecorder]:
    """The store in the file; its connections are closed at the end."""
    factory: InfrastructureFactory[Any] = InfrastructureFactory.construct(sqlite_env(str(path)) | settings)
    try:
        recorder = factory.application_recorder()
        assert isinstance(recorder, SQLiteCaseRecorder)
        yield recorder
    finally:
        factory.close()


def memory_store() -> MemoryCaseRecorder:
    factory: InfrastructureFactory[Any] = InfrastructureFactory.construct(MEMORY_ENV)
    recorder = factory.application_recorder()
    assert isinstance(recorder, MemoryCaseRecorder)
    return recorder


@contextmanager
def two_doors(kind: str, folder: Path) -> Iterator[tuple[CaseRecorder, CaseRecorder]]:
    """One store entered twice: as two processes would a file, or as two threads would the memory."""
    if kind == "memory":
        recorder = memory_store()
        yield recorder, recorder
        return
    with sqlite_store(folder / "events.db") as one, sqlite_store(folder / "events.db") as other:
        yield one, other


def event(stream: UUID, version: int, state: bytes = b"{}") -> StoredEvent:
    return StoredEvent(stream, version, "incident.arrived", state)


def opening(state: bytes = b"{}") -> list[StoredEvent]:
    """An append that opens a new stream."""
    return [event(uuid4(), 1, state)]
