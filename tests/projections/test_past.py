"""The views as they were: whatever was said of them at some position is said again, wherever the store is."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from random import Random
from threading import Event
from typing import Any, get_args
from uuid import uuid4

import orjson
import pytest
from eventsourcing.persistence import Notification

from domain.casework.recorders import CaseRecorder
from domain.casework.registers import Registers
from domain.casework.streams import Streams
from domain.model import Model
from domain.territory import Territory
from projections import past as module
from projections import response_time as times
from projections import workload as work
from projections.database import Transaction
from projections.docket import Docket, DocketQuery, Sort, docket
from projections.engine import Views
from projections.looking_back import LEEWAY, position_at, then
from projections.pages import Page, Pages
from projections.past import PREFIX, NotMade, PastViews
from projections.reading import Readable
from projections.response_time import ResponseTimeQuery, response_times
from projections.scope import Scope
from projections.scratch import Scratch
from projections.workload import WorkloadQuery, workload
from tests.casework.stores import MEMORY, event, memory_store
from tests.histories import history, store
from tests.projections.redrawing import Office, Restless
from tests.projections.rooms import Home, Room
from tests.projections.showing import shown
from tests.projections.test_drawn import BEFORE
from tests.projections.waiting import until
from tests.rules.scene import CLOCKS, MORNING, TERRITORY

PATIENCE = 60.0
"""Seconds after which something that should come is given up; nothing is measured."""
DRAWN = ("then", "now")
PLACES = (None, "grid")
Told = tuple[dict[str, Any], dict[str, Any]]


def answers(views: Readable, now: datetime, territory: Territory) -> dict[str, Any]:
    """What everybody may ask of the views, answered, each from a snapshot of its own."""
    asked: dict[str, Any] = {}
    for sort in get_args(Sort):
        asked[sort] = docket(views, Scope.all(), DocketQuery(sort=sort, limit=200), now)
    for light in ("red", "yellow", "green", "undetermined"):
        asked[light] = docket(views, Scope.all(), DocketQuery.model_validate({"light": light}), now)
    for by, drawn, place in product(get_args(work.By), DRAWN, PLACES):
        query: Model = WorkloadQuery.model_validate({"by": by, "drawn": drawn, "territory": place})
        assert isinstance(query, WorkloadQuery)
        asked[f"work {by} {drawn} {place}"] = workload(views, Scope.all(), query, territory)
    for by, drawn, stage in product(get_args(times.By), DRAWN, ("arrive", "resolve")):
        query = ResponseTimeQuery.model_validate({"by": by, "drawn": drawn, "stage": stage})
        assert isinstance(query, ResponseTimeQuery)
        asked[f"times {by} {drawn} {stage}"] = response_times(views, Scope.all(), query, territory)
    return asked


@dataclass(frozen=True, slots=True)
class Past:
    """The views as of one position, to ask them as those in use are asked."""

    past: PastViews
    position: int

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        with self.past.snapshot(self.position) as views:
            assert views.position == self.position
            yield views.transaction


class Storefront:
    """A store that fills up, its views and registers, and whoever looks back at it."""

    def __init__(self, home: Home, *, kept: int = 4, page: int = 50) -> None:
        self.files = home.files()
        self.views = home.views(self.files, page=page)
        self.past = PastViews(self.files, self.views, kept=kept)

    def close(self) -> None:
        self.past.close()
        self.views.close()
        self.files.close()

    def told_now(self) -> Told:
        """Every row of every view, and every answer, by the registers as they are."""
        return self._told(self.views, self.views.position, None)

    def told_of(self, position: int) -> Told:
        """The same as of a position."""
        assert self.made(position)
        return self._told(Past(self.past, position), position, position)

    def _told(self, views: Readable, position: int, known: int | None) -> Told:
        now = then(self.files.store, None, position).now
        streams = Streams(self.files.mapper, self.files.store)
        folded = Registers(streams, (TERRITORY, CLOCKS), secret=b"", clock=lambda: now).as_of(known)
        asyncio.run(streams.aclose())
        return shown(views), answers(views, now, folded.drawn.at(now))

    def made(self, position: int) -> bool:
        return asyncio.run(self.past.wait_for(position, PATIENCE))


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder that is nobody else's, for processes begun meanwhile as well."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def front(home: Home, scratch: Path) -> Iterator[Storefront]:  # in this order: a server has its own files
    with closing(Storefront(home)) as front:
        yield front


@pytest.mark.parametrize("seed", range(6))
def test_what_was_said_is_said_again(front: Storefront, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Corrections, mergers, voids, splits of grids and all; copies of one another, and pages of any length."""
    draw = Random(seed)
    monkeypatch.setattr(module, "PAGE", draw.choice((7, 100, 10_000)))
    left: Sequence[Notification] = history(seed)
    said = {}
    while left:
        stretch = draw.randrange(1, 150)
        store(front.files, left[:stretch])
        left = left[stretch:]
        front.views.catch_up()
        said[front.views.position] = front.told_now()
    positions = list(said)
    draw.shuffle(positions)
    for position in positions:
        assert front.told_of(position) == said[position]
    assert len({repr(told) for told in said.values()}) == len(said), "and there was something to tell apart"


