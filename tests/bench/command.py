"""Whole command: load, decide, append, on cases of ten events that somebody has just had in hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from hmac import digest
from random import Random
from typing import Any
from uuid import UUID

import orjson

from domain.casework.asking import Caller
from domain.incident.commands import Accept, TakeAction
from tests.bench import floors
from tests.bench.courses import NOTES
from tests.bench.district import Crew, district
from tests.bench.library import UNRESOLVED, open_incidents, take_action
from tests.bench.measuring import IN_FLIGHT, THREADS, alternate, event_loop, in_flight, in_threads
from tests.bench.ours import SECRET, caller, cases_in, casework
from tests.bench.report import Budget, Contender, Row
from tests.bench.stores import Bench, Place, Store
from tests.bench.turns import Prepare, Work, turns

COMMAND = TakeAction(note=NOTES[1])
TO_LIBRARY = {"SQLite": 12, "PostgreSQL": 40}
Ask = tuple[str, Caller]
Case = dict[str, Any]


def measure(bench: Bench) -> list[Row]:
    return [_row(bench, store, processes) for store, processes in bench.variants]


def _row(bench: Bench, store: Store, processes: int) -> Row:
    """Spread over some thousands of cases; of several processes, each is asked about any case."""
    size, seed = bench.size, bench.seed
    with ExitStack() as stack:
        ours, floor, library = (stack.enter_context(store.place()) for _ in range(3))
        ids = cases_in(ours, district(), bench.rnd(), size.cases)
        with closing(library.library()) as app:
            incidents = open_incidents(app, size.cases)
        by_us = stack.enter_context(turns(processes, _ours, ours, ids, seed=seed))
        bare = stack.enter_context(turns(processes, _floor, floor, seed=seed))
        default = stack.enter_context(turns(processes, _library, library, incidents, seed=seed))
        rates = alternate(
            size.rounds,
            lambda: size.commands / by_us(size.commands),
            lambda: size.commands / bare(size.commands),
            lambda: size.sample / default(size.sample),
        )
    row = Row.of(
        f"whole command, {IN_FLIGHT} in flight",
        "commands/s",
        Contender.of("Casework.act", rates[0]),
        Contender.of(f"dicts in memory, orjson, the driver, {floors.BATCH} rows a transaction", rates[1]),
        Contender.of(f"repository.get, @event, save, {THREADS} threads", rates[2]),
    )
    row.budgets = [Budget.at_least(TO_LIBRARY[store.kind], row.to_library, "× library")]
    return row.on(store.kind, processes)


@contextmanager
def _ours(place: Place, ids: list[str], seed: int) -> Iterator[Prepare]:
    """Every case was read once before: they are in memory, as they are in a day's work."""
    rnd, town = Random(seed), district()
    with event_loop() as loop:
        work = casework(place, town.territory)

        def prepare(many: int) -> Work:
            asks = [_ask(ids, town.crews, rnd) for _ in range(many)]
            return lambda: loop.run(in_flight(lambda ask: work.act(ask[0], COMMAND, ask[1]), asks))

        desk = town.crews[0].community
        loop.run(in_flight(lambda case_id: work.act(case_id, Accept(), caller(desk, rnd)), ids))  # nothing new
        yield prepare
        loop.run(work.aclose())


def _ask(ids: list[str], crews: tuple[Crew, ...], rnd: Random) -> Ask:
    return rnd.choice(ids), caller(rnd.choice(crews).officer, rnd)


@contextmanager
def _floor(place: Place, seed: int) -> Iterator[Prepare]:
    """Cases of its own, which nobody else writes to."""
    rnd, crews = Random(seed), district().crews
    cases: dict[str, Case] = {
        str(UUID(int=rnd.getrandbits(128))): {"stage": "handling", "version": 10} for _ in range(1000)
    }
    ids = list(cases)
    with closing(place.bare()) as bare:

        def prepare(many: int) -> Work:
            asks = [_ask(ids, crews, rnd) for _ in range(many)]
            return lambda: bare.insert(_dict_style(cases, ask) for ask in asks)

        yield prepare


@contextmanager
def _library(place: Place, incidents: list[UUID], seed: int) -> Iterator[Prepare]:
    rnd = Random(seed)
    with closing(place.library()) as app:

        def prepare(many: int) -> Work:
            asked = rnd.choices(incidents, k=many)
            return lambda: in_threads(lambda case: take_action(app, case, NOTES[1]), asked)

        yield prepare


def _dict_style(cases: dict[str, Case], ask: Ask) -> floors.Row:
    """The least a command can be: look up, check the stage, sign, encode; no model, no types, no reply."""
    case_id, asks = ask
    case = cases[case_id]
    if case["stage"] not in UNRESOLVED:
        raise ValueError(case["stage"])
    case["version"] += 1
    body = {"note": COMMAND.note}
    event = {
        "command": COMMAND.name,
        "command_id": asks.key,
        "body_mac": digest(SECRET, orjson.dumps([case_id, body]), "sha256").hex(),
        "actor": asks.actor,
        "role": asks.role,
        "scope": asks.scope,
        "recorded_at": datetime.now(UTC),
        "keys": case,
        "event": body,
    }
    return case_id.replace("-", ""), case["version"], "incident.action_taken", orjson.dumps(event)
