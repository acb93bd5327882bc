"""A rebuild beside others: another rebuild, processes of another version, and whoever will not let go of a view."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from threading import Thread

import psycopg
import pytest

from domain.casework.case_files import CaseFiles
from projections import ALL, rebuilding
from projections.database import DatabaseUnusable
from projections.generations import replaced
from projections.naming import ViewUnderway
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
    """It stood behind for the whole grace time, as if nobody kept it; until it is built, readers are told so."""
    store(files, EVENTS[:HALF])
    with closing(home.views(files, (*ALL, Kinds))) as new, closing(home.views(files)) as old:
        new.catch_up()
        store(files, EVENTS[HALF:])
        old.catch_up()
        for _ in range(2):
            assert kinds(new), "once it was noted, and once it was due"
            old.tidy(grace=0)
        with pytest.raises(ViewUnderway):
            kinds(new)
        assert new._tables.position() == len(EVENTS), "nobody else is held up"
        assert new.catch_up() == len(EVENTS)
        with closing(showing.whole(EVENTS)) as whole:
            assert showing.shown(new) == showing.shown(whole)
        assert kinds(new)


def test_a_view_that_lags_and_is_kept_stays(home: Home, files: CaseFiles) -> None:
    """Whoever keeps it may be slow: it is dropped only if it does not move at all."""
    store(files, EVENTS[:HALF])
    with closing(home.views(files, (*ALL, Kinds), page=10)) as new, closing(home.views(files)) as old:
        new.catch_up()
        store(files, EVENTS[HALF:])
        old.catch_up()
        for _ in range(3):
            old.tidy(grace=0)
            new._step()
        assert kinds(new)
        new.catch_up()
        old.tidy(grace=0)
        with old._tables.database.reading() as transaction:
            assert replaced(transaction) == []


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
    monkeypatch.setattr(rebuilding, "TURNS", 2)
    monkeypatch.setattr(rebuilding, "PAUSE", 0.01)
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
