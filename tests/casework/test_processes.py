"""One file or database and several processes: they race, and they are killed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import IntegrityError

from domain.casework.appending import GroupCommit
from tests.casework.stores import StoreKind, event, opening, store

SHARED = pytest.mark.parametrize("kind", ["sqlite", "postgres"], indirect=True)  # memory is one process's own


def compete(env: dict[str, str], case: UUID, results: Connection) -> None:
    """In a process of its own: try every version of a case, reserve numbers, tell which were had."""
    won, numbers = [], []
    with store(env) as recorder:
        results.recv()
        for version in range(1, 101):
            _, contested = recorder.insert_batch([opening(), [event(case, version)]])
            if not isinstance(contested, IntegrityError):
                won.append(version)
            numbers.append(recorder.reserve_case_numbers("20260216", 1))
    results.send((won, numbers))
    results.close()


@SHARED
def test_processes_share_a_store(kind: StoreKind, tmp_path: Path) -> None:
    env = kind.env(tmp_path)
    case = uuid4()
    spawn = get_context("spawn")
    with store(env):
        ends = [spawn.Pipe() for _ in range(2)]
        processes = [spawn.Process(target=compete, args=(env, case, theirs)) for _, theirs in ends]
        for process in processes:
            process.start()
        for ours, theirs in ends:
            theirs.close()
            ours.send("go")
        won, numbers = zip(*(ours.recv() for ours, _ in ends), strict=True)
        for process, (ours, _) in zip(processes, ends, strict=True):
            process.join()
            process.close()
            ours.close()
    assert sorted(version for versions in won for version in versions) == list(range(1, 101))
    assert sorted(number for them in numbers for number in them) == list(range(1, 201))
    with store(env) as recorder:
        assert len(recorder.select_case(case)) == 100
        assert recorder.max_notification_id() == 300


def write_until_killed(env: dict[str, str], acknowledged: Connection) -> None:
    """In a process of its own: open pairs of streams, one append a pair, and tell of each once it is stored."""

    async def work(group: GroupCommit) -> None:
        while True:
            one, other = uuid4(), uuid4()
            await group.append([event(one, 1, other.bytes), event(other, 1, one.bytes)])
            acknowledged.send_bytes(one.bytes + other.bytes)

    async def write() -> None:
        with store(env) as recorder:
            group = GroupCommit(recorder)
            await asyncio.gather(*[work(group) for _ in range(16)])

    asyncio.run(write())


def told(acknowledged: Connection) -> Iterator[UUID]:
    """Every stream whose append was acknowledged before the end of the process."""
    while True:
        try:
            message = acknowledged.recv_bytes()
        except (EOFError, OSError):  # the process is dead, perhaps in the middle of a message
            return
        yield UUID(bytes=message[:16])
        yield UUID(bytes=message[16:])


@SHARED
def test_a_killed_process_loses_nothing_it_acknowledged(kind: StoreKind, tmp_path: Path) -> None:
    env = kind.env(tmp_path)
    spawn = get_context("spawn")
    acknowledged: set[UUID] = set()
    for _ in range(3):
        ours, theirs = spawn.Pipe(duplex=False)
        process = spawn.Process(target=write_until_killed, args=(env, theirs))
        process.start()
        theirs.close()
        streams = told(ours)
        acknowledged.update(next(streams) for _ in range(500))
        process.kill()
        acknowledged.update(streams)
        process.join()
        process.close()
        ours.close()
        with store(env) as recorder:
            log = recorder.select_notifications(None, 1_000_000)
        assert [line.id for line in log] == list(range(1, len(log) + 1))
        partners = {line.originator_id: UUID(bytes=line.state) for line in log}
        assert acknowledged <= partners.keys()
        assert all(partners.get(partner) == stream for stream, partner in partners.items()), "half an append is stored"
