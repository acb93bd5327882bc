"""A running service whose log has a key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.settings import Settings
from projections.transparency.keys import LogKeys
from projections.transparency.notes import Verifier
from tests.api.terminal import Terminal
from tests.api.visitor import Clock, Visitor
from tests.server import serving
from tests.stores import Store


@pytest.fixture
def settings(lasting_store: Store, tmp_path: Path) -> Settings:
    return lasting_store.settings(tmp_path / "data", wait_timeout=20)


@pytest.fixture
def terminal(settings: Settings) -> Terminal:
    terminal = Terminal(settings)
    assert terminal.run("keys", "init", "hecheng.example.cn/bidao").exit_code == 0
    return terminal


@pytest.fixture
def door(terminal: Terminal) -> Iterator[Visitor]:
    with serving(terminal.settings) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield Visitor(client, Clock())


@pytest.fixture
def keys(terminal: Terminal) -> LogKeys:
    return LogKeys((), Verifier.parse((terminal.settings.log_folder / "key").read_text()))
