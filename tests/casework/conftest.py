"""The store under test: the SQLite file, the memory and PostgreSQL, one after the other."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from domain.casework.recorders import CaseRecorder
from tests.casework.office import Office
from tests.casework.stores import StoreKind, two_doors


@pytest.fixture(scope="session", params=["sqlite", "memory", "postgres"])
def kind(request: pytest.FixtureRequest) -> StoreKind:
    name = str(request.param)
    return StoreKind(name, request.getfixturevalue("postgres_url") if name == "postgres" else "")


@pytest.fixture
def recorder(kind: StoreKind, tmp_path: Path) -> Iterator[CaseRecorder]:
    with two_doors(kind, tmp_path) as (recorder, _):
        yield recorder


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def office(kind: StoreKind, tmp_path: Path) -> AsyncIterator[Office]:
    """The store as processes see it that work on cases."""
    office = Office(kind, tmp_path)
    yield office
    await office.aclose()
