"""kill -9 of anything, under load: no acknowledged command is lost, none is done twice, and the views are right.

Sixty kills here; `python -m tests.faults` goes on for as long as one likes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from unittest.mock import patch

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from api.opening import open_case_files, open_views
from api.settings import Settings
from domain.casework import postgres as postgres_store
from domain.casework.open_cases import OpenCase
from domain.rostering import AssignShifts
from projections.statements import table
from projections.tables import registry
from projections.workload import Workload
from tests import postgres
from tests.api.visitor import Clock, Visitor
from tests.faults.campaign import one_round, rebuilt
from tests.faults.cluster import Cluster
from tests.faults.processes import serve
from tests.faults.site import Plan, out_of_date
from tests.faults.tally import Tally
from tests.lives import CLOSED
from tests.server import serving, settings_for

ON_POSTGRES, ON_SQLITE = 46, 14
RECEIPTS = 15
BITES_WITHIN = 5


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A server of this test's own: no other has to live with its deaths."""
    with postgres.server() as url, closing(Cluster(url)) as cluster:
        yield cluster


def test_killed_on_postgres(cluster: Cluster, tmp_path: Path) -> None:
    """Two API processes, a worker, and PostgreSQL itself: its postmaster with all backends, or one of them."""
    done = rounds(Plan(cluster, kills=ON_POSTGRES // 2, receipts=RECEIPTS), 2, tmp_path)
    assert done.wrong == []
    assert done.kills.total() == ON_POSTGRES
    assert {"api", "worker", "postgres"} <= done.kills.keys()
    assert done.counted["acknowledged"] > ON_POSTGRES
    assert done.counted["tries cut"] > 0, "else nothing was killed under load"


def test_killed_on_sqlite(tmp_path: Path) -> None:
    done = rounds(Plan(None, apis=1, kills=ON_SQLITE, receipts=RECEIPTS), 1, tmp_path)
    assert done.wrong == []
    assert done.kills.total() == ON_SQLITE
    assert done.counted["acknowledged"] > ON_SQLITE
    assert done.counted["tries cut"] > 0, "else nothing was killed under load"


def rounds(plan: Plan, times: int, folder: Path) -> Tally:
    """So many rounds."""
    whole = Tally()
    for seed in range(times):
        here = folder / str(seed)
        here.mkdir()
        whole.add(one_round(plan, here, seed))
    return whole


# Who breaks the promise is found out


def forgetful(settings: Settings, log: Path, told: Connection) -> None:
    """A service on a server that acknowledges before it is durable; ours refuses such a server when it starts."""
    url = make_conninfo(settings.postgres or "", options="-c synchronous_commit=off")
    with patch.object(postgres_store, "is_complete", is_there):
        serve(settings.model_copy(update={"database_url": SecretStr(url)}), log, told)


def is_there(cursor: psycopg.Cursor[object], schema: str) -> bool:
    """Looks for a store, and not at how the server is set."""
    [found] = cursor.execute("SELECT to_regclass('stored_events') IS NOT NULL AS there").fetchall()
    return bool(found["there"])  # type: ignore[index] # rows are dictionaries, as the factory has it


def absent_minded(settings: Settings, log: Path, told: Connection) -> None:
    """A service that keeps no account of the keys it has seen."""
    extend = OpenCase.extend

    def extend_and_forget(self: OpenCase, *lines: object, **more: object) -> None:
        extend(self, *lines, **more)  # type: ignore[arg-type] # passed on as they come
        self.commands.clear()

    with patch.object(OpenCase, "extend", extend_and_forget):
        serve(settings, log, told)


def test_what_is_acknowledged_before_it_is_durable_is_missed(cluster: Cluster, tmp_path: Path) -> None:
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")  # so that there is always something to lose
        connection.execute("SELECT pg_reload_conf()")
    plan = Plan(cluster, workers=0, kills=2, receipts=RECEIPTS, target=forgetful, weights={"postgres": 1}, settles=20)
    assert "lost" in bitten(plan, tmp_path)


def test_a_service_that_forgets_keys_is_found_out(tmp_path: Path) -> None:
    found = bitten(Plan(None, apis=1, workers=0, kills=3, target=absent_minded), tmp_path)
    assert "twice" in found or "false conflict" in found


def bitten(plan: Plan, folder: Path) -> str:
    """What is wrong with the first round in which the fault shows: a kill has to come at a bad moment."""
    for attempt in range(BITES_WITHIN):
        here = folder / str(attempt)
        here.mkdir()
        if wrong := one_round(plan, here, attempt).wrong:
            return "\n".join(wrong)
    return ""


def test_a_view_that_counted_twice_and_a_register_nobody_told_of_are_found_out(tmp_path: Path) -> None:
    settings, clock = settings_for(tmp_path / "one"), Clock()
    elsewhere = settings_for(tmp_path / "other")
    with serving(elsewhere, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        assert Visitor(client, clock).enact("duty", "assign-shifts", AssignShifts.example).is_success
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        Visitor(client, clock).play(CLOSED)
        assert asyncio.run(compared(url, settings, 20)) == []
        assert "other registers" in " ".join(asyncio.run(compared(url, elsewhere, 0.2)))
    with closing(open_case_files(settings)) as files:
        assert rebuilt(settings, files) == []
        with closing(open_views(settings, files)) as views, views._tables.writing() as transaction:
            shown = table(Workload, registry(transaction)[Workload.name].generation)
            transaction.execute(f'UPDATE "{shown}" SET arrived = 2 * arrived')  # noqa: S608 - a name of ours
        assert rebuilt(settings, files) == [f"other than its rebuild: {Workload.name}"]


async def compared(url: str, settings: Settings, seconds: float) -> list[str]:
    """A process held against a store."""
    async with httpx.AsyncClient() as http:
        with closing(open_case_files(settings)) as files:
            return await out_of_date(url, http, files, seconds)
