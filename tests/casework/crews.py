"""Processes of a test's own, each with one work to do, all from the same moment on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

Ready = Callable[[], None]
"""To be called by a work that is prepared: it returns when all others are, too."""
Work = Callable[[Ready], Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """What a work raised."""

    kind: str
    words: str


class Crew:
    """The processes at work."""

    def __init__(self, lines: Sequence[Connection]) -> None:
        self._lines = lines

    def working(self) -> bool:
        """Whether anybody still is."""
        return not all(line.poll() for line in self._lines)

    def results(self) -> list[Any]:
        """What each work returned, or how it `Failed`; waits for the last."""
        return [line.recv() for line in self._lines]


@contextmanager
def crew(*works: Work) -> Iterator[Crew]:
    """All at work; they are dead when the block ends. Works are functions a new process can import."""
    spawn = get_context("spawn")
    ends = [spawn.Pipe() for _ in works]
    processes = [
        spawn.Process(target=_run, args=(work, theirs), daemon=True)
        for work, (_, theirs) in zip(works, ends, strict=True)
    ]
    for process in processes:
        process.start()
    for _, theirs in ends:
        theirs.close()
    lines = [ours for ours, _ in ends]
    try:
        for line in lines:
            told = line.recv()
            assert told == "ready", told
        for line in lines:
            line.send("go")
        yield Crew(lines)
    finally:
        for process, line in zip(processes, lines, strict=True):
            process.kill()
            process.join()
            process.close()
            line.close()


def together(*works: Work) -> list[Any]:
    """The results of works done at the same time."""
    with crew(*works) as all_of_them:
        return all_of_them.results()


def _run(work: Work, line: Connection) -> None:
    def ready() -> None:
        line.send("ready")
        line.recv()

    try:
        result = work(ready)
    except Exception as error:
        result = Failed(type(error).__name__, str(error))
    line.send(result)
    line.close()
