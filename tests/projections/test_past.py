"""The views as they were: whatever was said of them at some position is said again, wherever the store is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from eventsourcing.persistence import Notification

from projections import past as module
from projections.docket import DocketPage
from projections.engine import Views
from projections.looking_back import then
from projections.pages import Page, Pages
from projections.past import NotMade, PastViews
from projections.workload import WorkloadFigures
from tests.histories import history, store
from tests.projections.redrawing import Office, Restless
from tests.projections.rooms import Home, Room
from tests.projections.storefront import PATIENCE, Past, Storefront, answers
from tests.projections.test_drawn import BEFORE


@pytest.fixture
def front(home: Home, scratch: Path) -> Iterator[Storefront]:  # in this order: a server has its own files
    with closing(Storefront(home)) as front:
        yield front


@pytest.mark.parametrize("seed", range(3))
def test_what_was_said_is_said_again(front: Storefront, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Corrections, mergers, voids, splits of grids and all; copies of one another, and pages of any length."""
    draw = Random(seed)
    monkeypatch.setattr(module, "PAGE", draw.choice((7, 100, 10_000)))
    left: Sequence[Notification] = history(seed)
    said = {}
    while left:
        stretch = draw.randrange(50, 300)
        store(front.files, left[:stretch])
        left = left[stretch:]
        front.views.catch_up()
        said[front.views.position] = front.told_now()
    positions = list(said)
    draw.shuffle(positions)
    for position in positions:
        assert front.told_of(position) == said[position]
    assert len({repr(told) for told in said.values()}) == len(said), "and there was something to tell apart"


@pytest.mark.parametrize("seed", range(2))
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
        if self._store is front.files.store:  # services that other tests have left running read as well
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
    assert list(scratch.glob("*/*.db")) == [], "nothing had to be made"


def test_before_the_first_event_there_was_nothing(front: Storefront) -> None:
    store(front.files, history(1))
    front.views.catch_up()
    rows, answered = front.told_of(0)
    assert set(map(len, rows.values())) == {0}
    assert {page.count for page in answered.values() if isinstance(page, DocketPage)} == {0}
    assert {len(work.rows) for work in answered.values() if isinstance(work, WorkloadFigures)} == {0}
