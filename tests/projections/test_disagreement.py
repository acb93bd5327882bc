"""Processes on one database that do not agree: one cannot go on, one has other views, one talks nonsense."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, closing
from threading import Event
from typing import Any

import psycopg
import pytest

from projections import ALL
from projections.leadership import PostgresLeadership
from projections.postgres import APPENDED
from projections.tables import lead
from tests.histories import history, store
from tests.projections import showing
from tests.projections.kinds import Kinds, kinds
from tests.projections.rooms import Home
from tests.projections.waiting import SOON, until

EVENTS = history(3)
HALF = len(EVENTS) // 2


def test_a_leader_that_cannot_go_on_lets_another_lead(postgres_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when it runs an older version, that cannot read an event of a newer one."""
    with ExitStack() as until_the_end:
        files = until_the_end.enter_context(closing(postgres_home.files()))
        stuck, sound = (until_the_end.enter_context(closing(postgres_home.views(files, poll=0.05))) for _ in range(2))
        failed = Event()

        def broken(*_: object) -> None:
            failed.set()
            raise LookupError("an event of a newer version")

        monkeypatch.setattr(stuck._pages, "read", broken)
        stuck.start()
        assert failed.wait(SOON)
        sound.start()
        store(files, EVENTS)
        assert asyncio.run(sound.wait_for(len(EVENTS), SOON))
        until(lambda: not stuck.leads and stuck.error is None)
        assert stuck.position == len(EVENTS), "it sees how far the other comes"


def test_whoever_could_not_lead_says_so_until_somebody_gets_further(
    postgres_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(postgres_home.files()) as files, closing(postgres_home.views(files, poll=0.01)) as views:
        store(files, EVENTS)
        monkeypatch.setattr(views._pages, "read", lambda *_: 1 / 0)
        views.start()
        until(lambda: views.error is not None)
        looks, look = list[str | None](), views.look

        def looked() -> Any:
            found = look()
            looks.append(views.error)
            return found

        monkeypatch.setattr(views, "look", looked)
        other = PostgresLeadership(postgres_home.room.url, postgres_home.room.schema, lead(ALL))
        until(other.take)  # by another, who does not get further either
        until(lambda: len(looks) > 3)
        other.release()
        assert set(looks) == {"ZeroDivisionError: division by zero"}


def test_two_versions_each_keep_the_views_they_have(postgres_home: Home) -> None:
    """The older one leads already: it does not keep what only the newer one has, and must not seem to."""
    with ExitStack() as until_the_end:
        files = until_the_end.enter_context(closing(postgres_home.files()))
        old = until_the_end.enter_context(closing(postgres_home.views(files, poll=0.05)))
        old.start()
        until(lambda: old.leads)
        new = until_the_end.enter_context(closing(postgres_home.views(files, (*ALL, Kinds), poll=0.05)))
        new.start()
        store(files, EVENTS)
        assert asyncio.run(new.wait_for(len(EVENTS), SOON))
        assert sum(kinds(new).values()) > 0
        assert asyncio.run(old.wait_for(len(EVENTS), SOON))
        with closing(showing.whole(EVENTS)) as whole:
            assert showing.shown(new) == showing.shown(whole), "and together they merge each page once"


@pytest.mark.parametrize("word", ["hello", "4000000", "0"])
def test_what_anybody_may_say_is_only_a_reason_to_look(postgres_home: Home, postgres_url: str, word: str) -> None:
    with ExitStack() as until_the_end:
        files = until_the_end.enter_context(closing(postgres_home.files()))
        follows = until_the_end.enter_context(closing(postgres_home.views(files, poll=3600)))
        looked = Event()
        follows.start(leading=False)
        leads = until_the_end.enter_context(closing(postgres_home.views(files, poll=3600)))
        leads.start()
        until(lambda: leads.leads)
        store(files, EVENTS[:HALF])
        until(lambda: leads.position == follows.position == HALF)
        look = follows.look

        def looking() -> Any:
            found = look()
            looked.set()
            return found

        follows.look = looking  # type: ignore[method-assign] # to know when it has heard
        with psycopg.connect(postgres_url, autocommit=True) as anybody:
            for channel in (APPENDED, postgres_home.room.schema):
                anybody.execute("SELECT pg_notify(%s, %s)", (channel, word))
        assert looked.wait(SOON)
        assert follows.position == HALF
        store(files, EVENTS[HALF:])
        until(lambda: leads.position == follows.position == len(EVENTS))
