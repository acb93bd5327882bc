"""The bench still runs: every row has numbers, its table and its JSON can be made. Nothing is said about speed."""

import gc
from collections.abc import Iterator
from io import StringIO

import pytest
from rich.console import Console

from tests.bench.__main__ import Group, Wanted, run
from tests.bench.measuring import TINY


@pytest.fixture(autouse=True)
def nothing_of_other_tests() -> Iterator[None]:
    """Whoever measures collects garbage first, in vain among all that earlier tests have left."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("group", Group)
def test_every_row_has_numbers(group: Group) -> None:
    told = StringIO()
    report = run(TINY, 1, Console(file=told, width=250), Wanted(groups=(group,)))

    assert {row.store for row in report.rows} == {"SQLite", "PostgreSQL"}
    for row in report.rows:
        for contender in filter(None, (row.ours, row.floor, row.library)):
            assert len(contender.rounds) == TINY.rounds, row.what
            assert min(contender.rounds) > 0, row.what
    assert report.machine.cores > 0
    Console(file=told, width=250).print(report.table())
    assert all(row.what in told.getvalue() for row in report.rows)
