"""A town to ask about: some seventy cases, and the views of them, wherever they are kept."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import Notification

from domain.casework.case_files import MEMORY_ENV, CaseFiles
from projections.engine import Views
from tests.casework.stores import StoreKind
from tests.histories import history, of_case, streams
from tests.projections import recomputation, showing
from tests.projections.recomputation import Lines
from tests.projections.rooms import KINDS, SQLITE, Home, Room
from tests.projections.town import Town
from tests.rules.scene import Move

BIG = {"seed": 77, "neighbourhoods": 24, "turns": 900}
VARIED = (0, 3, 7, 12, 14, 17)
"""Histories with suspensions, reopenings, an exemption, and cases of a year not published."""


@pytest.fixture(scope="package")
def case_files() -> list[Lines]:
    return list(streams(CaseFiles(env=MEMORY_ENV), history(**BIG)).values())


@pytest.fixture(scope="package")
def cases(case_files: list[Lines]) -> dict[str, dict[str, Any]]:
    """The docket as it should be."""
    return recomputation.docket(case_files)


@pytest.fixture(scope="package")
def sqlite_views() -> Iterator[Views]:
    with closing(showing.whole(history(**BIG))) as views:
        yield views


@pytest.fixture(scope="package")
def postgres_views(postgres_url: str) -> Iterator[Views]:
    with closing(showing.whole(history(**BIG), Room(Path("the town"), postgres_url))) as views:
        yield views


@pytest.fixture(scope="package", params=KINDS)
def views(request: pytest.FixtureRequest) -> Views:
    views: Views = request.getfixturevalue(f"{request.param}_views")
    return views


@pytest.fixture(scope="package")
def varied_files() -> list[Lines]:
    """The case files of several histories."""
    return list(streams(CaseFiles(env=MEMORY_ENV), _varied()).values())


@pytest.fixture(scope="package", params=KINDS)
def varied_views(request: pytest.FixtureRequest) -> Iterator[Views]:
    url = SQLITE if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with closing(showing.whole(_varied(), Room(Path("varied"), url) if url else None)) as views:
        yield views


def _varied() -> list[Notification]:
    """One after the other, as positions are given again; each has ids of its own."""
    events = [event for seed in VARIED for event in history(seed) if of_case(event)]
    return [replace(event, id=position) for position, event in enumerate(events, 1)]


@pytest.fixture(params=KINDS)
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Room:
    """Room for views, to be opened more than once."""
    return Room(tmp_path, SQLITE if request.param == "sqlite" else request.getfixturevalue("postgres_url"))


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """A store, and room for its views in the same kind of database; of one in memory, in a file."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else SQLITE
    return Home(StoreKind(request.param, url), Room(tmp_path, url))


@pytest.fixture
def postgres_home(tmp_path: Path, postgres_url: str) -> Home:
    """A store and room for its views in PostgreSQL, for what only several processes can get into."""
    return Home(StoreKind("postgres", postgres_url), Room(tmp_path, postgres_url))


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder that is nobody else's, for processes begun meanwhile as well."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def sqlite_town(tmp_path: Path) -> Iterator[Any]:
    yield from _towns(Room(tmp_path))


@pytest.fixture
def town(room: Room) -> Iterator[Any]:
    yield from _towns(room)


def _towns(room: Room) -> Iterator[Any]:
    built: list[Town] = []

    def build(*moves: Move) -> Town:
        built.append(Town(room, *moves))
        return built[-1]

    yield build
    for one in built:
        one.views.close()
        asyncio.run(one.office.aclose())
