"""Whole command: load, decide, append, on cases of ten events that somebody has just had in hand."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from hmac import digest
from random import Random
from typing import Any

import orjson

from domain.casework.asking import Caller
from domain.incident.commands import TakeAction
from tests.bench import floors
from tests.bench.courses import NOTES
from tests.bench.district import Crew, district
from tests.bench.library import UNRESOLVED, library, open_incidents, take_action
from tests.bench.measuring import IN_FLIGHT, THREADS, Bench, alternate, event_loop, in_flight, in_threads, seconds
from tests.bench.ours import SECRET, caller, casework, open_cases
from tests.bench.report import Budget, Contender, Row

COMMAND = TakeAction(note=NOTES[1])
Ask = tuple[str, Caller]
Case = dict[str, Any]


def measure(bench: Bench) -> list[Row]:
    """Spread over some thousands of cases; for ours they are in memory, as they are in a day's work."""
    place, rnd, size = district(), bench.rnd(), bench.size
    theirs = library(bench.folder / "command-library.db")
    incidents = open_incidents(theirs, size.cases)
    with event_loop() as loop, closing(floors.bare(bench.folder / "command-floor.db")) as floor:
        ours = casework(bench.folder / "command-ours.db", place.territory)
        ids = loop.run(open_cases(ours, place, rnd, size.cases))
        cases: dict[str, Case] = {case_id: {"stage": "handling", "version": 10} for case_id in ids}

        def ours_turn() -> float:
            asks = _asks(ids, place.crews, rnd, size.commands)
            return len(asks) / seconds(lambda: loop.run(in_flight(lambda ask: ours.act(ask[0], COMMAND, ask[1]), asks)))

        def floor_turn() -> float:
            asks = _asks(ids, place.crews, rnd, size.commands)
            return len(asks) / seconds(lambda: floors.insert(floor, (_dict_style(cases, ask) for ask in asks)))

        def library_turn() -> float:
            asked = rnd.choices(incidents, k=size.sample)
            return len(asked) / seconds(lambda: in_threads(lambda case: take_action(theirs, case, NOTES[1]), asked))

        by_us, bare, default = alternate(size.rounds, ours_turn, floor_turn, library_turn)
        loop.run(ours.aclose())
        theirs.close()
    row = Row.of(
        f"whole command, {IN_FLIGHT} in flight",
        "commands/s",
        Contender.of("Casework.act", by_us),
        Contender.of(f"dicts in memory, orjson, sqlite3, {floors.BATCH} rows a transaction", bare),
        Contender.of(f"repository.get, @event, save, {THREADS} threads", default),
    )
    row.budgets = [Budget.at_least(12, row.to_library, "× library")]
    return [row]


def _asks(ids: list[str], crews: tuple[Crew, ...], rnd: Random, count: int) -> list[Ask]:
    return [(rnd.choice(ids), caller(rnd.choice(crews).officer, rnd)) for _ in range(count)]


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
