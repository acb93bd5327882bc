"""A contender's turns: taken in this process, or shared by several that begin together."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

from tests.bench.measuring import seconds

Work = Callable[[], object]
Prepare = Callable[[int], Work]
"""Makes so much work ready."""
Opening = Callable[..., AbstractContextManager[Prepare]]
"""Opens a contender; the last argument is a seed of its own."""
Turn = Callable[[int], float]
"""Does so much work altogether and says how many seconds it took."""
PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.bench.append", "tests.bench.command"])


@contextmanager
def turns(processes: int, opening: Opening, *given: Any, seed: int) -> Iterator[Turn]:
    """One contender, open for as many turns as the block takes."""
    if processes == 1:
        with opening(*given, seed) as prepare:
            yield lambda many: seconds(prepare(many))
        return
    with ExitStack() as until_the_end:
        hands = [until_the_end.enter_context(_process(opening, *given, seed + nth)) for nth in range(processes)]

        def turn(many: int) -> float:
            for hand in hands:
                hand.send(many // processes)
            _all_answer(hands)
            began = perf_counter()
            for hand in hands:
                hand.send(None)
            _all_answer(hands)
            return perf_counter() - began

        yield turn


def _all_answer(hands: list[Connection]) -> None:
    """Raises `EOFError` when one of the processes failed; why, it has said itself."""
    for hand in hands:
        hand.recv()


@contextmanager
def _process(opening: Opening, *given: Any) -> Iterator[Connection]:
    """A process with the contender open, one after the other: some of them make their tables when they start."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_work, args=(theirs, opening, given), daemon=True)
    process.start()
    theirs.close()
    try:
        ours.recv()
        yield ours
    finally:
        ours.close()
        process.join()


def _work(door: Connection, opening: Opening, given: tuple[Any, ...]) -> None:
    with opening(*given) as prepare:
        door.send(None)
        while True:
            try:
                work = prepare(door.recv())
            except EOFError:
                return
            gc.collect()
            door.send(None)
            door.recv()
            work()
            door.send(None)
