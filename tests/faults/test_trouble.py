"""A service on a file is in trouble: it says so clearly, leaves nothing half done, and recovers by itself."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from domain.casework.sqlite import SQLiteCaseRecorder
from tests.api.visitor import Clock, Visitor
from tests.faults.desk import Desk, desk, shown_once, told_to_wait
from tests.faults.processes import FORK, serve
from tests.lives import CLOSED
from tests.server import settings_for


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Desk]:
    with desk(settings_for(tmp_path, answer_timeout=0.5, wait_timeout=20)) as served:
        yield served


def pages_at_most(served: Desk, count: int) -> None:
    """How large the file of events may grow, as if the disk ended there; at least as it is."""
    store = served.service.casework.files.store
    assert isinstance(store, SQLiteCaseRecorder)
    with store.writer.cursor() as cursor:
        cursor.execute(f"PRAGMA max_page_count = {count}")


def test_a_full_disk_is_told_and_once_there_is_room_all_goes_on(served: Desk) -> None:
    ask, key = served.arriving(), served.visitor.new_key()
    pages_at_most(served, 1)
    acknowledged = []
    while (answer := served.report(served.visitor.new_key())).is_success:
        acknowledged.append(answer.json()["incident_id"])
    told_to_wait(answer)
    full = served.visitor.stored()
    for case in acknowledged[-3:]:
        assert served.visitor.read(f"/api/v1/incidents/{case}").is_success, "what is stored is still read"
    while (answer := ask(key)).is_success:  # a small event may still have had its place
        ask, key = served.arriving(), served.visitor.new_key()
    told_to_wait(answer)
    assert served.visitor.stored() == full, "nothing of it"
    pages_at_most(served, 2**30)
    receipt = served.insist(ask, key)
    assert ask(key).json()["position"] == receipt.json()["position"]
    shown_once(served.visitor)


def test_who_waits_for_a_slow_disk_is_told_to_come_back_and_finds_it_done(served: Desk, tmp_path: Path) -> None:
    """Another process writes and takes its time, as a disk does: ours waits, and commits in the end."""
    asked = [(served.report, served.visitor.new_key()), (served.arriving(), served.visitor.new_key())]
    before = served.visitor.stored()
    with closing(sqlite3.connect(tmp_path / "events.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for ask, key in asked * 3:
            told_to_wait(ask(key))
        assert served.visitor.stored() == before, "reading goes on meanwhile"
        other.execute("ROLLBACK")
    for ask, key in asked:
        receipt = served.insist(ask, key)
        assert ask(key).json()["position"] == receipt.json()["position"]
    shown_once(served.visitor)


def test_every_file_of_the_service_may_stop_growing(tmp_path: Path) -> None:
    """No file of the process may grow beyond what the events have reached: neither they nor the views."""
    with a_process(tmp_path) as (pid, visitor):
        served = Desk(visitor)
        key = visitor.new_key()
        with files_up_to((tmp_path / "events.db-wal").stat().st_size, pid):
            while served.report(key).is_success:
                key = visitor.new_key()
            told_to_wait(served.report(key))
        served.insist(served.report, key)
        shown_once(visitor)


@contextmanager
def a_process(folder: Path) -> Iterator[tuple[int, Visitor]]:
    """A service in a process of its own, that has written something; and a client of it."""
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=serve, args=(settings_for(folder, wait_timeout=20), folder / "log", theirs))
    process.start()
    theirs.close()
    try:
        with httpx.Client(base_url=ours.recv(), timeout=60) as client:
            visitor = Visitor(client, Clock())
            visitor.report()
            yield process.pid or 0, visitor
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


@contextmanager
def files_up_to(size: int, process: int) -> Iterator[None]:
    """A running process can make no file larger than this."""
    before = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, before)


def test_a_clock_set_back_makes_no_history_that_runs_backwards(served: Desk) -> None:
    visitor = served.visitor
    case = visitor.case(CLOSED[:2])
    visitor.clock.forward(-1)
    for turn in CLOSED[2:]:
        answer = visitor.ask(turn.actor, turn.command, turn.asked, case)
        assert answer.is_success, answer.text
    lines = visitor.read(f"/api/v1/incidents/{case}/history").json()["events"]
    recorded = [line["recorded_at"] for line in lines]
    assert recorded == sorted(recorded)
    assert lines[-1]["command"] == CLOSED[-1].command
    assert visitor.report().is_success, "other cases live by the clock as it is"
    visitor.clock.forward(2)
    shown_once(visitor)
