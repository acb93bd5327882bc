"""The bench still runs: every row has numbers, its table and its JSON can be made. Nothing is said about speed."""

from io import StringIO

from rich.console import Console

from tests.bench.__main__ import Wanted, run
from tests.bench.measuring import TINY


def test_every_row_has_numbers() -> None:
    told = StringIO()
    report = run(TINY, 1, Console(file=told, width=250), Wanted())

    assert {row.what.split(",")[0] for row in report.rows} > {"durable append", "whole command", "HTTP command"}
    for row in report.rows:
        for contender in filter(None, (row.ours, row.floor, row.library)):
            assert len(contender.rounds) == TINY.rounds, row.what
            assert min(contender.rounds) > 0, row.what
    assert report.machine.cores > 0
    Console(file=told, width=250).print(report.table())
    assert all(row.what in told.getvalue() for row in report.rows)
