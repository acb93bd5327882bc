"""Group commit: many wait, one commit, each gets the answer that is theirs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError, OperationalError, PersistenceError

from domain.casework.appending import GroupCommit, StoreClosed
from domain.casework.batches import Append, Keys, Outcome
from domain.casework.recorders import CaseRecorder, MemoryCaseRecorder
from tests.casework.stores import event, opening


class SlowDisk(MemoryCaseRecorder):
    """Holds every commit until `disk` is set; `began` tells that one is being held; `sizes` of those seen."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.disk = threading.Event(), threading.Event()
        self.sizes: list[int] = []

    def insert_batch(self, appends: Sequence[Append], free: Sequence[Keys] = ()) -> list[Outcome]:
        self.sizes.append(len(appends))
        self.began.set()
        assert self.disk.wait(60)
        return super().insert_batch(appends, free)


class Broken(MemoryCaseRecorder):
    """Fails with whatever `failure` is set."""

    failure: BaseException | None = None

    def insert_batch(self, appends: Sequence[Append], free: Sequence[Keys] = ()) -> list[Outcome]:
        if self.failure:
            raise self.failure
        return super().insert_batch(appends, free)

    def reserve_case_numbers(self, day: str, count: int) -> int:
        if self.failure:
            raise self.failure
        return super().reserve_case_numbers(day, count)


def run(recorder: CaseRecorder, scenario: Callable[[GroupCommit], Coroutine[object, object, None]]) -> None:
    """Play a scenario on a group commit over the store, and close it."""

    async def play() -> None:
        group = GroupCommit(recorder)
        try:
            await scenario(group)
        finally:
            await group.aclose()

    asyncio.run(play())


async def first_held(group: GroupCommit, disk: SlowDisk) -> asyncio.Task[Sequence[int]]:
    """An append whose commit is held by the disk."""
    first = asyncio.create_task(group.append(opening()))
    await asyncio.to_thread(disk.began.wait)
    return first


