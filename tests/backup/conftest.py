"""Stores to save from and to restore into."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from api.__main__ import app
from api.settings import Settings
from tests.api.visitor import Clock, Visitor
from tests.backup.operating import bidao
from tests.photographs import MINUTES, photograph
from tests.server import serving, settings_for
from tests.stores import Store


@pytest.fixture(scope="session")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A store with the article's three cases in it."""
    settings = settings_for(tmp_path_factory.mktemp("stories"))
    told = CliRunner().invoke(app, ["demo", "--data", str(settings.data)])
    assert told.exit_code == 0, told.output
    return settings


@pytest.fixture(scope="session")
def saved(stories: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it."""
    path = tmp_path_factory.mktemp("saved") / "stories.zip"
    told = bidao(stories, "backup", path)
    assert told.exit_code == 0, told.output
    return path


@pytest.fixture
def empty(lasting_store: Store, tmp_path: Path) -> Settings:
    """Where nothing is yet: a folder, or a folder and a schema to be."""
    return replace(lasting_store, fenced=False).settings(tmp_path / "data")


@pytest.fixture
def pictured(tmp_path: Path) -> Settings:
    """A store with one case, and in it a photograph and minutes: three files."""
    settings, clock = settings_for(tmp_path / "pictured"), Clock()
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        visitor = Visitor(client, clock)
        case = visitor.report().json()["incident_id"]
        for content in (photograph(), MINUTES):
            assert visitor.ask("officer-ge", "evidence", case=case, files={"file": content}).is_success
    return settings


@pytest.fixture
def album(pictured: Settings, tmp_path: Path) -> Path:
    """A backup of it."""
    path = tmp_path / "elsewhere" / "album.zip"
    path.parent.mkdir()
    told = bidao(pictured, "backup", path)
    assert told.exit_code == 0, told.output
    return path
