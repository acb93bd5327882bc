"""HTTP command: a step on a case through the real door, durable when answered; the service in its own process."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from time import sleep

import orjson

from domain.casework.asking import Caller
from domain.incident.commands import TakeAction
from tests.bench.client import CONNECTIONS, Load, get, load, post
from tests.bench.courses import NOTES
from tests.bench.district import District, district
from tests.bench.library import library, open_incidents
from tests.bench.measuring import Bench, alternate, event_loop
from tests.bench.ours import caller, casework, open_cases
from tests.bench.report import Budget, Contender, Row
from tests.bench.service import LIBRARY, NO_OP, library_store, settings_in

BODY = TakeAction(note=NOTES[1]).model_dump_json(include={"note"}).encode()


def measure(bench: Bench) -> list[Row]:
    """The same request, headers and body for all three; each case was touched once before. The views follow ours."""
    place, rnd, size, folder = district(), bench.rnd(), bench.size, bench.folder / "service"
    with event_loop() as loop:
        steps = loop.run(_open_ours(folder, place, rnd, size.cases))
        library_steps = _open_theirs(folder, size.cases)
        with _service(folder) as port:

            def turn(paths: list[str]) -> Load:
                requests = [post(path, BODY, _headers(caller(rnd.choice(place.crews).officer, rnd))) for path in paths]
                _await_views(loop, port)
                return loop.run(load(port, requests))

            turn([*steps, *library_steps, NO_OP])
            loads = alternate(
                size.rounds,
                lambda: turn(rnd.choices(steps, k=size.requests)),
                lambda: turn([NO_OP] * size.requests),
                lambda: turn(rnd.choices(library_steps, k=size.sample)),
            )
    rate = _row(f"HTTP command, {CONNECTIONS} connections", "requests/s", loads, lambda load: load.per_second)
    rate.budgets = [Budget.at_least(0.55, rate.to_floor, "× floor")]
    p50 = _row("… answered within, median", "ms ↓", loads, lambda load: load.p50)
    p99 = _row("… answered within, 99 of 100", "ms ↓", loads, lambda load: load.p99)
    p99.budgets = [Budget.at_most(5, p99.ours.median / p50.ours.median, "× median")]
    return [rate, p50, p99]


def _await_views(loop: asyncio.Runner, port: int) -> None:
    """What one contender left to the views must not slow down the next."""
    while orjson.loads(loop.run(get(port, "/readyz")))["lag"]:
        sleep(0.01)


def _row(what: str, unit: str, loads: list[list[Load]], seen: Callable[[Load], float]) -> Row:
    named = ("POST take-action", "POST no-op: the same body, validated", "the library in the threadpool")
    ours, floor, theirs = (
        Contender.of(name, [seen(one) for one in rounds]) for name, rounds in zip(named, loads, strict=True)
    )
    return Row.of(what, unit, ours, floor, theirs)


async def _open_ours(folder: Path, place: District, rnd: Random, count: int) -> list[str]:
    settings = settings_in(folder)
    settings.data.mkdir(parents=True)
    settings.registry.write_text(place.territory.model_dump_json())
    work = casework(settings.events_db, place.territory)
    ids = await open_cases(work, place, rnd, count)
    await work.aclose()
    return [f"/api/v1/incidents/{case_id}/take-action" for case_id in ids]


def _open_theirs(folder: Path, count: int) -> list[str]:
    app = library(library_store(folder))
    ids = open_incidents(app, count)
    app.close()
    return [LIBRARY.format(case=case_id) for case_id in ids]


def _headers(who: Caller) -> dict[str, str]:
    return {"Bidao-Actor": f"{who.actor}; role={who.role}; scope={who.scope}", "Idempotency-Key": who.key}


@contextmanager
def _service(folder: Path) -> Iterator[int]:
    """The port of a service that ends with the block. If it cannot start, connections to it are reset."""
    with socket.create_server(("127.0.0.1", 0), backlog=CONNECTIONS) as listening:
        port, handle = listening.getsockname()[1], listening.fileno()
        command = [sys.executable, "-m", "tests.bench.service", str(folder), str(handle)]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(command, pass_fds=[handle], stderr=log)
    with process:
        try:
            yield port
        finally:
            process.terminate()
