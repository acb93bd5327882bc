"""HTTP command: a step on a case through the real door, durable when answered, and how soon the views show it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from random import Random

from domain.casework.asking import Caller
from domain.incident.commands import TakeAction
from tests.bench import visible
from tests.bench.client import CONNECTIONS, Load, load, post
from tests.bench.courses import NOTES
from tests.bench.district import District, district
from tests.bench.library import open_incidents
from tests.bench.measuring import alternate, event_loop
from tests.bench.ours import caller, cases_in
from tests.bench.report import Budget, Contender, Row
from tests.bench.service import LIBRARY, NO_OP, Served, await_views, services
from tests.bench.stores import Bench, Place, Store

BODY = TakeAction(note=NOTES[1]).model_dump_json(include={"note"}).encode()


def measure(bench: Bench) -> list[Row]:
    return [row for store, processes in bench.variants for row in _rows(bench, store, processes)]


def _rows(bench: Bench, store: Store, processes: int) -> list[Row]:
    """The same request, headers and body for all three; each case was touched once before. The views follow ours.

    Of several processes each serves some of the connections, and any case is asked about at any of them.
    """
    place, rnd, size = district(), bench.rnd(), bench.size
    with ExitStack() as stack:
        served = Served(stack.enter_context(store.place()), stack.enter_context(store.place()))
        steps = _steps_in(served.ours, place, rnd, size.cases)
        library_steps = _library_steps(served.library, size.cases)
        loop = stack.enter_context(event_loop())
        ports = stack.enter_context(services(served, processes))

        def requests(paths: list[str]) -> list[bytes]:
            await_views(loop, ports)
            return [_step(path, caller(rnd.choice(place.crews).officer, rnd)) for path in paths]

        def turn(paths: list[str]) -> Load:
            return loop.run(load(ports, requests(paths)))

        turn([*steps, *library_steps, NO_OP])
        loads = alternate(
            size.rounds,
            lambda: turn(rnd.choices(steps, k=size.requests)),
            lambda: turn([NO_OP] * size.requests),
            lambda: turn(rnd.choices(library_steps, k=size.sample)),
        )
        reader = _identity(caller(place.crews[0].community, rnd))
        shown = visible.rows(
            lambda: loop.run(visible.at_a_pace(ports, requests(rnd.choices(steps, k=size.seen)), reader)), size.rounds
        )
    rate = _row(f"HTTP command, {CONNECTIONS} connections", "requests/s", loads, lambda load: load.per_second)
    rate.budgets = [Budget.at_least(0.55, rate.to_floor, "× floor")]
    p50 = _row("… answered within, median", "ms ↓", loads, lambda load: load.p50)
    p99 = _row("… answered within, 99 of 100", "ms ↓", loads, lambda load: load.p99)
    p99.budgets = [Budget.at_most(5, p99.ours.median / p50.ours.median, "× median")]
    return [row.on(store.kind, processes) for row in (rate, p50, p99, *shown)]


def _row(what: str, unit: str, loads: list[list[Load]], seen: Callable[[Load], float]) -> Row:
    named = ("POST take-action", "POST no-op: the same body, validated", "the library in the threadpool")
    ours, floor, theirs = (
        Contender.of(name, [seen(one) for one in rounds]) for name, rounds in zip(named, loads, strict=True)
    )
    return Row.of(what, unit, ours, floor, theirs)


def _steps_in(place: Place, town: District, rnd: Random, count: int) -> list[str]:
    """The addresses for one step more of so many cases, just put into a place, with the registry they lie in."""
    settings = place.settings
    settings.registry.write_text(town.territory.model_dump_json())
    return [f"/api/v1/incidents/{case_id}/take-action" for case_id in cases_in(place, town, rnd, count)]


def _step(path: str, who: Caller) -> bytes:
    """That step, asked by somebody."""
    return post(path, BODY, {**_identity(who), "Idempotency-Key": who.key})


def _identity(who: Caller) -> dict[str, str]:
    return {"Bidao-Actor": f"{who.actor}; role={who.role}; scope={who.scope}"}


def _library_steps(place: Place, count: int) -> list[str]:
    with closing(place.library()) as app:
        return [LIBRARY.format(case=case_id) for case_id in open_incidents(app, count)]
