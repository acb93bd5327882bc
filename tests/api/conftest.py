"""On each store one running service per worker, which every test visits with cases of its own."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import httpx
import pytest

from api import logs
from tests.api.visitor import Clock, Visitor
from tests.server import serving
from tests.stores import Store


@pytest.fixture(scope="session")
def door(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    clock = Clock()
    settings = store.settings(tmp_path_factory.mktemp("service"), wait_timeout=20)
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield Visitor(client, clock)


@pytest.fixture
def log(door: Visitor) -> Iterator[io.StringIO]:
    """What the service writes to its log meanwhile; the client in this process keeps quiet."""
    root, client, written = logging.getLogger(), logging.getLogger("httpx"), io.StringIO()
    before = root.handlers[:], root.level
    client.disabled = True
    logs.configure(written)
    yield written
    root.handlers[:], root.level = before
    client.disabled = False
