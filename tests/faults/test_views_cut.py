"""The views' own commit, cut at every message: a page is merged once, whether or not the last commit was heard of."""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from domain.casework.case_files import CaseFiles
from projections.database import DatabaseUnavailable
from projections.engine import Views
from projections.postgres import PostgresDatabase
from tests.casework.office import ARRIVE, Office
from tests.casework.stores import StoreKind
from tests.faults.exchange import Cut, Place
from tests.faults.proxy import Proxy, proxy
from tests.rules.scene import OFFICER, report

COMMIT = ["→ Query", "← CommandComplete", "← ReadyForQuery"]


@pytest.mark.parametrize("place", Place)
def test_views_cut_at_their_commit_count_everything_once(postgres_url: str, tmp_path: Path, place: Place) -> None:
    office = Office(StoreKind("postgres", postgres_url), tmp_path)
    schema = f"views_{uuid4().hex}"
    with (
        proxy(postgres_url) as through,
        closing(CaseFiles(env=office.env)) as files,
        closing(Views(files, PostgresDatabase(through.url, schema))) as views,
    ):
        asyncio.run(merged_in_spite(office, views, through, place))
        report_of = views.rebuild()
        assert report_of.equal
        assert not report_of.different


async def merged_in_spite(office: Office, views: Views, through: Proxy, place: Place) -> None:
    """A case for every message of the commit, and that cut; in the end the views have all of them."""
    process = office.process()
    for nth in count():
        receipt = await process.do(OFFICER(report()), ARRIVE)
        exchange = through.follow("COMMIT\0", Cut(nth, place))
        with suppress(DatabaseUnavailable):
            views.catch_up()
        assert views.catch_up() == receipt.position
        if not exchange.was_cut.is_set():
            assert exchange.said == COMMIT, "cut at all its messages"
            break
    await office.aclose()
