"""The store under test: the SQLite file and the memory, one after the other."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from domain.casework.recorders import CaseRecorder
from tests.casework.office import Office
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


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def office(kind: str, tmp_path: Path) -> AsyncIterator[Office]:
    """The store as processes see it that work on cases."""
    office = Office(kind, tmp_path)
    yield office
    await office.aclose()
