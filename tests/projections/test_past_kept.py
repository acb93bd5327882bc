"""Views of the past are made once for all who ask, as many are kept as may be, and nothing stays behind.

Of one kind of store: what is kept is kept in the same files, wherever the events are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from random import Random
from threading import Event
from time import sleep
from typing import Any

import pytest

from projections import past as module
from projections.docket import Docket
from projections.pages import Page, Pages
from projections.past import PREFIX, NotMade
from projections.scratch import Scratch
from tests.casework.stores import MEMORY
from tests.histories import history, store
from tests.projections.rooms import Home, Room
from tests.projections.showing import shown
from tests.projections.storefront import PATIENCE, Storefront
from tests.projections.waiting import until


@pytest.fixture
def front(tmp_path: Path, scratch: Path) -> Iterator[Storefront]:
    with closing(Storefront(Home(MEMORY, Room(tmp_path)), kept=3)) as front:
        store(front.files, history(2))
        front.views.catch_up()
        yield front


@pytest.fixture
def held_up(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Nothing is made before this is set."""
    go_on, read = Event(), Pages.read

    def reading(self: Pages, start: int, limit: int, stop: int | None = None) -> Page | None:
        assert go_on.wait(PATIENCE)
        return read(self, start, limit, stop)

    monkeypatch.setattr(Pages, "read", reading)
    return go_on


def files(scratch: Path) -> list[Path]:
    """The databases of the past there are."""
    return list(scratch.glob(f"{PREFIX}*/*.db"))


def made(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says was made."""
    return [line for line in caplog.messages if "made in" in line]


def test_those_last_asked_for_are_kept(front: Storefront, scratch: Path) -> None:
    for position in (10, 20, 30):
        assert front.made(position)
    assert front.told_of(10)
    assert front.made(40)
    assert len(files(scratch)) == 3
    assert [position for position in (10, 20, 30, 40) if front.is_there(position)] == [10, 30, 40]


def test_one_that_is_read_outlives_its_place(front: Storefront, scratch: Path) -> None:
    """It is gone when its last reader has gone."""
    assert front.made(10)
    with front.past.snapshot(10) as views:
        for position in (20, 30, 40):
            assert front.made(position)
        assert not front.is_there(10)
        assert len(files(scratch)) == 4
        assert shown(views)[Docket.name]
    assert len(files(scratch)) == 3


def test_many_ask_for_one_and_it_is_made_once(front: Storefront, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", module.__name__)
    with ThreadPoolExecutor(16) as people:
        assert all(people.map(front.made, [60] * 64))
    assert len(made(caplog)) == 1


def test_many_ask_for_many(front: Storefront, scratch: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Everybody who tries again is served, with what they asked for; no more are kept than may be."""
    caplog.set_level("INFO", module.__name__)
    most: list[int] = []

    def ask(position: int) -> int:
        while True:
            try:
                with front.past.snapshot(position) as views:
                    most.append(len(files(scratch)))
                    return views.position
            except NotMade:
                if not asyncio.run(front.past.wait_for(position, PATIENCE)):
                    sleep(0.05)

    positions = [Random(nth).randrange(1, 12) * len(history(2)) // 12 for nth in range(48)]
    with ThreadPoolExecutor(8) as people:
        assert list(people.map(ask, positions)) == positions
    assert max(most) <= 3 + 1 + 8, "the one that is made, and those that are read to the end"
    assert len(files(scratch)) == 3
    assert len(made(caplog)) < len(positions)


def test_only_so_many_wait(front: Storefront, held_up: Event) -> None:
    """Whoever comes later is told to ask again, and waits for nothing."""
    assert not asyncio.run(front.past.wait_for(10, 0.01)), "it is being made, and that takes longer"
    for position in (20, 30):
        assert not asyncio.run(front.past.wait_for(position, 0.01))
    assert not asyncio.run(front.past.wait_for(40, PATIENCE))
    held_up.set()
    assert all(map(front.made, (10, 20, 30))), "and it went on meanwhile"
    assert front.made(40)


def test_what_could_not_be_made_is_tried_again(front: Storefront, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Pages, "read", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            front.made(50)
    assert front.made(50)


def test_a_store_put_back_to_an_earlier_moment_is_not_taken_for_the_same(
    front: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert front.made(50)
    monkeypatch.setattr(type(front.files.store), "era", frozenset({("", 2)}))
    assert not front.is_there(50)
    assert front.made(50)
    assert front.is_there(50)


def test_an_end_in_the_middle_leaves_nothing(front: Storefront, scratch: Path, held_up: Event) -> None:
    assert not asyncio.run(front.past.wait_for(10, 0.01))
    with ThreadPoolExecutor(1) as somebody:
        ending = somebody.submit(front.past.close)
        until(front.past._ended.is_set)
        held_up.set()
        ending.result(PATIENCE)
    assert list(scratch.iterdir()) == []


def kept_by(folder: Path, done: Any) -> None:
    front = Storefront(Home(MEMORY, Room(folder)))
    store(front.files, history(2))
    assert front.made(50)
    done.set()
    Event().wait()


def test_what_a_killed_process_left_is_thrown_away_by_the_next(tmp_path: Path, scratch: Path) -> None:
    """And nothing of one that lives."""
    spawn = get_context("spawn")
    done = spawn.Event()
    process = spawn.Process(target=kept_by, args=(tmp_path, done), daemon=True)
    process.start()
    assert done.wait(PATIENCE)
    assert len(files(scratch)) == 1
    with closing(Scratch(PREFIX)):
        assert len(files(scratch)) == 1
    process.kill()
    process.join()
    assert len(files(scratch)) == 1
    with closing(Scratch(PREFIX)) as next_one:
        assert list(scratch.iterdir()) == [next_one.path]
    assert list(scratch.iterdir()) == []
