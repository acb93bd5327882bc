"""A town to ask about: some seventy cases, and the views of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from domain.casework.application import MEMORY_ENV, CaseFiles
from projections.engine import Views
from tests.histories import history, streams
from tests.projections import recomputation, showing
from tests.projections.recomputation import Lines
from tests.projections.town import Town
from tests.rules.scene import Move

BIG = {"seed": 77, "neighbourhoods": 24, "turns": 900}


@pytest.fixture(scope="package")
def case_files() -> list[Lines]:
    return list(streams(CaseFiles(env=MEMORY_ENV), history(**BIG)).values())


@pytest.fixture(scope="package")
def cases(case_files: list[Lines]) -> dict[str, dict[str, Any]]:
    """The docket as it should be."""
    return recomputation.docket(case_files)


@pytest.fixture(scope="package")
def views() -> Iterator[Views]:
    with closing(showing.whole(history(**BIG))) as views:
        yield views


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Any]:
    built: list[Town] = []

    def build(*moves: Move) -> Town:
        built.append(Town(tmp_path, *moves))
        return built[-1]

    yield build
    for one in built:
        one.views.close()
        asyncio.run(one.office.aclose())
