"""The store under test: the SQLite file, the memory and PostgreSQL, one after the other."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from domain.casework.postgres import PostgresCaseRecorder
from domain.casework.recorders import CaseRecorder
from tests.casework.databases import Connection, connected
from tests.casework.elsewhere import Peer, peer
from tests.casework.office import Office
from tests.casework.stores import StoreKind, postgres_store, schema_of, two_doors


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


@pytest.fixture(scope="session")
def another_process() -> Iterator[Peer]:
    with peer() as another:
        yield another


@pytest.fixture
def schema(postgres_url: str, tmp_path: Path) -> str:
    """An empty schema in the database."""
    return schema_of(postgres_url, tmp_path)


@pytest.fixture
def store(postgres_url: str, schema: str) -> Iterator[PostgresCaseRecorder]:
    """A store in that schema."""
    with postgres_store(postgres_url, schema) as store:
        yield store


@pytest.fixture
def owner(postgres_url: str, schema: str) -> Iterator[Connection]:
    """A connection of the owner's, in the schema."""
    with connected(postgres_url, schema) as owner:
        yield owner
