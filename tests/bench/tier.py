"""A whole district in each kind of database: followed, rebuilt, asked, and recomputed by hand.

A mismatch, of rebuilt views with live ones or of either with the recomputation, is a requirement not met, and
fails the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing

from domain.casework.recording import RecordedEvent
from tests.bench import asking, memory, recomputing
from tests.bench.log import Log
from tests.bench.measuring import seconds
from tests.bench.report import Budget, Contender, Row
from tests.bench.stores import Bench, Store
from tests.bench.town import Town, town

TIMES = 13.5
"""The smaller town has so many times fewer cases: ten thousand, beside the 135,000 of a district."""


def measure(bench: Bench) -> list[Row]:
    log, cases = Log(bench.seed, bench.size.tier), bench.size.tier
    log.files()
    rows: list[Row] = []
    with ExitStack() as stack:
        towns = {store: stack.enter_context(town(store, log, cases)) for store in bench.stores}
        for store, large in towns.items():
            rows += [row.on(store.kind) for row in _of_one(bench, store, log, large)]
        first = next(iter(towns.values()))
        asked = recomputing.books(first)
        expected = recomputing.recomputed(first.place, first.files, asked)
        rows += [recomputing.row(large, expected, asked).on(store.kind) for store, large in towns.items()]
        rows += [memory.row(store, large).on(store.kind) for store, large in towns.items()]
    return rows


def _of_one(bench: Bench, store: Store, log: Log, large: Town) -> Iterator[Row]:
    yield _followed(large)
    yield _rebuilt(large)
    yield memory.on_disk(large)
    with town(store, log, int(bench.size.tier / TIMES) or 1) as small:
        small.views.catch_up()
        yield from asking.rows(bench, large, small)


def _followed(large: Town) -> Row:
    """All there is, in live pages."""
    ours = large.events / seconds(large.views.catch_up)
    return Row.of(
        f"{large.events:,} events followed, pages of 1,000",
        "events/s",
        Contender.of("Views.catch_up, every view", [ours]),
        Contender.of("the driver's select, RecordedEvent.model_validate_json", [_decoded(large)]),
    )


def _rebuilt(large: Town) -> Row:
    """All views made again, held against the live ones, and swapped in."""
    different: list[str] = []
    ours = large.events / seconds(lambda: different.extend(large.views.rebuild().different))
    row = Row.of(
        f"rebuild of all views, {large.events:,} events",
        "events/s",
        Contender.of("Views.rebuild", [ours]),
        Contender.of("the driver's select, RecordedEvent.model_validate_json", [_decoded(large)]),
    )
    same = f"equal to the live views{'; not ' if different else ''}{' '.join(different)}"
    row.budgets = [Budget.at_least(1.3, row.to_floor, "× floor"), Budget.required(same, not different)]
    return row


def _decoded(large: Town) -> float:
    """Events a second, read and decoded as they are typed, and that is all."""

    def decode() -> None:
        for _, state in rows.log():
            RecordedEvent.model_validate_json(state)

    with closing(large.place.bare()) as rows:
        return large.events / seconds(decode)
