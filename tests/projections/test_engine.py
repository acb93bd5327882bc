"""Views in service: they follow, are waited for, survive what breaks, and can be made again while in use."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from eventsourcing.persistence import StoredEvent

from domain.casework.case_files import MEMORY_ENV, CaseFiles, sqlite_env
from projections import ALL, engine
from projections.database import DatabaseUnusable
from projections.docket import Docket
from projections.engine import Views, ViewsAhead
from projections.frame import UnreadablePage
from projections.rebuilding import Rebuilding
from projections.tables import DefinitionChanged, Tables
from projections.workload import Workload
from tests.histories import history, store
from tests.projections import showing
from tests.projections.kinds import Kinds, kinds
from tests.projections.rooms import Home

EVENTS = history(3)
HALF = len(EVENTS) // 2
SOON = 20.0
"""Seconds after which something that should come at once is given up; nothing is measured."""


@pytest.fixture
def files(home: Home) -> Iterator[CaseFiles]:
    with closing(home.files()) as files:
        yield files


@pytest.fixture(scope="module")
def expected() -> dict[str, showing.Rows]:
    with closing(showing.whole(EVENTS)) as views:
        return showing.shown(views)


class OtherKinds(Kinds):
    """The same name, another definition."""

    select: ClassVar[str] = "SELECT kind, sum(sign) AS n FROM events GROUP BY kind"


class NewKinds(OtherKinds):
    name: ClassVar[str] = "kinds.v2"


def test_whoever_wrote_may_wait_until_the_views_show_it(home: Home, files: CaseFiles) -> None:
    with closing(home.views(files, poll=3600)) as views:
        views.start()
        store(files, EVENTS[:HALF])
        assert asyncio.run(views.wait_for(HALF, SOON))
        store(files, EVENTS[HALF:])
        views.wake(len(EVENTS))
        assert asyncio.run(views.wait_for(len(EVENTS), SOON))
        assert views.position == len(EVENTS)


def test_whoever_waits_for_what_does_not_come_is_told_so(home: Home, files: CaseFiles) -> None:
    store(files, EVENTS[:HALF])
    with closing(home.views(files)) as views:
        assert not asyncio.run(views.wait_for(1, 0.01)), "nobody follows"
        views.catch_up()
        assert asyncio.run(views.wait_for(HALF, 0.01))
        assert not asyncio.run(views.wait_for(HALF + 1, 0.01))


def test_many_may_wait_at_once_each_for_their_own(home: Home, files: CaseFiles) -> None:
    async def all_of_them(views: Views) -> list[bool]:
        return await asyncio.gather(*(views.wait_for(position, SOON) for position in range(1, HALF + 1)))

    store(files, EVENTS[:HALF])
    with closing(home.views(files, page=10)) as views:
        views.start()
        assert all(asyncio.run(all_of_them(views)))


def test_what_other_processes_write_is_found_without_being_told(home: Home, files: CaseFiles) -> None:
    with closing(home.another(files)) as theirs, closing(home.views(files, poll=0.01)) as views:
        views.start()
        store(theirs, EVENTS)
        assert asyncio.run(views.wait_for(len(EVENTS), SOON))


def test_a_failure_is_seen_and_tried_again(
    home: Home, files: CaseFiles, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engine, "PAUSE", 0.01)
    failed, mended = Event(), Event()
    with closing(home.views(files, poll=0.01)) as views:
        store(files, EVENTS)
        read = views._pages.read

        def broken(*asked: Any) -> Any:
            if mended.is_set():
                return read(*asked)
            failed.set()
            raise OSError("the disk is gone")

        monkeypatch.setattr(views._pages, "read", broken)
        views.start()
        assert failed.wait(SOON)
        assert not asyncio.run(views.wait_for(1, 0.05))
        assert views.error == "OSError: the disk is gone"
        mended.set()
        assert asyncio.run(views.wait_for(len(EVENTS), SOON))
        views.stop()
        assert views.error is None
    assert "the views stay at position 0" in caplog.text


def test_an_event_nobody_can_read_stops_the_views_before_it(home: Home, files: CaseFiles) -> None:
    with closing(home.views(files, page=1000)) as views:
        store(files, EVENTS[:HALF])
        files.store.insert_batch([[StoredEvent(uuid4(), 1, "incident.arrived", b'{"actor": "nobody"}')]])
        store(files, EVENTS[HALF:])
        with pytest.raises(UnreadablePage):
            views.catch_up()
        assert views.position == 0
        with pytest.raises(UnreadablePage):
            views.rebuild()


def test_a_page_that_breaks_half_way_leaves_nothing(
    home: Home, files: CaseFiles, monkeypatch: pytest.MonkeyPatch, expected: dict[str, showing.Rows]
) -> None:
    home.views(files).close()
    store(files, EVENTS)
    put = Tables.put

    def breaking(self: Tables, transaction: Any, view: Any, *rest: Any) -> None:
        put(self, transaction, view, *rest)
        if view is Workload and broken:
            broken.pop()
            raise KeyboardInterrupt

    broken = [1, 2, 3]
    monkeypatch.setattr(Tables, "put", breaking)
    for _ in range(3):
        with closing(home.views(files, page=40)) as views, pytest.raises(KeyboardInterrupt):
            views.catch_up()
    with closing(home.views(files, page=40)) as views:
        assert views.catch_up() == len(EVENTS)
        assert showing.shown(views) == expected


def test_two_who_follow_into_one_file_count_nothing_twice(
    home: Home, files: CaseFiles, expected: dict[str, showing.Rows]
) -> None:
    with (
        closing(home.another(files)) as others,
        closing(home.views(files, page=11)) as one,
        closing(home.views(others, page=7)) as other,
    ):
        store(files, EVENTS)
        threads = [Thread(target=views.catch_up) for views in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert one.position == other.position == len(EVENTS)
        assert showing.shown(one) == showing.shown(other) == expected


def test_a_snapshot_does_not_move_while_it_is_read(home: Home, files: CaseFiles) -> None:
    store(files, EVENTS[:HALF])
    with closing(home.views(files)) as views:
        views.catch_up()
        with views.reading() as transaction:
            count = f'SELECT count(*), max(version) FROM "{Docket.name}"'  # noqa: S608 - our own names
            before = transaction.execute(count).fetchone()
            store(files, EVENTS[HALF:])
            views.catch_up()
            assert transaction.execute(count).fetchone() == before
        with views.reading() as transaction:
            assert transaction.execute(count).fetchone() != before


def test_a_new_view_is_made_from_the_first_event_by_itself(
    home: Home, files: CaseFiles, expected: dict[str, showing.Rows]
) -> None:
    store(files, EVENTS[:HALF])
    with closing(home.views(files)) as views:
        assert views.catch_up() == HALF
    with closing(home.views(files, (*ALL, Kinds), page=30)) as views:
        assert views.position == HALF, "it does not hold up the others"
        store(files, EVENTS[HALF:])
        assert views.catch_up() == len(EVENTS)
        assert showing.shown(views) == expected
        assert kinds(views)


def test_a_view_changed_under_its_name_does_not_mix_old_rows_with_new(home: Home, files: CaseFiles) -> None:
    store(files, EVENTS[:HALF])
    with closing(home.views(files, (Kinds,))) as views:
        views.catch_up()
    store(files, EVENTS[HALF:])
    with closing(home.views(files, (OtherKinds,))) as views:
        with pytest.raises(DefinitionChanged, match="请换一个版本号，或运行重建"):
            views.catch_up()
        report = views.rebuild()
        assert (report.position, report.new) == (len(EVENTS), ("kinds.v1",))
        assert views.catch_up() == len(EVENTS)


def test_of_a_replaced_view_nothing_is_left_in_the_end(home: Home, files: CaseFiles) -> None:
    store(files, EVENTS[:HALF])
    with closing(home.views(files, (Kinds, Docket))) as views:
        views.catch_up()
    store(files, EVENTS[HALF:])
    with closing(home.views(files, (NewKinds, Docket))) as views:
        views.tidy()
        views.catch_up()
        views.tidy()
        assert kinds(views, "kinds.v1"), "whoever still runs the old version has it"
        views.tidy(grace=0)
        with views.reading() as transaction:
            assert not [name for name in transaction.relations() if "kinds.v1" in name]
            assert [name for (name,) in transaction.execute("SELECT name FROM views ORDER BY 1")] == [
                "docket.v2",
                "kinds.v2",
            ]


def test_views_that_know_more_than_the_store_say_so(home: Home, files: CaseFiles) -> None:
    store(files, EVENTS)
    with closing(home.views(files)) as views:
        views.catch_up()
    with closing(CaseFiles(env=MEMORY_ENV)) as restored:
        store(restored, EVENTS[:HALF])
        with closing(home.views(restored)) as views:
            with pytest.raises(ViewsAhead, match=f"视图已到第{len(EVENTS)}条，事件库只有{HALF}条"):
                views.catch_up()
            assert views.rebuild().position == HALF
            assert views.catch_up() == HALF


@pytest.mark.parametrize("content", [b"not a database, but long enough to look like one" * 100, None])
def test_a_file_that_is_not_ours_is_refused(tmp_path: Path, content: bytes | None) -> None:
    files = CaseFiles(env=MEMORY_ENV)
    path = tmp_path / "views.db"
    if content:
        path.write_bytes(content)
    else:
        CaseFiles(env=sqlite_env(str(path))).close()
    before = path.read_bytes()
    with pytest.raises(DatabaseUnusable, match=f"文件 {path} "):
        Views(files, path)
    assert path.read_bytes() == before


def test_a_rebuild_finds_and_mends_a_row_that_was_tampered_with(
    home: Home, files: CaseFiles, expected: dict[str, showing.Rows]
) -> None:
    store(files, EVENTS)
    with closing(home.views(files)) as views:
        views.catch_up()
        with views._tables.writing() as transaction:
            [generation] = transaction.execute("SELECT generation FROM views WHERE name = 'workload.v3'").fetchone()
            transaction.execute(f'UPDATE "workload.v3~{generation}" SET resolved = resolved + 1')  # noqa: S608
        report = views.rebuild()
        assert report.different == ("workload.v3",)
        others = [view.name for view in ALL if view is not Workload]
        assert list(report.equal) == others
        assert report.summary == (
            f"已从第一条事件重建到第{len(EVENTS)}条。与原视图相同：{'、'.join(others)}；"
            "与原视图不同，已换上重建的：workload.v3。"
        )
        assert showing.shown(views) == expected


def test_a_rebuild_of_nothing(home: Home, files: CaseFiles) -> None:
    with closing(home.views(files)) as views:
        names = "、".join(view.name for view in ALL)
        assert views.rebuild().summary == f"已从第一条事件重建到第0条。新建：{names}。"


def test_progress_is_told_until_all_is_done(home: Home, files: CaseFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.rebuilding.PAGE", 30)
    store(files, EVENTS)
    told: list[tuple[int, int]] = []
    with closing(home.views(files)) as views:
        views.rebuild(lambda done, total: told.append((done, total)))
    assert told == [(min(done, len(EVENTS)), len(EVENTS)) for done in range(30, len(EVENTS) + 30, 30)]


def test_views_are_read_and_followed_while_they_are_rebuilt(
    home: Home, files: CaseFiles, expected: dict[str, showing.Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.rebuilding.PAGE", 20)
    store(files, EVENTS[:HALF])
    later = list(EVENTS[HALF:])
    with closing(home.views(files, page=5, gather=0)) as views:
        views.catch_up()

        def meanwhile(done: int, total: int) -> None:
            store(files, later[:9])
            del later[:9]
            views.catch_up()
            assert showing.shown(views)["docket.v2"]

        report = views.rebuild(meanwhile)
        assert not report.different
        store(files, later)
        views.catch_up()
        assert showing.shown(views) == expected


def test_a_broken_rebuild_leaves_all_as_it_was_and_the_next_one_goes_on(
    home: Home, files: CaseFiles, expected: dict[str, showing.Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    store(files, EVENTS)
    with closing(home.views(files)) as views:
        views.catch_up()
        for step in ("_fill", "_swap"):
            with monkeypatch.context() as broken:
                broken.setattr(Rebuilding, step, _interrupted)
                with pytest.raises(KeyboardInterrupt):
                    views.rebuild()
            assert showing.shown(views) == expected
        with monkeypatch.context() as unread:
            unread.setattr(views._pages, "read", _interrupted)
            assert views.rebuild().equal, "all was read before"
        assert showing.shown(views) == expected
        views.tidy(grace=0)
        with views.reading() as transaction:
            tables = [name for name in transaction.relations() if "~" in name]
            assert len(tables) == len(ALL) + 1, "one for each view, and the docket's counts"


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt
