"""A test that cannot run has failed: every skip becomes a failure that says why.

Tests that need a PostgreSQL ask for `postgres_url`.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import TypeVar

import pytest

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


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database of this run's own, on the server at TEST_DATABASE_URL or else on one started for it."""
    from tests import postgres  # not above: the rest of this file also serves alone

    with ExitStack() as until_the_end:
        url = os.environ.get("TEST_DATABASE_URL") or until_the_end.enter_context(postgres.server())
        yield until_the_end.enter_context(postgres.database(url))
