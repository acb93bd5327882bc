"""Of several processes on one database one keeps the views: the others hear of it, and take over when it dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import psycopg
import pytest

from tests.casework.stores import StoreKind
from tests.histories import history, store
from tests.projections import showing
from tests.projections.following import Follower
from tests.projections.rooms import Home, Room

EVENTS = history(3)
HALF = len(EVENTS) // 2
SOON = 30.0
"""Seconds after which something that should come at once is given up; nothing is measured."""


@pytest.fixture
def home(tmp_path: Path, postgres_url: str) -> Home:
    return Home(StoreKind("postgres", postgres_url), Room(tmp_path, postgres_url))


@pytest.fixture
def follower(home: Home) -> Iterator[Callable[[], Follower]]:
    started: list[Follower] = []

    def start() -> Follower:
        started.append(Follower(home))
        return started[-1]

    yield start
    for one in started:
        if not one.dead:
            one.kill()


def leader(followers: list[Follower]) -> Follower:
    """The one that leads, as soon as one does."""
    began = monotonic()
    while monotonic() - began < SOON:
        leading = [one for one in followers if one.standing().leads]
        assert len(leading) < 2, "two lead at once"
        if leading:
            return leading[0]
        sleep(0.02)
    raise AssertionError("nobody leads")


def test_when_the_leader_is_killed_another_process_goes_on(home: Home, follower: Callable[[], Follower]) -> None:
    with closing(showing.whole(EVENTS)) as whole:
        expected = showing.shown(whole)
    with closing(home.files()) as files, closing(home.views(files)) as views:
        views.start(leading=False)
        followers = [follower(), follower(), follower()]
        for nth, stop in enumerate((HALF // 2, HALF, len(EVENTS))):
            leading = leader(followers)
            store(files, EVENTS[views.position : stop])
            assert asyncio.run(views.wait_for(stop, SOON)), "and whoever does not lead hears of it"
            assert not views.leads
            assert {one.standing().leads for one in followers} == ({True, False} if nth < 2 else {True})
            leading.kill()
            followers.remove(leading)
            if nth == 0:
                store(files, EVENTS[stop : stop + 9])  # while nobody leads
                assert asyncio.run(views.wait_for(stop + 9, SOON))
        assert showing.shown(views) == expected


def test_whoever_stops_lets_another_lead(home: Home) -> None:
    with ExitStack() as until_the_end:
        files = until_the_end.enter_context(closing(home.files()))
        one, other = (until_the_end.enter_context(closing(home.views(files, poll=0.05))) for _ in range(2))
        one.start()
        _until(lambda: one.leads)
        other.start()
        store(files, EVENTS[:HALF])
        assert asyncio.run(other.wait_for(HALF, SOON))
        assert not other.leads
        one.stop()
        store(files, EVENTS[HALF:])
        assert asyncio.run(other.wait_for(len(EVENTS), SOON))
        assert (one.leads, other.leads) == (False, True)


def test_when_the_server_drops_every_connection_the_views_go_on(home: Home, postgres_url: str) -> None:
    with closing(home.files()) as files, closing(home.views(files, poll=0.05)) as views:
        views.start()
        store(files, EVENTS[:HALF])
        assert asyncio.run(views.wait_for(HALF, SOON))
        with psycopg.connect(postgres_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        store(files, EVENTS[HALF:])
        assert asyncio.run(views.wait_for(len(EVENTS), SOON))
        _until(lambda: views.leads and views.error is None)


def test_a_leader_that_sleeps_is_woken_by_an_append_of_another_process(home: Home) -> None:
    """It would look by itself after an hour only."""
    with closing(home.files()) as files, closing(home.views(files, poll=3600)) as views:
        views.start()
        _until(lambda: views.leads)
        with closing(home.files()) as others:
            store(others, EVENTS)
        _until(lambda: views.position == len(EVENTS))


def test_a_reader_never_meets_new_tables_with_an_old_snapshot(home: Home) -> None:
    """The snapshot would hide the rows that came with them. So tables change places while nobody reads."""
    with closing(home.files()) as files, closing(home.views(files)) as views:
        store(files, EVENTS)
        views.catch_up()
        before = showing.shown(views)
        rebuild = Thread(target=views.rebuild)
        with views.reading() as transaction:
            transaction.execute("SELECT 1")  # from now on it sees nothing new
            rebuild.start()
            _until(lambda: _waits_for_readers(home))
            assert sorted(map(dict, transaction.execute('SELECT * FROM "docket.v2"')), key=repr) == before["docket.v2"]
        rebuild.join()
        assert showing.shown(views) == before


def _waits_for_readers(home: Home) -> bool:
    with psycopg.connect(home.room.url) as other:
        waiting = other.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'")
        return waiting.fetchall() != [(0,)]


def _until(holds: Callable[[], bool]) -> None:
    began = monotonic()
    while not holds():
        assert monotonic() - began < SOON, "it does not come to hold"
        sleep(0.01)
