"""Of several processes on one database one keeps the views: the others hear of it, and take over when it dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any

import psycopg
import pytest

from projections import engine, listening
from projections.database import DatabaseUnavailable
from tests.casework.stores import StoreKind
from tests.histories import history, store
from tests.projections import showing
from tests.projections.following import Follower
from tests.projections.rooms import Home, Room
from tests.projections.waiting import SOON, until

EVENTS = history(3)
HALF = len(EVENTS) // 2


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
        until(lambda: one.leads)
        other.start()
        store(files, EVENTS[:HALF])
        assert asyncio.run(other.wait_for(HALF, SOON))
        assert not other.leads
        one.stop()
        store(files, EVENTS[HALF:])
        assert asyncio.run(other.wait_for(len(EVENTS), SOON))
        assert (one.leads, other.leads) == (False, True)


def drop_all(home: Home) -> None:
    """End every connection to the database but this one."""
    with psycopg.connect(home.room.url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_when_the_server_drops_every_connection_the_views_go_on(home: Home) -> None:
    with closing(home.files()) as files, closing(home.views(files, poll=0.05)) as views:
        views.start()
        store(files, EVENTS[:HALF])
        assert asyncio.run(views.wait_for(HALF, SOON))
        drop_all(home)
        store(files, EVENTS[HALF:])
        assert asyncio.run(views.wait_for(len(EVENTS), SOON))
        until(lambda: views.leads and views.error is None)


@pytest.mark.parametrize("leading", [True, False])
def test_nobody_waits_any_longer_once_the_server_is_back(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, leading: bool
) -> None:
    """After trouble they would look again in an hour only; and say once that there was some, and that it is over."""
    for pause in ("PAUSE", "LONGEST_PAUSE"):
        monkeypatch.setattr(engine, pause, 3600.0)
    caplog.set_level("INFO")
    broken, read = Event(), Event()
    with closing(home.files()) as files, closing(home.views(files, poll=0.05)) as views:
        reading = views._tables.database.reading

        def failing() -> Any:
            if broken.is_set():
                raise DatabaseUnavailable("restarting")
            read.set()
            return reading()

        heard, hear_again = list[None](), views._heard_again
        monkeypatch.setattr(views, "_heard_again", lambda: heard.append(hear_again()))
        monkeypatch.setattr(views._tables.database, "reading", failing)
        views.start(leading=leading)
        until(lambda: (views.leads or not leading) and len(heard) == 2)  # of both channels, so that no word comes late
        broken.set()
        store(files, EVENTS)
        views._woken.set()
        until(lambda: views.error == "DatabaseUnavailable: restarting")
        read.clear()
        broken.clear()
        drop_all(home)
        assert read.wait(SOON)
        if leading:
            assert asyncio.run(views.wait_for(len(EVENTS), SOON))
            until(lambda: views.error is None)
        views.stop()
    said = [record.message for record in caplog.records if record.name == engine.__name__]
    assert len([line for line in said if "again and again" in line]) == 1
    assert not leading or len([line for line in said if "go on" in line]) == 1


def test_trouble_with_listening_is_told_once_and_when_it_is_over(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listening, "PAUSE", 0.01)
    caplog.set_level("INFO", listening.__name__)
    heard, tries = Event(), list[int]()

    def unreachable(url: str) -> Any:
        tries.append(1)
        raise psycopg.errors.ConnectionTimeout("nothing that a log should quote")

    ears = listening.PostgresListening(home.room.url, {"anything": lambda _: heard.set()})
    with closing(ears):
        assert heard.wait(SOON)
        with monkeypatch.context() as trouble:
            trouble.setattr(listening, "session", unreachable)
            heard.clear()
            drop_all(home)
            until(lambda: len(tries) > 20)
        assert heard.wait(SOON)
    broke_off = "listening to the database broke off ({}); trying again until it is back"
    assert [record.message for record in caplog.records if record.name == listening.__name__] == [
        broke_off.format("OperationalError"),
        broke_off.format("ConnectionTimeout"),
        "the database is listened to again",
    ]


def test_whether_anybody_keeps_the_views_is_known(home: Home) -> None:
    with closing(home.files()) as files, closing(home.views(files)) as one, closing(home.views(files)) as other:
        store(files, EVENTS[:1])
        other.start(leading=False)
        assert other.look() == (0, False)
        one.start()
        until(lambda: one.leads)
        until(lambda: other.look() == (1, True))
        one.stop()
        assert other.look() == (1, False)


def test_what_was_heard_of_gives_way_to_what_is_there(home: Home) -> None:
    """As after a crash that took the last commits: who had waited for them waits again."""
    with closing(home.files()) as files, closing(home.views(files)) as views:
        store(files, EVENTS[:3])
        views.start(leading=False)
        until(lambda: views._listening is not None)
        views._came_elsewhere("3")
        views.look()
        assert views.position == 0
        assert not asyncio.run(views.wait_for(3, 0.01))


def test_a_leader_that_sleeps_is_woken_by_an_append_of_another_process(home: Home) -> None:
    """It would look by itself after an hour only."""
    with closing(home.files()) as files, closing(home.views(files, poll=3600)) as views:
        views.start()
        until(lambda: views.leads)
        with closing(home.files()) as others:
            store(others, EVENTS)
        until(lambda: views.position == len(EVENTS))


def test_a_reader_never_meets_new_tables_with_an_old_snapshot(home: Home) -> None:
    """The snapshot would hide the rows that came with them. So names mean what they meant in it; and nobody waits."""
    with closing(home.files()) as files, closing(home.views(files)) as views:
        store(files, EVENTS)
        views.catch_up()
        before = showing.shown(views)
        with views.snapshot() as snapshot:
            assert views.rebuild().equal
            with snapshot.reading() as transaction:
                found = transaction.execute('SELECT * FROM "docket.v2"')
                assert sorted(map(dict, found), key=repr) == before["docket.v2"]
        assert showing.shown(views) == before
