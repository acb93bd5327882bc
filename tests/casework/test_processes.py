"""One file and several processes: they race, and they are killed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import UUID, uuid4

from eventsourcing.persistence import IntegrityError

from domain.casework.appending import GroupCommit
from tests.casework.stores import event, opening, sqlite_store


def compete(path: Path, case: UUID, results: Connection) -> None:
    """In a process of its own: try every version of a case, reserve numbers, tell which were had."""
    won, numbers = [], []
    with sqlite_store(path) as recorder:
        results.recv()
        for version in range(1, 101):
            _, contested = recorder.insert_batch([opening(), [event(case, version)]])
            if not isinstance(contested, IntegrityError):
                won.append(version)
            numbers.append(recorder.reserve_case_numbers("20260216", 1))
    results.send((won, numbers))
    results.close()


def test_processes_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    case = uuid4()
    spawn = get_context("spawn")
    with sqlite_store(path):
        ends = [spawn.Pipe() for _ in range(2)]
        processes = [spawn.Process(target=compete, args=(path, case, theirs)) for _, theirs in ends]
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
    with sqlite_store(path) as recorder:
        assert len(recorder.select_case(case)) == 100
        assert recorder.max_notification_id() == 300


def write_until_killed(path: Path, acknowledged: Connection) -> None:
    """In a process of its own: open pairs of streams, one append a pair, and tell of each once it is stored."""

    async def work(group: GroupCommit) -> None:
        while True:
            one, other = uuid4(), uuid4()
            await group.append([event(one, 1, other.bytes), event(other, 1, one.bytes)])
            acknowledged.send_bytes(one.bytes + other.bytes)

    async def write() -> None:
        with sqlite_store(path) as recorder:
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


def test_a_killed_process_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    spawn = get_context("spawn")
    acknowledged: set[UUID] = set()
    for _ in range(3):
        ours, theirs = spawn.Pipe(duplex=False)
        process = spawn.Process(target=write_until_killed, args=(path, theirs))
        process.start()
        theirs.close()
        streams = told(ours)
        acknowledged.update(next(streams) for _ in range(500))
        process.kill()
        acknowledged.update(streams)
        process.join()
        process.close()
        ours.close()
        with sqlite_store(path) as recorder:
            log = recorder.select_notifications(None, 1_000_000)
        assert [line.id for line in log] == list(range(1, len(log) + 1))
        partners = {line.originator_id: UUID(bytes=line.state) for line in log}
        assert acknowledged <= partners.keys()
        assert all(partners.get(partner) == stream for stream, partner in partners.items()), "half an append is stored"
