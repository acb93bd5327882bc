"""A service on PostgreSQL is in trouble: it says so clearly, leaves nothing half done, and recovers by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Event
from time import sleep

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from api.opening import open_views
from api.settings import Settings
from domain.casework.postgres import PostgresCaseRecorder
from tests import postgres
from tests.faults.cluster import Cluster
from tests.faults.desk import TRIES, Desk, desk, shown_once, told_to_wait
from tests.faults.exchange import Cut, Place
from tests.faults.proxy import proxy
from tests.faults.test_commit_cut import APPEND
from tests.fence import behind_the_fence
from tests.server import settings_for


class Server(Cluster):
    """A PostgreSQL that is taken down and put up again in order."""

    @contextmanager
    def down(self) -> Iterator[None]:
        """As a restart does it: whoever is connected is sent away, and nobody gets in until the block ends."""
        os.kill(self._postmaster, signal.SIGINT)
        if self._again is not None:
            self._again.wait()
        else:
            os.waitpid(self._postmaster, 0)
        try:
            yield
        finally:
            self._begin()
            self.wait()

    def say(self, *statements: str) -> None:
        """As the administrator."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres.server() as url:
        server = Server(url)
        try:
            yield server
        finally:
            server.close()


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    """A database of the test's own on that server, as the service reaches it."""
    with postgres.database(server.url) as owner:
        yield behind_the_fence(owner)


@contextmanager
def served_from(url: str, folder: Path, answer_timeout: float = 1.0) -> Iterator[Desk]:
    settings = settings_for(folder, database_url=SecretStr(url), answer_timeout=answer_timeout, wait_timeout=20)
    with desk(settings) as served:
        yield served


def test_a_restart_under_load_loses_and_doubles_nothing(server: Server, url: str, tmp_path: Path) -> None:
    ended, done = Event(), []

    def work(served: Desk) -> None:
        while not ended.is_set():
            key, other = served.visitor.new_key(), served.visitor.new_key()
            done.append(served.insist(served.report, key).json()["position"])
            done.append(served.insist(served.arriving(), other).json()["position"])

    with served_from(url, tmp_path) as served:
        with ThreadPoolExecutor(4) as people:
            working = [people.submit(work, served) for _ in range(4)]
            for _ in range(2):
                reached = len(done) + 50
                while len(done) < reached and not any(each.done() for each in working):
                    sleep(0.01)
                with server.down():
                    told_to_wait(served.visitor.client.get("/readyz"))
            ended.set()
            for each in working:
                each.result()
        assert len(set(done)) == len(done)
        shown_once(served.visitor)


WORKLOAD = "/api/v1/views/workload?by=district&after={}"


@contextmanager
def slow_to_write(server: Server) -> Iterator[None]:
    """Commits that nobody waits for, as those of the views, stay in memory for so long that a crash takes them."""
    server.say("ALTER SYSTEM SET wal_writer_delay = '10s'", "SELECT pg_reload_conf()")
    try:
        yield
    finally:
        server.say("ALTER SYSTEM RESET wal_writer_delay", "SELECT pg_reload_conf()")


def test_what_a_crash_took_from_the_views_nobody_is_told_they_show(server: Server, url: str, tmp_path: Path) -> None:
    """Another process kept them and died as well; this one was told how far they had come, and remembers it."""
    settings = settings_for(tmp_path, database_url=SecretStr(url), wait_timeout=3, follow=False)
    with slow_to_write(server), desk(settings) as served:
        for _ in range(5):
            before, receipt = crashed_behind(server, settings, served)
            if before < receipt:
                break
        else:
            raise AssertionError("the views were on the disk each time")
        read, path = served.visitor.read, WORKLOAD.format(receipt)
        answer = patient(served, path)
        assert (answer.status_code, answer.json()["code"]) == (503, "views-behind"), answer.text
        ready = served.visitor.client.get("/readyz").json()
        assert (ready["views_position"], ready["lag"], ready["following"]) == (before, receipt - before, False)
        assert read("/api/v1/views/workload").json()["position"] == before
        with closing(open_views(settings, served.service.casework.files)) as views:
            views.start()
            answer = patient(served, path)
            assert answer.headers["ETag"].startswith(f'W/"{receipt}-')
            assert answer.json()["position"] == receipt
            shown_once(served.visitor)


