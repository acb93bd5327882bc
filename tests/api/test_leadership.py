"""One process keeps the watch, and another takes it up as soon as it is dead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest

from api.opening import open_watch_leadership
from api.settings import Settings
from tests.stores import Store, store_named

PATIENCE = 30
CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


@pytest.fixture
def settings(lasting_store: Store, tmp_path: Path) -> Settings:
    """Of a store in a file, then of one in PostgreSQL."""
    return lasting_store.settings(tmp_path)


def lead(settings: Settings, told: Connection) -> None:
    """In a process of its own: take the lead if nobody has it, say so, and wait to be killed."""
    leadership = open_watch_leadership(settings)
    told.send(leadership.take())
    told.recv()


@contextmanager
def leading(settings: Settings) -> Iterator[tuple[BaseProcess, bool]]:
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=lead, args=(settings, theirs))
    process.start()
    theirs.close()
    try:
        yield process, ours.recv()
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


def eventually(true: Callable[[], bool]) -> None:
    until = monotonic() + PATIENCE
    while not true():
        assert monotonic() < until
        sleep(0.01)


def test_two_never_lead_at_once(settings: Settings) -> None:
    ours, others = open_watch_leadership(settings), open_watch_leadership(settings)
    assert ours.take()
    assert ours.take(), "whoever leads goes on leading"
    assert not others.take()
    with leading(settings) as (_, held):
        assert not held
    ours.release()
    eventually(others.take)
    assert not ours.take()
    ours.release()
    others.release()


def test_a_killed_leader_leads_no_longer(settings: Settings) -> None:
    successor = open_watch_leadership(settings)
    with leading(settings) as (leader, held):
        assert held
        assert not successor.take()
        leader.kill()
        eventually(successor.take)
    successor.release()


def test_stores_of_one_database_are_watched_each_by_a_leader_of_its_own(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    store = store_named("postgres", request)
    both = [open_watch_leadership(store.settings(tmp_path)) for _ in range(2)]
    assert [one.take() for one in both] == [True, True]
    for one in both:
        one.release()


def test_a_leader_whose_connection_was_cut_learns_that_another_leads(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_url: str
) -> None:
    settings = store_named("postgres", request).settings(tmp_path)
    cut, successor = open_watch_leadership(settings), open_watch_leadership(settings)
    assert cut.take()
    with psycopg.connect(postgres_url) as postgres:
        postgres.execute(CUT)
    eventually(successor.take)
    assert not cut.take()
    cut.release()
    successor.release()
