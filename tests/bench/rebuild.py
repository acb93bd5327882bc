"""The views: all of them made again from every event, and the tail of the log followed in pages."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import orjson

from domain.casework.recording import Line
from domain.incident.keys import Keys
from projections.engine import Views
from tests.bench.floors import Bare
from tests.bench.generator import generated
from tests.bench.measuring import Size, alternate, batches, seconds
from tests.bench.report import Budget, Contender, Row
from tests.bench.stores import Bench, Place, Store
from tests.bench.tracking import follow

PAGES = (100, 1_000, 10_000)


class AsStored(Line):
    """A line as it is stored: what is personal in its event is sealed: the event's own model would refuse it."""

    keys: Keys
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Log:
    """A stored log in `place`, where the views stand at `position`: the last fifth is still to be followed.

    Whoever works on it works on a copy.
    """

    store: Store
    place: Place
    size: Size

    @property
    def position(self) -> int:
        return self.size.events * 4 // 5

    def fill(self, seed: int) -> None:
        with closing(self.place.case_files()) as files:
            stored = [files.mapper.to_stored_event(line) for line in generated(seed, self.size.events)]
            for batch in batches(stored[: self.position], 1_000):
                files.store.insert_batch([batch])
            with closing(self.place.views(files)) as views:
                views.catch_up()
            files.store.insert_batch([stored[self.position :]])


def measure(bench: Bench) -> list[Row]:
    return [row for store in bench.stores for row in _rows(bench, store)]


def _rows(bench: Bench, store: Store) -> list[Row]:
    with store.place() as place:
        log = _Log(store, place, bench.size)
        log.fill(bench.seed)
        rows = [*_rebuilt(log), *(_followed(log, page) for page in PAGES)]
    return [row.on(store.kind) for row in rows]


def _rebuilt(log: _Log) -> list[Row]:
    events, sample = log.size.events, log.size.sample
    with log.store.copy(log.place) as place, closing(place.case_files()) as files, closing(place.bare()) as rows:

        def their_way() -> float:
            with log.store.place() as other:
                return sample / seconds(lambda: follow(files, other, sample))

        with closing(place.views(files)) as views:
            views.catch_up()
            ours, typed, untyped, theirs = alternate(
                log.size.rounds,
                lambda: events / seconds(lambda: _rebuild(views)),
                lambda: events / seconds(lambda: _decode(rows, AsStored.model_validate_json)),
                lambda: events / seconds(lambda: _decode(rows, orjson.loads)),
                their_way,
            )
    us = Contender.of("Views.rebuild, compared with the live views and swapped in", ours)
    library = Contender.of("one event, one transaction, with tracking", theirs)
    floor = Contender.of("the driver's select, a typed line, what is sealed left so", typed)
    row = Row.of(f"rebuild of all views, {events:,} events", "events/s", us, floor, library)
    row.budgets = [Budget.at_least(1.3, row.to_floor, "× floor"), Budget.at_least(300, row.to_library, "× library")]
    bare_json = Contender.of("the driver's select, orjson.loads: no types at all", untyped)
    return [row, Row.of("… against untyped JSON", "events/s", us, bare_json)]


def _rebuild(views: Views) -> None:
    report = views.rebuild()
    if report.different:
        raise RuntimeError(f"rebuilt otherwise than live: {report.different}")


def _decode(rows: Bare, decode: Callable[[bytes], object]) -> None:
    for _, state in rows.log():
        decode(state)


def _followed(log: _Log, page: int) -> Row:
    tail = log.size.events - log.position
    ours, floor = alternate(
        log.size.rounds,
        lambda: tail / _following(log, page),
        lambda: tail / _decoding(log, page),
    )
    row = Row.of(
        f"live tail, pages of {page:,}",
        "events/s",
        Contender.of("Views.catch_up", ours),
        Contender.of("the pages decoded, the position committed with each", floor),
    )
    row.budgets = [Budget.at_least(60_000, row.ours.median, "events/s")]
    return row


def _following(log: _Log, page: int) -> float:
    """How long our views take to follow the tail."""
    with (
        log.store.copy(log.place) as place,
        closing(place.case_files()) as files,
        closing(place.views(files, page)) as views,
    ):
        return seconds(views.catch_up)


def _decoding(log: _Log, page: int) -> float:
    """How long it takes to read and decode the tail, and to note after each page how far one is."""
    with (
        log.store.copy(log.place) as place,
        log.store.place() as other,
        closing(place.bare()) as rows,
        closing(other.bare()) as marks,
    ):

        def follow_pages() -> None:
            position = log.position
            while found := list(rows.log(position, page)):
                for _, state in found:
                    AsStored.model_validate_json(state)
                position = found[-1][0]
                marks.insert([("0" * 32, position, "mark", b"")])

        return seconds(follow_pages)