async def waiting(group: GroupCommit, count: int) -> list[asyncio.Task[Sequence[int]]]:
    """So many more appends that wait behind it."""
    tasks = [asyncio.create_task(group.append(opening())) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


def test_who_waits_together_is_committed_together() -> None:
    disk = SlowDisk()

    async def scenario(group: GroupCommit) -> None:
        first = await first_held(group, disk)
        others = await waiting(group, 10)
        disk.disk.set()
        assert await first == [1]
        assert await asyncio.gather(*others) == [[n] for n in range(2, 12)]
        assert disk.sizes == [1, 10]

    run(disk, scenario)


def test_a_batch_has_a_limit() -> None:
    disk = SlowDisk()

    async def play() -> None:
        group = GroupCommit(disk, max_batch=4)
        first = await first_held(group, disk)
        others = await waiting(group, 10)
        disk.disk.set()
        assert await asyncio.gather(first, *others) == [[n] for n in range(1, 12)]
        assert disk.sizes == [1, 4, 4, 2]
        await group.aclose()

    asyncio.run(play())


def test_after_a_pause_half_is_left_for_the_next_commit() -> None:
    disk = SlowDisk()
    disk.disk.set()

    async def scenario(group: GroupCommit) -> None:
        await group.append(opening())
        await asyncio.sleep(0.1)
        await asyncio.gather(*[group.append(opening()) for _ in range(8)])
        assert sum(disk.sizes) == 9
        assert len(disk.sizes) > 2

    run(disk, scenario)


def test_each_caller_gets_the_positions_of_its_own_events(recorder: CaseRecorder) -> None:
    async def scenario(group: GroupCommit) -> None:
        async def work() -> None:
            case = uuid4()
            for version in range(1, 21, 2):
                positions = await group.append([event(case, version), event(case, version + 1)])
                lines = recorder.select_case(case, gt=version - 1)
                assert [line.id for line in lines] == list(positions)

        await asyncio.gather(*[work() for _ in range(16)])

    run(recorder, scenario)
    assert recorder.max_notification_id() == 16 * 20


def test_a_conflict_reaches_its_caller_alone(recorder: CaseRecorder) -> None:
    async def scenario(group: GroupCommit) -> None:
        case = uuid4()
        rivals = [group.append([event(case, 1)]) for _ in range(3)]
        answers = await asyncio.gather(*rivals, group.append(opening()), return_exceptions=True)
        assert [isinstance(answer, IntegrityError) for answer in answers] == [False, True, True, False]

    run(recorder, scenario)
    assert recorder.max_notification_id() == 2


FAILURES = {
    "of the store": OperationalError("disk I/O error"),
    "of the program": RuntimeError("a mistake"),
    "of the thread": SystemExit(1),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_failure_reaches_everybody_and_the_next_append_is_served(failure: BaseException) -> None:
    broken = Broken()

    async def scenario(group: GroupCommit) -> None:
        broken.failure = failure
        calls = [group.append(opening()) for _ in range(5)] + [group.append([])]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(answer, PersistenceError) and answer.__cause__ is failure for answer in answers)
        assert len({id(answer) for answer in answers}) == 6, "each caller raises an exception of its own"
        assert not any(isinstance(answer, IntegrityError) for answer in answers)
        with pytest.raises(PersistenceError):
            await group.reserve_case_numbers("20260216", 1)
        broken.failure = None
        assert await group.append(opening()) == [1]
        assert await group.reserve_case_numbers("20260216", 1) == 1

    run(broken, scenario)


def test_who_gives_up_waiting_takes_nobody_along() -> None:
    disk = SlowDisk()

    async def scenario(group: GroupCommit) -> None:
        first = await first_held(group, disk)
        others = await waiting(group, 3)
        first.cancel()
        others[1].cancel()
        await asyncio.wait([first, others[1]])
        disk.disk.set()
        assert [await others[0], await others[2]] == [[2], [3]]
        assert first.cancelled()
        assert others[1].cancelled()

    run(disk, scenario)
    assert disk.max_notification_id() == 3, "given up before its turn it is left out, and after that it is stored"


def test_closing_stores_what_is_queued_and_then_refuses() -> None:
    disk = SlowDisk()

    async def scenario(group: GroupCommit) -> None:
        first = await first_held(group, disk)
        others = await waiting(group, 5)
        closing = asyncio.create_task(group.aclose())
        await asyncio.sleep(0)
        with pytest.raises(StoreClosed):
            await group.append(opening())
        with pytest.raises(StoreClosed):
            await group.reserve_case_numbers("20260216", 1)
        disk.disk.set()
        await closing
        assert all(task.done() for task in (first, *others))
        assert disk.max_notification_id() == 6
        await group.aclose()

    before = set(threading.enumerate())
    run(disk, scenario)
    assert {thread.name for thread in set(threading.enumerate()) - before}.isdisjoint({"store-writer"})


def test_closing_at_once_stores_what_was_just_asked() -> None:
    async def scenario(group: GroupCommit) -> None:
        tasks = await waiting(group, 50)
        await group.aclose()
        assert await asyncio.gather(*tasks) == [[n] for n in range(1, 51)]

    run(MemoryCaseRecorder(), scenario)


def test_one_that_was_never_used_closes() -> None:
    async def scenario(_: GroupCommit) -> None:
        return

    run(MemoryCaseRecorder(), scenario)


def test_a_loop_that_ends_while_the_disk_is_busy_does_not_stop_the_writer() -> None:
    disk = SlowDisk()
    group = GroupCommit(disk)

    async def give_up() -> None:
        (await first_held(group, disk)).cancel()

    async def go_on() -> None:
        assert await group.append(opening()) == [2]
        await group.aclose()

    asyncio.run(give_up())
    disk.disk.set()
    asyncio.run(go_on())


def test_listeners_hear_of_a_commit_before_its_callers(recorder: CaseRecorder) -> None:
    heard: list[int] = []

    async def scenario(group: GroupCommit) -> None:
        group.on_commit.append(heard.append)
        case = uuid4()
        await group.append([event(case, 1), event(case, 2)])
        assert heard == [2]
        with pytest.raises(IntegrityError):
            await group.append([event(case, 2)])
        await group.append([])
        assert heard == [2], "nothing was stored, there is nothing to hear"
        await asyncio.gather(group.append(opening()), group.append(opening()))
        assert heard[-1] == 4

    run(recorder, scenario)


def test_a_listener_that_fails_is_logged_and_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[int] = []

    def fail(position: int) -> None:
        raise RuntimeError(f"at {position}")

    async def scenario(group: GroupCommit) -> None:
        group.on_commit += [fail, heard.append]
        assert await group.append(opening()) == [1]

    run(MemoryCaseRecorder(), scenario)
    assert heard == [1]
    assert "a listener failed after the commit up to position 1" in caplog.text


def test_case_numbers_asked_for_together_are_all_different(recorder: CaseRecorder) -> None:
    async def scenario(group: GroupCommit) -> None:
        asked = [("20260216", 1), ("20260217", 3), ("20260216", 2)] * 20
        firsts = await asyncio.gather(*[group.reserve_case_numbers(day, count) for day, count in asked])
        given = [(day, first + i) for (day, count), first in zip(asked, firsts, strict=True) for i in range(count)]
        assert sorted(given) == [(day, n) for day in ("20260216", "20260217") for n in range(1, 61)]
        with pytest.raises(ValueError, match="at least one"):
            await group.reserve_case_numbers("20260216", 0)

    run(recorder, scenario)
