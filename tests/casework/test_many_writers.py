"""Sixteen writers in four processes: whoever follows misses nothing, and the order is that of the commits."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import chain
from pathlib import Path
from time import monotonic_ns, sleep
from typing import NamedTuple
from uuid import uuid4

import pytest
from eventsourcing.persistence import StoredEvent

from domain.casework.case_files import CaseFiles
from domain.casework.recorders import CaseRecorder
from projections.engine import Views
from projections.workload import Workload
from tests.casework.crews import Ready, crew
from tests.casework.stores import StoreKind, store
from tests.histories import history

PROCESSES, THREADS = 4, 4
SIZES = (1, 9, 90, 400)
"""Of a writer's batches, in appends of one event: what a quiet night brings, and what a storm."""
TURNS = {"sqlite": 3, "postgres": 25}
"""How often a writer writes these. Where writers wait for each other by trying again, sixteen take their time."""
PATIENT = {"SQLITE_LOCK_TIMEOUT": "60"}


class Written(NamedTuple):
    """One commit: when it was asked for, when it was answered (on the clock all processes share), and its positions."""

    began: int
    ended: int
    first: int
    last: int


def write(env: dict[str, str], report: StoredEvent, turns: int, ready: Ready) -> list[Written]:
    """In a process of its own: several writers, each with a connection where the store has more than one."""
    with store(env | PATIENT) as recorder, ThreadPoolExecutor(THREADS) as pool:
        ready()
        return list(chain(*pool.map(lambda _: write_batches(recorder, report, turns), range(THREADS))))


def write_batches(recorder: CaseRecorder, report: StoredEvent, turns: int) -> list[Written]:
    done = []
    for size in SIZES * turns:
        appends = [[StoredEvent(uuid4(), 1, report.topic, report.state)] for _ in range(size)]
        began = monotonic_ns()
        outcomes = recorder.insert_batch(appends)
        places = [position for outcome in outcomes if isinstance(outcome, Sequence) for position in outcome]
        done.append(Written(began, monotonic_ns(), places[0], places[-1]))
        assert places == list(range(places[0], places[0] + size))
    return done


def follow(env: dict[str, str], total: int, ready: Ready) -> int:
    """In a process of its own: go by the positions, never back; how many were met in their order."""
    with store(env) as recorder:
        ready()
        met = 0
        while met < total:
            page = [line.id for line in recorder.select_notifications(met + 1, 5000)]
            assert page == list(range(met + 1, met + 1 + len(page)))
            met += len(page)
            if not page:
                sleep(0.01)
        return met


def a_report() -> StoredEvent:
    return next(line for line in history(1) if line.topic == "incident.reported")


@pytest.mark.parametrize("kind", ["sqlite", "postgres"], indirect=True)
def test_sixteen_writers(kind: StoreKind, tmp_path: Path) -> None:
    env, turns = kind.env(tmp_path), TURNS[kind.name]
    total = PROCESSES * THREADS * turns * sum(SIZES)
    with closing(CaseFiles(env=env)) as files:
        writing = partial(write, env, a_report(), turns)
        with (
            crew(partial(follow, env, total), *[writing] * PROCESSES) as at_work,
            closing(Views(files, tmp_path / "views.db", [Workload], page=20_000)) as views,
        ):
            while at_work.working():
                views.catch_up()
                sleep(0.1)
            met, *written = at_work.results()
            assert (met, views.catch_up(), files.store.max_notification_id()) == (total, total, total)
            assert views.rebuild().equal == (Workload.name,)
            with views.reading() as now:
                rows = now.execute(f'SELECT reported FROM "{Workload.name}"')  # noqa: S608 - our own name
                assert sum(row["reported"] for row in rows) == total
    assert in_order_of_commit(sorted(chain(*written), key=lambda commit: commit.first)) == total


def in_order_of_commit(commits: list[Written]) -> int:
    """The last position: there is no gap, and nobody stands before a commit answered before they asked."""
    expected, latest = 1, 0
    for commit in commits:
        assert commit.first == expected
        assert commit.ended > latest, "answered before somebody asked who stands before it"
        expected, latest = commit.last + 1, max(latest, commit.began)
    return expected - 1
