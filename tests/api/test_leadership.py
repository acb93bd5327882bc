"""One process keeps the watch, and another takes it up as soon as it is dead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic

from api.watch.leadership import FileLeadership

PATIENCE = 30


def lead(path: Path, told: Connection) -> None:
    """In a process of its own: take the lead if nobody has it, say so, and wait to be killed."""
    held = FileLeadership(path).take()
    told.send(held)
    told.recv()


@contextmanager
def leading(path: Path) -> Iterator[tuple[BaseProcess, bool]]:
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=lead, args=(path, theirs))
    process.start()
    theirs.close()
    try:
        yield process, ours.recv()
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


def test_two_never_lead_at_once(tmp_path: Path) -> None:
    path = tmp_path / "watch.lock"
    ours, others = FileLeadership(path), FileLeadership(path)
    assert ours.take()
    assert ours.take(), "whoever leads goes on leading"
    assert not others.take()
    with leading(path) as (_, held):
        assert not held
    ours.release()
    assert others.take()
    assert not ours.take()
    others.release()


def test_a_killed_leader_leads_no_longer(tmp_path: Path) -> None:
    path = tmp_path / "watch.lock"
    successor = FileLeadership(path)
    with leading(path) as (leader, held):
        assert held
        assert not successor.take()
        leader.kill()
        until = monotonic() + PATIENCE
        while not successor.take():
            assert monotonic() < until
    successor.release()
