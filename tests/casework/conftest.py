"""The store under test: the SQLite file and the memory, one after the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.casework.recorders import CaseRecorder
from tests.casework.stores import memory_store, sqlite_store


@pytest.fixture(scope="session", params=["sqlite", "memory"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def recorder(kind: str, tmp_path: Path) -> Iterator[CaseRecorder]:
    if kind == "memory":
        yield memory_store()
        return
    with sqlite_store(tmp_path / "events.db") as recorder:
        yield recorder
