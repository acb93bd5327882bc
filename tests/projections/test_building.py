"""A new view is built beside the others, which are read and followed meanwhile; trouble with it holds up none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, ClassVar

import pytest
import time_machine

from domain.casework.case_files import MEMORY_ENV, CaseFiles
from projections import ALL, builder, rebuilding
from projections.database import DatabaseUnavailable
from projections.engine import Views
from projections.generations import Overtaken, buildings
from projections.naming import Underway, ViewUnderway
from projections.rebuilding import Rebuilding
from projections.sqlite import SQLiteDatabase
from tests.histories import history, store
from tests.projections import showing
from tests.projections.building import tables
from tests.projections.kinds import Kinds, kinds
from tests.projections.rooms import Home
from tests.projections.waiting import until

EVENTS = history(3)
HALF = len(EVENTS) // 2
PAGE = 20
NAMES = tuple(view.name for view in ALL)
MORE = (*ALL, Kinds)


class Broken(Kinds):
    """A view whose SELECT nobody tried."""

    name: ClassVar[str] = "broken.v1"
    select: ClassVar[str] = "SELECT kind, sum(sign) AS n FROM events WHERE no_such_column GROUP BY kind"


class Unindexed(Kinds):
    """A view whose index nobody tried."""

    name: ClassVar[str] = "unindexed.v1"
    indices: ClassVar[tuple[str, ...]] = ("no_such_column",)


class OtherKinds(Kinds):
    """The same name, another definition."""

    select: ClassVar[str] = "SELECT kind, sum(sign) AS n FROM events GROUP BY kind"


@pytest.fixture
def files(home: Home) -> Iterator[CaseFiles]:
    with closing(home.files()) as files:
        yield files


@pytest.fixture(autouse=True)
def pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "PAGE", PAGE)
    monkeypatch.setattr(builder, "LOOK", 0.01)


@pytest.fixture(scope="module")
def expected() -> dict[str, showing.Rows]:
    with closing(showing.whole(EVENTS)) as views:
        return showing.shown(views)


@cache
def expected_kinds() -> dict[str, int]:
    """As they are followed event by event, without any building."""
    files = CaseFiles(env=MEMORY_ENV)
    with closing(Views(files, None, (Kinds,), page=1)) as views:
        store(files, EVENTS)
        views.catch_up()
        return kinds(views)


def broken_off(home: Home, files: CaseFiles, monkeypatch: pytest.MonkeyPatch, pages: int) -> None:
    """Build `Kinds` for so many pages, and no further."""
    with closing(home.views(files, MORE)) as views, monkeypatch.context() as broken:
        take, taken = Rebuilding._take, list[Any]()

        def until_then(self: Rebuilding, *asked: Any) -> None:
            if len(taken) == pages:
                raise KeyboardInterrupt
            taken.append(asked)
            take(self, *asked)

        broken.setattr(Rebuilding, "_take", until_then)
        with pytest.raises(KeyboardInterrupt):
            views.catch_up()


def test_while_a_view_is_built_the_others_are_read_and_followed(
    home: Home,
    files: CaseFiles,
    expected: dict[str, showing.Rows],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store(files, EVENTS[:HALF])
    later = list(EVENTS[HALF:])
    with closing(home.views(files)) as old:
        old.catch_up()
    with closing(home.views(files, MORE)) as views:
        take = Rebuilding._take

        def meanwhile(self: Rebuilding, *asked: Any) -> None:
            take(self, *asked)
            store(files, later[:9])
            del later[:9]
            while views._step():
                pass
            assert views.position == len(EVENTS) - len(later), "they have all there is"
            with pytest.raises(ViewUnderway) as told:
                kinds(views)
            [underway] = views.underway()
            assert told.value.view == underway
            assert 0 < underway.done <= underway.events <= views.position
            assert str(told.value) == f"视图 kinds.v1 正在建立：共{underway.events}条事件，已汇总{underway.done}条"

        monkeypatch.setattr(Rebuilding, "_take", meanwhile)
        views._builder.complete()
        assert views.underway() == []
        store(files, later)
        assert views.catch_up() == len(EVENTS)
        assert showing.shown(views) == expected
        assert kinds(views) == expected_kinds()


def test_a_view_that_nobody_has_begun_is_nowhere(home: Home, files: CaseFiles) -> None:
    store(files, EVENTS)
    with closing(home.views(files)) as views:
        assert views.underway() == [Underway(name, 0, 0, shown=False) for name in NAMES]
        assert views.position == 0
        with (
            pytest.raises(ViewUnderway, match=r"视图 docket\.v2 正在建立：还没有开始汇总"),
            views.reading() as transaction,
        ):
            transaction.execute('SELECT * FROM "docket.v2 counted"')


def test_some_views_are_rebuilt_by_name(home: Home, files: CaseFiles, expected: dict[str, showing.Rows]) -> None:
    store(files, EVENTS)
    with closing(home.views(files)) as views:
        views.catch_up()
        assert views.rebuild(names=NAMES[1:2]).equal == NAMES[1:2]
        with pytest.raises(KeyError):
            views.rebuild(names=("nothing.v1",))
        assert showing.shown(views) == expected


def test_what_another_definition_began_is_thrown_away(
    home: Home, files: CaseFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(files, EVENTS)
    broken_off(home, files, monkeypatch, pages=3)
    with closing(home.views(files, (OtherKinds,))) as views:
        [underway] = views.underway()
        assert underway.done > 0
        views.catch_up()
        assert sum(kinds(views).values()) > len(EVENTS) / 2, "of all events, not of reports only"
        views.tidy(grace=0)
        assert len([name for name in tables(views) if name.startswith("kinds")]) == 1


def test_what_another_version_began_goes_when_nobody_has_worked_on_it_for_the_grace_time(
    home: Home, files: CaseFiles, monkeypatch: pytest.MonkeyPatch, expected: dict[str, showing.Rows]
) -> None:
    store(files, EVENTS)
    broken_off(home, files, monkeypatch, pages=3)
    with closing(home.views(files)) as views:
        views.rebuild()
        assert [name for name in tables(views) if name.startswith("kinds")], "somebody may go on with it"
        views.start(grace=0)
        until(lambda: len(tables(views)) == len(ALL) + 1)
        views.stop()
        with views.reading() as transaction:
            assert buildings(transaction) == {}
        assert showing.shown(views) == expected


def test_whoever_lost_the_right_to_build_leaves_it_to_the_other(
    home: Home, files: CaseFiles, expected: dict[str, showing.Rows]
) -> None:
    """As when a connection breaks and its lock with it: both go on, and each page counts once."""
    store(files, EVENTS)
    with closing(home.views(files)) as views:
        views.catch_up()
        other = Rebuilding(views._pages, views._tables, ALL)

        def meanwhile(done: int, events: int) -> None:
            assert other.run().equal == NAMES

        with pytest.raises(Overtaken):
            Rebuilding(views._pages, views._tables, ALL).run(meanwhile)
        assert showing.shown(views) == expected
        assert views.underway() == []
        views.tidy(grace=0)
        assert len(tables(views)) == len(ALL) + 1


@pytest.mark.parametrize("broken", [Broken, Unindexed])
def test_a_view_that_cannot_be_built_holds_up_no_other(
    home: Home,
    files: CaseFiles,
    expected: dict[str, showing.Rows],
    broken: type[Kinds],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(builder, "LONGEST_PAUSE", 0.05)
    store(files, EVENTS[:HALF])
    with closing(home.views(files)) as old:
        old.catch_up()
    with closing(home.views(files, (broken, *MORE), poll=0.01)) as views:
        views.start()
        until(lambda: views.building_error is not None)
        assert (views.building_error or "").startswith(f"ViewFailed: 视图 {broken.name} 没有建成")
        store(files, EVENTS[HALF:])
        until(lambda: views.position == len(EVENTS))
        assert views.error is None
        assert showing.shown(views) == expected
        assert kinds(views) == expected_kinds(), "as new as the one that is broken"
        with pytest.raises(ViewUnderway):
            kinds(views, broken.name)
        monkeypatch.setattr(broken, "select", Kinds.select)
        monkeypatch.setattr(broken, "indices", ())
        until(lambda: views.underway() == [] and views.building_error is None)
        assert kinds(views, broken.name) == expected_kinds()
    assert len([line for line in caplog.messages if "not built, and it is tried again and again" in line]) == 1


@pytest.mark.parametrize("home", ["sqlite"], indirect=True)
def test_a_full_disk_leaves_the_views_in_use_and_the_building_goes_on_when_there_is_room(
    home: Home, files: CaseFiles, expected: dict[str, showing.Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "LONGEST_PAUSE", 0.05)
    store(files, EVENTS)
    with closing(home.views(files)) as views:
        views.catch_up()
        database = views._tables.database
        assert isinstance(database, SQLiteDatabase)
        [pages] = database._writer.execute("PRAGMA page_count").fetchone()
        database._writer.execute(f"PRAGMA max_page_count = {pages + 20}")
        with pytest.raises(DatabaseUnavailable, match="full"):
            views.rebuild()
        assert showing.shown(views) == expected
        assert {view.done for view in views.underway()} != {0}
        views.start()
        until(lambda: views.building_error is not None)
        assert views.error is None
        database._writer.execute("PRAGMA max_page_count = 1000000")
        until(lambda: views.underway() == [])
        assert showing.shown(views) == expected


def test_what_was_replaced_stays_for_the_grace_time(
    home: Home, files: CaseFiles, expected: dict[str, showing.Rows]
) -> None:
    """And it goes even if whoever put the new one in its place is gone: nothing but the database tells."""
    store(files, EVENTS)
    with closing(home.views(files)) as views:
        views.catch_up()
        before = tables(views)
        views.rebuild()
    with closing(home.views(files)) as others:
        assert set(tables(others)) > set(before)
        others.tidy()
        assert set(tables(others)) > set(before)
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=builder.GRACE + 1)):
            others.tidy()
        assert set(tables(others)).isdisjoint(before)
        assert showing.shown(others) == expected


def test_whoever_still_reads_what_was_replaced_may_finish(
    home: Home, files: CaseFiles, expected: dict[str, showing.Rows]
) -> None:
    store(files, EVENTS)
    with closing(home.views(files)) as views:
        views.catch_up()
        with views.reading() as transaction:
            transaction.execute('SELECT count(*) FROM "docket.v2"')
            views.rebuild()
            views.tidy(grace=0)
            rows = sorted(map(dict, transaction.execute('SELECT * FROM "docket.v2"')), key=repr)
            assert rows == expected["docket.v2"]
        views.tidy(grace=0)
        assert len(tables(views)) == len(ALL) + 1
