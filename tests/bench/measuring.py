"""One run: how big it is, where it writes, and contenders that take turns."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from time import perf_counter
from typing import TypeVar

import uvloop

Value = TypeVar("Value")
Item = TypeVar("Item")

IN_FLIGHT = 64
THREADS = 8


@dataclass(frozen=True, slots=True)
class Size:
    """How much one turn of each measurement does. The library's per-event ways get smaller samples."""

    rounds: int
    appends: int
    cases: int
    """Cases the commands, loads and requests are spread over."""
    commands: int
    loads: int
    requests: int
    seen: int
    """Commands sent at a steady pace while the views are watched."""
    events: int
    """Events behind the views."""
    docket: int
    """Open cases on the larger docket."""
    tier: int
    """Cases of a whole district."""
    questions: int
    """Asked of its views in one turn, of each kind."""
    sample: int
    """What a slow contender does in one turn."""


FULL = Size(
    5,
    appends=30_000,
    cases=3_000,
    commands=15_000,
    loads=3_000,
    requests=6_000,
    seen=5_000,
    events=100_000,
    docket=100_000,
    tier=135_000,
    questions=100,
    sample=2_000,
)
QUICK = Size(
    3,
    appends=10_000,
    cases=1_000,
    commands=5_000,
    loads=1_000,
    requests=2_000,
    seen=2_000,
    events=20_000,
    docket=20_000,
    tier=13_500,
    questions=40,
    sample=500,
)
TINY = Size(
    1,
    appends=300,
    cases=12,
    commands=100,
    loads=40,
    requests=100,
    seen=60,
    events=600,
    docket=600,
    tier=270,
    questions=2,
    sample=40,
)
"""Proves nothing but that the bench still runs."""


def alternate(rounds: int, *contenders: Callable[[], Value]) -> list[list[Value]]:
    """Let the contenders take turns, each round begun by another; for each, one value a round.

    A slow disk or a busy machine then meets all of them alike, and ratios are taken within a round.
    """
    values: list[list[Value]] = [[] for _ in contenders]
    for turn in range(rounds):
        for nth in range(len(contenders)):
            who = (turn + nth) % len(contenders)
            gc.collect()
            values[who].append(contenders[who]())
    return values


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes."""
    began = perf_counter()
    work()
    return perf_counter() - began


async def in_flight(ask: Callable[[Item], Awaitable[object]], items: Iterable[Item], width: int = IN_FLIGHT) -> None:
    """Ask for all items, `width` of them waiting at any time."""
    left = iter(items)

    async def one_after_another() -> None:
        for item in left:
            await ask(item)

    await asyncio.gather(*(one_after_another() for _ in range(width)))


def in_threads(work: Callable[[Item], object], items: Iterable[Item], threads: int = THREADS) -> None:
    """Do the work for all items, dealt out to a few threads."""
    hands: list[list[Item]] = [[] for _ in range(threads)]
    for number, item in enumerate(items):
        hands[number % threads].append(item)

    def play(hand: list[Item]) -> None:
        for item in hand:
            work(item)

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(play, hands):
            pass


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of `size`."""
    left = iter(items)
    return iter(lambda: list(islice(left, size)), [])


def event_loop() -> asyncio.Runner:
    """The event loop the service runs on."""
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)
