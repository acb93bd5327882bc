"""Stores with an index beside them, one after the other."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.casework.office import Office
from tests.casework.stores import StoreKind
from tests.finding.finder import Finder
from tests.projections.rooms import SQLITE, Room


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", params=["sqlite", "memory", "postgres"])
def kind(request: pytest.FixtureRequest) -> StoreKind:
    name = str(request.param)
    return StoreKind(name, request.getfixturevalue("postgres_url") if name == "postgres" else "")


@pytest.fixture
async def office(kind: StoreKind, tmp_path: Path) -> AsyncIterator[Office]:
    office = Office(kind, tmp_path)
    yield office
    await office.aclose()


@pytest.fixture
def room(kind: StoreKind, tmp_path: Path) -> Room:
    """Where its views are kept."""
    return Room(tmp_path, kind.url if kind.name == "postgres" else SQLITE)


@pytest.fixture
def finder(office: Office, room: Room) -> Iterator[Finder]:
    """Somebody at work on that store, who can look for people."""
    finder = Finder(office.process(), room)
    yield finder
    finder.close()
