"""A town to ask about: some seventy cases, and the views of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from domain.casework.application import MEMORY_ENV, CaseFiles
from projections.engine import Views
from tests.histories import history, streams
from tests.projections import recomputation, showing
from tests.projections.recomputation import Lines

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