@pytest.mark.parametrize("seed", range(3))
def test_what_was_said_at_a_moment_is_said_again_of_that_moment(room: Room, scratch: Path, seed: int) -> None:
    """While grids are split and joined over and over, at once and for later, and nobody stops working."""
    draw = Random(seed)
    said: dict[datetime, dict[str, Any]] = {}

    async def lived() -> None:
        office = Office(BEFORE)
        files, registers = office.files, office.casework.registers
        with closing(Views(files, room.open(), page=20)) as views, closing(PastViews(files, views)) as past:

            def look() -> None:
                office.now += timedelta(minutes=draw.randrange(1, 600))
                if draw.random() < 0.06:
                    views.catch_up()
                    said[office.now] = answers(views, office.now, registers.territory)

            await Watched(draw, look).live(office)
            for moment in draw.sample(list(said), len(said)):
                known = then(files.store, moment, None)
                assert await past.wait_for(known.position, PATIENCE)
                territory = registers.as_of(known.known).drawn.at(moment)
                assert answers(Past(past, known.position), moment, territory) == said[moment]
        await office.casework.aclose()

    asyncio.run(lived())
    assert len({repr(told) for told in said.values()}) > len(said) / 2, "and there was something to tell apart"


class Watched(Restless):
    """Somebody looks between the turns."""

    def __init__(self, draw: Random, look: Callable[[], None]) -> None:
        super().__init__(draw)
        self._look = look

    async def _turn(self, office: Office, nth: int) -> None:
        await super()._turn(office, nth)
        self._look()


