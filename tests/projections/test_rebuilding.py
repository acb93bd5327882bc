"""A rebuild beside others: another rebuild, processes of another version, and whoever will not let go of a view."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from threading import Thread

import psycopg
import pytest

from domain.casework.application import CaseFiles
from projections import ALL, postgres
from projections.database import DatabaseUnavailable, DatabaseUnusable
from tests.histories import history, store
from tests.projections import showing
from tests.projections.kinds import Kinds, kinds
from tests.projections.rooms import Home, Room
from tests.projections.waiting import until, waits_for_readers

EVENTS = history(3)
HALF = len(EVENTS) // 2


@pytest.fixture
def files(home: Home) -> Iterator[CaseFiles]:
    with closing(home.files()) as files:
        yield files


def test_of_two_rebuilds_at_once_the_second_is_refused(home: Home, files: CaseFiles) -> None:
    """It would take the tables of the first for what a broken one left."""
    store(files, EVENTS)
    refused: list[str] = []
    with closing(home.views(files)) as one, closing(home.views(files)) as other:
        one.catch_up()

        def meanwhile(done: int, total: int) -> None:
            with pytest.raises(DatabaseUnusable) as no:
                other.rebuild()
            refused.append(str(no.value))

        assert one.rebuild(meanwhile).equal
        assert refused == ["另一个重建正在进行，请等它完成后再重建。"]
        assert other.rebuild().equal, "the first is over"


def test_what_another_version_keeps_stays_in_a_rebuild(home: Home, files: CaseFiles) -> None:
    store(files, EVENTS)
    with closing(home.views(files, (*ALL, Kinds))) as new, closing(home.views(files)) as old:
        new.catch_up()
        before = kinds(new)
        old.rebuild()
        assert kinds(new) == before
        assert new.catch_up() == len(EVENTS)


def test_a_view_that_another_version_dropped_is_made_again(home: Home, files: CaseFiles) -> None:
    """It stood behind, as if nobody kept it; until somebody does, readers are asked to come again."""
    store(files, EVENTS[:HALF])
    with closing(home.views(files, (*ALL, Kinds))) as new, closing(home.views(files)) as old:
        new.catch_up()
        store(files, EVENTS[HALF:])
        old.rebuild()
        with pytest.raises(DatabaseUnavailable):
            kinds(new)
        assert new._tables.position() == 0
        assert new.catch_up() == len(EVENTS)
        with closing(showing.whole(EVENTS)) as whole:
            assert showing.shown(new) == showing.shown(whole)
        assert kinds(new)


def test_readers_go_on_while_a_rebuild_waits_for_somebody_elses_transaction(postgres_home: Home) -> None:
    with closing(postgres_home.files()) as files, closing(postgres_home.views(files)) as views:
        store(files, EVENTS)
        views.catch_up()
        before = showing.shown(views)
        done: list[bool] = []
        rebuild = Thread(target=lambda: done.append(bool(views.rebuild().equal)))
        with _reading_by_hand(postgres_home.room):
            rebuild.start()
            until(lambda: waits_for_readers(postgres_home))
            assert showing.shown(views) == before, "and it is not held against the readers"
        rebuild.join()
        assert done == [True]
        assert showing.shown(views) == before


def test_a_rebuild_gives_up_when_somebody_will_not_let_go(postgres_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "TURNS", 2)
    monkeypatch.setattr(postgres, "PAUSE", 0.01)
    with closing(postgres_home.files()) as files, closing(postgres_home.views(files)) as views:
        store(files, EVENTS)
        views.catch_up()
        before = showing.shown(views)
        with _reading_by_hand(postgres_home.room), pytest.raises(DatabaseUnusable, match="请结束它后再重建"):
            views.rebuild()
        assert showing.shown(views) == before
        assert views.rebuild().equal


def _reading_by_hand(room: Room) -> psycopg.Connection[tuple[object, ...]]:
    """A transaction, as in psql, that has looked at a view and is left open."""
    connection = psycopg.connect(room.url, options=f"-c search_path={room.schema}")
    connection.execute('SELECT count(*) FROM "docket.v2"')
    return connection
