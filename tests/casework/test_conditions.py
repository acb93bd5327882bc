"""Appends on condition: what they were decided on must not have moved on before they are stored. On every store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent

from domain.casework.appending import GroupCommit
from domain.casework.batches import UNCONDITIONAL, Keys, Outcome
from domain.casework.recorders import CaseRecorder
from tests.casework.stores import StoreKind, event, opening, two_doors

REGISTER, ANOTHER = uuid4(), uuid4()


def still(version: int, register: UUID = REGISTER) -> Keys:
    """As long as nobody has written this version of the register."""
    return frozenset({(register.hex, version)})


def write(register: UUID, version: int) -> list[StoredEvent]:
    return [event(register, version)]


def refused(outcomes: Sequence[Outcome]) -> list[bool]:
    return [isinstance(outcome, IntegrityError) for outcome in outcomes]


def test_what_was_decided_on_something_else_is_refused_alone(recorder: CaseRecorder) -> None:
    recorder.insert_events(write(REGISTER, 1))
    appends = [opening(), opening(), opening()]
    assert refused(recorder.insert_batch(appends, [still(2), still(1), UNCONDITIONAL])) == [False, True, False]
    assert recorder.max_notification_id() == 3


def test_what_was_decided_on_more_than_is_stored_is_refused(recorder: CaseRecorder) -> None:
    recorder.insert_events(write(REGISTER, 1))
    appends = [opening(), opening(), write(REGISTER, 2), opening()]
    outcomes = recorder.insert_batch(appends, [still(3), still(2), UNCONDITIONAL, still(3)])
    assert refused(outcomes) == [True, False, False, False]


def test_a_condition_takes_nothing(recorder: CaseRecorder) -> None:
    both = still(1) | still(1, ANOTHER)
    assert recorder.insert_batch([opening(), opening()], [both, both]) == [[1], [2]]
    assert recorder.insert_batch([opening(), write(REGISTER, 1)], [both, UNCONDITIONAL]) == [[3], [4]]
    assert refused(recorder.insert_batch([opening(), opening()], [both, still(1, ANOTHER)])) == [True, False]


def test_it_is_noticed_whichever_door_the_other_came_through(kind: StoreKind, tmp_path: Path) -> None:
    with two_doors(kind, tmp_path) as (here, there):
        for version in range(1, 5):
            assert not any(refused(here.insert_batch([opening(), opening()], [still(version)] * 2)))
            there.insert_batch([opening()])
            assert not any(refused(here.insert_batch([opening()], [still(version)])))
            there.insert_events(write(REGISTER, version))
            assert refused(here.insert_batch([opening()], [still(version)])) == [True]
            assert refused(here.insert_batch([opening(), opening()], [still(version), still(version + 1)])) == [
                True,
                False,
            ]
        assert [line.id for line in here.select_notifications(1, 100)] == list(range(1, 25))


def test_within_a_batch_only_what_came_before_counts(recorder: CaseRecorder) -> None:
    for version in (1, 2, 3):
        recorder.insert_batch([opening()], [still(version)])  # so that the store knows it was free just now
        appends = [opening(), write(REGISTER, version), opening(), opening()]
        outcomes = recorder.insert_batch(appends, [still(version)] * 3 + [still(version + 1)])
        assert refused(outcomes) == [False, False, True, False]


def test_the_version_an_append_takes_may_be_its_own_condition(recorder: CaseRecorder) -> None:
    for version in (1, 2, 3):
        assert refused(recorder.insert_batch([write(REGISTER, version)], [still(version)])) == [False]
        assert refused(recorder.insert_batch([opening()], [still(version)])) == [True]
        assert refused(recorder.insert_batch([opening()], [still(version + 1)])) == [False]


def test_where_nothing_is_stored_nothing_is_looked_for(recorder: CaseRecorder) -> None:
    recorder.insert_events(write(REGISTER, 1))
    assert recorder.insert_batch([[], opening(), []], [still(1), still(2), still(1)]) == [[], [2], []]
    assert recorder.insert_batch([[]], [still(1)]) == [[]]


def test_each_append_has_a_condition_or_none_has(recorder: CaseRecorder) -> None:
    with pytest.raises(ValueError, match="shorter"):
        recorder.insert_batch([opening(), opening()], [still(1)])
    assert recorder.max_notification_id() == 0


def test_a_batch_of_any_size_keeps_its_conditions(recorder: CaseRecorder) -> None:
    recorder.insert_events(write(REGISTER, 1))
    appends = [opening() for _ in range(5000)]
    outcomes = recorder.insert_batch(appends, [still(1 if nth == 4500 else 2) for nth in range(5000)])
    assert refused(outcomes) == [nth == 4500 for nth in range(5000)]


def test_whoever_waits_in_a_group_is_refused_alone(recorder: CaseRecorder) -> None:
    async def play() -> None:
        group = GroupCommit(recorder)
        asked = [group.append(opening(), still(1)), group.append(write(REGISTER, 1), still(1))]
        asked += [group.append(opening(), still(1)), group.append(opening(), still(2)), group.append(opening())]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert [isinstance(answer, IntegrityError) for answer in answers] == [False, False, True, False, False]
        await group.aclose()

    asyncio.run(play())