def crashed_behind(server: Server, settings: Settings, served: Desk) -> tuple[int, int]:
    """How far the views have come after a crash, and had come before: to what was then reported and shown."""
    with closing(open_views(settings, served.service.casework.files)) as views:
        views.start()
        receipt: int = served.insist(served.report, served.visitor.new_key()).json()["position"]
        assert served.visitor.read(WORKLOAD.format(receipt)).is_success
        views.stop()
        server.kill()
        server.wait()
    with psycopg.connect(settings.postgres or "") as connection:
        asked = SQL("SELECT min(position) FROM {}").format(Identifier(settings.views_schema, "views"))
        [[position]] = connection.execute(asked).fetchall()
    return position, receipt


def patient(served: Desk, path: str) -> httpx.Response:
    """The first answer that is not about a database that does not answer."""
    for _ in range(TRIES):
        answer = served.visitor.read(path)
        if answer.is_success or answer.json()["code"] != "store-unavailable":
            return answer
        sleep(0.02)
    raise AssertionError("the service did not recover")


def test_a_commit_that_takes_for_ever_is_told_and_found_again(server: Server, url: str, tmp_path: Path) -> None:
    """As with a disk that does not answer: a standby that does not exist has to confirm every commit."""
    with served_from(url, tmp_path) as served:
        asked = [(served.report, served.visitor.new_key()), (served.arriving(), served.visitor.new_key())]
        before = served.visitor.stored()
        server.say("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
        try:
            for ask, key in asked * 2:
                told_to_wait(ask(key))
            assert served.visitor.stored() == before, "what is not confirmed nobody sees"
        finally:
            server.say("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
        for ask, key in asked:
            receipt = served.insist(ask, key)
            assert ask(key).json()["position"] == receipt.json()["position"]
        shown_once(served.visitor)


def test_without_a_free_connection_it_asks_for_patience(url: str, tmp_path: Path) -> None:
    with served_from(url, tmp_path) as served, ExitStack() as held:
        ask, key = served.arriving(), served.visitor.new_key()
        store = served.service.casework.files.store
        assert isinstance(store, PostgresCaseRecorder)
        for _ in range(store.datastore.pool.max_size):
            held.enter_context(store.datastore.get_connection())
        told_to_wait(ask(key))
        told_to_wait(served.visitor.client.get("/readyz"))
        held.close()
        served.insist(ask, key)
        shown_once(served.visitor)


def test_a_server_that_lets_nobody_in_is_waited_for(server: Server, url: str, tmp_path: Path) -> None:
    """Its connections are ended, and there are none left to be had: too many clients, it says."""
    clerk = str(conninfo_to_dict(url)["user"])
    with (
        psycopg.connect(server.url, autocommit=True) as admin,
        served_from(url, tmp_path, answer_timeout=30) as served,
    ):
        ask, key = served.arriving(), served.visitor.new_key()
        admin.execute(SQL("ALTER ROLE {} CONNECTION LIMIT 0").format(Identifier(clerk)))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [clerk])
        with ThreadPoolExecutor(3) as people:  # each is told once the pool of connections gives up
            asked = [people.submit(ask, key)]
            asked += [people.submit(served.visitor.read, path) for path in ("/api/v1/incidents", "/readyz")]
            for answer in asked:
                told_to_wait(answer.result())
        admin.execute(SQL("ALTER ROLE {} CONNECTION LIMIT -1").format(Identifier(clerk)))
        served.insist(ask, key)
        shown_once(served.visitor)


def test_a_network_that_stands_still_is_told(url: str, tmp_path: Path) -> None:
    with proxy(url) as through, served_from(through.url, tmp_path) as served:
        ask, key = served.arriving(), served.visitor.new_key()
        with through.standing_still():
            told_to_wait(ask(key))
            told_to_wait(served.report(served.visitor.new_key()))
            told_to_wait(served.visitor.client.get("/readyz"))
        served.insist(ask, key)
        with through.shut():
            told_to_wait(served.report(other := served.visitor.new_key()))
        served.insist(served.report, other)
        shown_once(served.visitor)


def test_a_client_the_server_still_waits_for_holds_up_the_others_and_doubles_nothing(url: str, tmp_path: Path) -> None:
    """Between Execute and Sync the network is gone, and the server not told: it has the turn and never commits."""
    with proxy(url) as through, served_from(through.url, tmp_path) as served:
        ask, key = served.arriving(), served.visitor.new_key()
        exchange = through.follow(APPEND, Cut("→ Execute", Place.AFTER, deaf=True))
        told_to_wait(ask(key))
        assert exchange.was_cut.is_set()
        told_to_wait(ask(key))
        through.hang_up()
        served.insist(ask, key)
        shown_once(served.visitor)
