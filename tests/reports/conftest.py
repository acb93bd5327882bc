"""The same month on every store, and once for what does not hang on the store: paper and pictures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.visitor import Visitor
from tests.reports.asking import lived
from tests.stores import Store


@pytest.fixture(scope="package")
def service(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with lived(store, tmp_path_factory.mktemp("reports")) as visitor:
        yield visitor


@pytest.fixture(scope="package")
def press(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with lived(Store("memory"), tmp_path_factory.mktemp("press")) as visitor:
        yield visitor
