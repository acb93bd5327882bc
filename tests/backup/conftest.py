"""Stores to save from and to restore into."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.__main__ import app
from api.settings import Settings
from tests.backup.operating import bidao
from tests.server import settings_for
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
