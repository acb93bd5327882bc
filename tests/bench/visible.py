"""How soon a command shows in the views: asked for at a steady pace, read at the other process where there are two."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import orjson

from tests.bench.client import CONNECTIONS, Line, asking, quantile
from tests.bench.report import Budget, Contender, Row

PACE = 500
"""Commands a second."""
LOOKED_FOR = 10
"""One command in so many is looked for."""
READ = "/api/v1/incidents?limit=1"


@dataclass(slots=True)
class Seen:
    """Seconds from the receipt to the page that has it, and those the page takes by itself; the pace that was kept."""

    shown: list[float] = field(default_factory=list)
    read: list[float] = field(default_factory=list)
    pace: float = 0


def rows(turn: Callable[[], Seen], rounds: int) -> list[Row]:
    """What is seen at a steady pace, after one turn to warm up."""
    turn()
    seen = [turn() for _ in range(rounds)]
    shown = Row.of(
        f"visible in the views, 95 of 100, at {PACE} commands a second",
        "ms ↓",
        Contender.of("a page of the docket ?after= the receipt", [quantile(one.shown, 95) for one in seen]),
        Contender.of("the same page again, nothing to wait for", [quantile(one.read, 95) for one in seen]),
    )
    shown.budgets = [Budget.at_most(30, shown.ours.median, "ms")]
    pace = Row.of(
        "… and the pace that was kept",
        "commands/s",
        Contender.of("answered", [one.pace for one in seen]),
        Contender.of("asked for", [PACE] * rounds),
    )
    return [shown, pace]


async def at_a_pace(ports: Sequence[int], steps: list[bytes], reader: dict[str, str]) -> Seen:
    """Send the steps; every tenth is looked for at the next port by `reader`."""
    seen, left, began = Seen(), iter(enumerate(steps)), perf_counter()
    await asyncio.gather(*(_one_connection(ports, nth, left, reader, seen) for nth in range(CONNECTIONS)))
    seen.pace = len(steps) / (perf_counter() - began)
    return seen


async def _one_connection(
    ports: Sequence[int], nth: int, left: Iterator[tuple[int, bytes]], reader: dict[str, str], seen: Seen
) -> None:
    writing, reading = await Line.to(ports[nth % len(ports)]), await Line.to(ports[(nth + 1) % len(ports)])
    began = perf_counter()
    for number, request in left:
        await asyncio.sleep(began + number / PACE - perf_counter())
        position = orjson.loads(await writing.send(request))["position"]
        if number % LOOKED_FOR == 0:
            seen.shown.append(await _took(reading, asking(f"{READ}&after={position}", reader)))
            seen.read.append(await _took(reading, asking(READ, reader)))
    writing.hang_up()
    reading.hang_up()


async def _took(line: Line, question: bytes) -> float:
    began = perf_counter()
    await line.send(question)
    return perf_counter() - began