def test_one_that_was_made_is_followed_on_from(front: Storefront, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest earlier one there is, which stays as it is."""
    events = history(3)
    store(front.files, events)
    read: list[int] = []
    pages = Pages.read

    def reading(self: Pages, start: int, limit: int, stop: int | None = None) -> Page | None:
        read.append(start)
        return pages(self, start, limit, stop)

    monkeypatch.setattr(Pages, "read", reading)
    early, later, last = len(events) // 3, len(events) // 2, len(events) - 1
    said = {position: front.told_of(position) for position in (early, last, later)}
    assert read == [0, early, early, last, early, later], "up to the end of each, and no further"
    for position in said:
        with closing(PastViews(front.files, front.views)) as anew:
            front.past, kept = anew, front.past
            assert front.told_of(position) == said[position]
            front.past = kept


def test_what_is_in_use_serves_while_nothing_came_after_it(front: Storefront, scratch: Path) -> None:
    events = history(1)
    store(front.files, events[:-1])
    front.views.catch_up()
    with front.past.snapshot(front.views.position) as views:
        assert views.position == len(events) - 1
    store(front.files, events[-1:])
    with pytest.raises(NotMade), front.past.snapshot(len(events) - 1):
        pass
    with pytest.raises(NotMade), front.past.snapshot(len(events)):
        pass
    front.views.catch_up()
    with front.past.snapshot(len(events)) as views:
        assert views.position == len(events)
    assert files(scratch) == [], "nothing had to be made"


def test_before_the_first_event_there_was_nothing(front: Storefront) -> None:
    store(front.files, history(1))
    front.views.catch_up()
    rows, answered = front.told_of(0)
    assert set(map(len, rows.values())) == {0}
    assert answered["light"].count == 0
    assert answered["work grid now None"] == ()


class TestOfMany:
    """Of one kind of store: what is kept is kept in the same files, wherever the events are."""

    @pytest.fixture
    def front(self, tmp_path: Path, scratch: Path) -> Iterator[Storefront]:
        with closing(Storefront(Home(MEMORY, Room(tmp_path)), kept=3)) as front:
            store(front.files, history(2))
            front.views.catch_up()
            yield front

    def test_those_last_asked_for_are_kept(self, front: Storefront, scratch: Path) -> None:
        for position in (10, 20, 30):
            assert front.made(position)
        assert front.told_of(10)
        assert front.made(40)
        assert len(files(scratch)) == 3
        assert [position for position in (10, 20, 30, 40) if is_there(front, position)] == [10, 30, 40]

    def test_one_that_is_read_outlives_its_place(self, front: Storefront, scratch: Path) -> None:
        """It is gone when its last reader has gone."""
        assert front.made(10)
        with front.past.snapshot(10) as views:
            for position in (20, 30, 40):
                assert front.made(position)
            assert not is_there(front, 10)
            assert len(files(scratch)) == 4
            assert shown(views)[Docket.name]
        assert len(files(scratch)) == 3

    def test_many_ask_for_one_and_it_is_made_once(self, front: Storefront, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO", module.__name__)
        with ThreadPoolExecutor(16) as people:
            assert all(people.map(front.made, [60] * 64))
        assert len(made(caplog)) == 1

    def test_many_ask_for_many(self, front: Storefront, scratch: Path, caplog: pytest.LogCaptureFixture) -> None:
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
                    asyncio.run(front.past.wait_for(position, PATIENCE))

        positions = [Random(nth).randrange(1, 12) * len(history(2)) // 12 for nth in range(96)]
        with ThreadPoolExecutor(8) as people:
            assert list(people.map(ask, positions)) == positions
        assert max(most) <= 3 + 1 + 8, "the one that is made, and those that are read to the end"
        assert len(files(scratch)) == 3
        assert len(made(caplog)) < len(positions)

    def test_only_so_many_wait(self, front: Storefront, held_up: Event) -> None:
        """Whoever comes later is told to ask again, and waits for nothing."""
        assert not asyncio.run(front.past.wait_for(10, 0.01)), "it is being made, and that takes longer"
        for position in (20, 30):
            assert not asyncio.run(front.past.wait_for(position, 0.01))
        assert not asyncio.run(front.past.wait_for(40, PATIENCE))
        held_up.set()
        assert all(map(front.made, (10, 20, 30))), "and it went on meanwhile"
        assert front.made(40)

    def test_what_could_not_be_made_is_tried_again(self, front: Storefront, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(Pages, "read", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                front.made(50)
        assert front.made(50)

    def test_a_store_put_back_to_an_earlier_moment_is_not_taken_for_the_same(
        self, front: Storefront, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert front.made(50)
        monkeypatch.setattr(type(front.files.store), "era", frozenset({("", 2)}))
        assert not is_there(front, 50)
        assert front.made(50)
        assert is_there(front, 50)

    def test_an_end_in_the_middle_leaves_nothing(self, front: Storefront, scratch: Path, held_up: Event) -> None:
        assert not asyncio.run(front.past.wait_for(10, 0.01))
        with ThreadPoolExecutor(1) as somebody:
            ending = somebody.submit(front.past.close)
            until(front.past._ended.is_set)
            held_up.set()
            ending.result(PATIENCE)
        assert list(scratch.iterdir()) == []

    @pytest.fixture
    def held_up(self, monkeypatch: pytest.MonkeyPatch) -> Event:
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


def is_there(front: Storefront, position: int) -> bool:
    try:
        with front.past.snapshot(position):
            return True
    except NotMade:
        return False


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


def at(moments: Sequence[datetime]) -> CaseRecorder:
    """A store of events recorded then."""
    recorder = memory_store()
    for moment in moments:
        recorder.insert_events([event(uuid4(), 1, orjson.dumps({"recorded_at": moment.isoformat()}))])
    return recorder


@pytest.mark.parametrize("seed", range(40))
def test_a_moment_is_the_last_position_before_anything_recorded_later(seed: int) -> None:
    """Although the clocks of processes do not agree, and appends wait."""
    draw = Random(seed)
    seconds = sorted(draw.uniform(0, draw.choice((30, 600, 60_000))) for _ in range(draw.randrange(1, 60)))
    moments = [MORNING + timedelta(seconds=one - draw.uniform(0, LEEWAY.total_seconds())) for one in seconds]
    recorder = at(moments)
    for moment in (*moments, MORNING - timedelta(hours=1), MORNING + timedelta(days=1)):
        later = (position for position, recorded in enumerate(moments) if recorded > moment)
        assert position_at(recorder, moment) == next(later, len(moments))


def test_a_position_and_a_moment() -> None:
    recorder = at([MORNING, MORNING + timedelta(hours=1), MORNING + timedelta(hours=2)])
    soon = MORNING + timedelta(minutes=90)
    assert then(recorder, soon, None)[:3] == (2, 2, soon)
    assert then(recorder, None, 2)[:3] == (2, 2, MORNING + timedelta(hours=1)), "when it was recorded"
    assert then(recorder, soon, 1)[:3] == (1, 2, soon), "views that had not yet come so far"
    assert then(recorder, soon, 3)[:3] == (2, 2, soon)
    assert then(recorder, MORNING - timedelta(days=1), None)[:2] == (0, 0)
    with pytest.raises(LookupError):
        then(recorder, None, 4)
