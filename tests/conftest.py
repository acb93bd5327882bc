"""A test that cannot run has failed: every skip becomes a failure that says why.

Tests of what has to hold on any store ask for `store` and run on each; tests of PostgreSQL ask for `postgres_url`.
What fixtures need is imported in them, for the rest of this file also serves alone.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from tests.stores import Store

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def _not_skipped(report: Report) -> Report:
    if report.skipped and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, and nothing here may be ({why}): mend its cause or delete it."
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _not_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _not_skipped((yield))


def pytest_collection_finish() -> None:
    """What was collected stays until the end: nobody need look through it again and again for garbage."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Else modules find at the end that somebody still holds what is theirs."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def _keys_kept_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """As an operator should: whoever restores a store, or serves it on another machine, brings its keys along."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BIDAO_KEK", str(tmp_path_factory.mktemp("keys") / "kek.key"))
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database of this run's own, on the server at TEST_DATABASE_URL or else on one started for it."""
    from tests import postgres

    with ExitStack() as until_the_end:
        url = os.environ.get("TEST_DATABASE_URL") or until_the_end.enter_context(postgres.server())
        yield until_the_end.enter_context(postgres.database(url))


@pytest.fixture(scope="session", params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    """Every store there is, one after the other."""
    from tests.stores import store_named

    return store_named(request.param, request)


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def lasting_store(request: pytest.FixtureRequest) -> Store:
    """Every store that outlives the service."""
    from tests.stores import store_named

    return store_named(request.param, request)
