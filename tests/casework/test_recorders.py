"""What every store promises, on SQLite, on PostgreSQL and in memory alike."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import IntegrityError
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.casework.batches import Outcome
from domain.casework.recorders import CaseRecorder
from tests.casework.stores import StoreKind, event, opening, two_doors

Keys = list[tuple[int, int]]


def positions(outcome: Outcome) -> list[int]:
    assert not isinstance(outcome, IntegrityError)
    return list(outcome)


def stored(recorder: CaseRecorder) -> list[tuple[int, UUID | str, int]]:
    return [(n.id, n.originator_id, n.originator_version) for n in recorder.select_notifications(None, 100_000)]


def test_a_new_store_is_empty(recorder: CaseRecorder) -> None:
    assert recorder.max_notification_id() == 0
    assert recorder.select_notifications(None, 10) == []
    assert recorder.select_case(uuid4()) == []


def test_positions_are_dense_and_grow_in_order_of_commit(recorder: CaseRecorder) -> None:
    case = uuid4()
    first = recorder.insert_batch([[event(case, 1), event(case, 2)], opening()])
    refused = recorder.insert_batch([[event(case, 2)]])
    second = recorder.insert_batch([[event(case, 3)]])
    assert [positions(outcome) for outcome in first + second] == [[1, 2], [3], [4]]
    assert isinstance(refused[0], IntegrityError)
    assert [position for position, _, _ in stored(recorder)] == [1, 2, 3, 4]
    assert recorder.max_notification_id() == 4


def test_a_conflict_is_a_value_at_its_place_and_disturbs_no_other(recorder: CaseRecorder) -> None:
    case, before, after = uuid4(), uuid4(), uuid4()
    recorder.insert_events([event(case, 1)])
    outcomes = recorder.insert_batch([[event(before, 1)], [event(case, 1)], [event(after, 1)]])
    assert [isinstance(outcome, IntegrityError) for outcome in outcomes] == [False, True, False]
    assert stored(recorder)[1:] == [(2, before, 1), (3, after, 1)]


def test_an_append_may_follow_another_of_its_batch(recorder: CaseRecorder) -> None:
    case = uuid4()
    outcomes = recorder.insert_batch([[event(case, 1)], [event(case, 2)], [event(case, 2)], [event(case, 3)]])
    assert [isinstance(outcome, IntegrityError) for outcome in outcomes] == [False, False, True, False]
    assert [line.originator_version for line in recorder.select_case(case)] == [1, 2, 3]


def test_a_stream_has_no_gap(recorder: CaseRecorder) -> None:
    """What was decided on a version the store does not hold, as after the loss of its last moments, is refused."""
    case, another = uuid4(), uuid4()
    recorder.insert_events([event(case, 1)])
    for append in ([event(case, 3)], [event(case, 2), event(case, 4)], [event(another, 2)], [event(case, 0)]):
        assert isinstance(recorder.insert_batch([append])[0], IntegrityError)
    outcomes = recorder.insert_batch([[event(case, 8)], [event(case, 2)], [event(case, 9)], [event(case, 3)]])
    assert [isinstance(outcome, IntegrityError) for outcome in outcomes] == [True, False, True, False]
    assert [line.originator_version for line in recorder.select_case(case)] == [1, 2, 3]


def test_an_append_to_two_streams_is_stored_whole_or_not_at_all(recorder: CaseRecorder) -> None:
    duplicate, primary = uuid4(), uuid4()
    recorder.insert_batch([[event(duplicate, 1)], [event(primary, 1), event(primary, 2)]])
    [refused] = recorder.insert_batch([[event(duplicate, 2), event(primary, 2)]])
    assert isinstance(refused, IntegrityError)
    assert len(recorder.select_case(duplicate)) == 1
    [merged] = recorder.insert_batch([[event(duplicate, 2), event(primary, 3)]])
    assert positions(merged) == [4, 5]


def test_one_version_twice_in_an_append_is_a_conflict(recorder: CaseRecorder) -> None:
    case = uuid4()
    outcomes = recorder.insert_batch([[event(case, 1), event(case, 1)], [event(case, 1)]])
    assert isinstance(outcomes[0], IntegrityError)
    assert positions(outcomes[1]) == [1]


def test_nothing_to_store_is_stored_without_a_trace(recorder: CaseRecorder) -> None:
    assert recorder.insert_batch([]) == []
    assert [positions(outcome) for outcome in recorder.insert_batch([[], []])] == [[], []]
    assert [positions(outcome) for outcome in recorder.insert_batch([[], opening(), []])] == [[], [1], []]


def test_a_batch_of_any_size_is_one_batch(recorder: CaseRecorder) -> None:
    taken = opening()
    recorder.insert_events(taken)
    case = uuid4()
    many = [[event(case, version)] for version in range(1, 9001)]
    outcomes = recorder.insert_batch([*many[:5000], taken, *many[5000:]])
    assert isinstance(outcomes.pop(5000), IntegrityError)
    assert [positions(outcome) for outcome in outcomes] == [[n] for n in range(2, 9002)]
    assert [line.id for line in recorder.select_case(case)] == list(range(2, 9002))


def test_one_append_by_itself_raises_its_conflict(recorder: CaseRecorder) -> None:
    case = uuid4()
    assert list(recorder.insert_events([event(case, 1), event(case, 2)])) == [1, 2]
    with pytest.raises(IntegrityError) as refused:
        recorder.insert_events([event(case, 2, b"a resident's words")])
    assert "resident" not in str(refused.value), "what was said does not belong into an error message"


def test_options_are_refused_rather_than_ignored(recorder: CaseRecorder) -> None:
    with pytest.raises(TypeError, match="tracking"):
        recorder.insert_events(opening(), tracking=7)
    assert recorder.max_notification_id() == 0


def test_a_case_is_read_in_order_of_version_with_its_positions(recorder: CaseRecorder) -> None:
    case = uuid4()
    recorder.insert_batch([[event(case, 1, b"one")], opening(), [event(case, 2, b"two"), event(case, 3, b"three")]])
    lines = recorder.select_case(case)
    assert [(line.id, line.originator_version, line.state) for line in lines] == [
        (1, 1, b"one"),
        (3, 2, b"two"),
        (4, 3, b"three"),
    ]
    assert {(line.originator_id, line.topic) for line in lines} == {(case, "incident.arrived")}
    assert [line.originator_version for line in recorder.select_case(case, gt=1)] == [2, 3]
    assert recorder.select_case(case, gt=3) == []


def test_the_log_is_read_in_pages(recorder: CaseRecorder) -> None:
    recorder.insert_batch([opening() for _ in range(7)])
    pages = [recorder.select_notifications(start, 3) for start in (1, 4, 7, 8)]
    assert [[line.id for line in page] for page in pages] == [[1, 2, 3], [4, 5, 6], [7], []]
    assert [n.id for n in recorder.select_notifications(2, 10, stop=4, inclusive_of_start=False)] == [3, 4]


def at_once(workers: int, work: Callable[[int], object]) -> None:
    """Let so many threads start the same work at the same moment; raise what any of them raised."""
    start = Barrier(workers)

    def one(number: int) -> None:
        start.wait()
        work(number)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, range(workers)))


def test_of_many_who_race_for_a_version_exactly_one_wins(kind: StoreKind, tmp_path: Path) -> None:
    case = uuid4()
    with two_doors(kind, tmp_path) as doors:
        won: list[int] = []

        def race(number: int) -> None:
            for version in range(1, 26):
                mine = opening()
                ours, contested = doors[number % 2].insert_batch([mine, [event(case, version)]])
                assert not isinstance(ours, IntegrityError)
                if not isinstance(contested, IntegrityError):
                    won.append(version)

        at_once(4, race)
        assert sorted(won) == list(range(1, 26))
        assert [line.originator_version for line in doors[0].select_case(case)] == list(range(1, 26))
        assert doors[1].max_notification_id() == 4 * 25 + 25


def test_who_reads_while_others_write_misses_nothing(kind: StoreKind, tmp_path: Path) -> None:
    with two_doors(kind, tmp_path) as (inside, outside):
        seen: list[int] = []

        def work(number: int) -> None:
            if number < 2:
                for _ in range(40):
                    (inside, outside)[number].insert_batch([opening(), opening(), opening()])
                return
            while len(seen) < 2 * 40 * 3:
                seen.extend(n.id for n in inside.select_notifications(len(seen) + 1, 50))

        at_once(3, work)
        assert seen == list(range(1, 2 * 40 * 3 + 1))


def test_case_numbers_count_up_within_a_day(recorder: CaseRecorder) -> None:
    assert [recorder.reserve_case_numbers("20260216", count) for count in (1, 20, 1)] == [1, 2, 22]
    assert recorder.reserve_case_numbers("20260217", 5) == 1
    assert recorder.reserve_case_numbers("20260216", 1) == 23


@pytest.mark.parametrize("count", [0, -1])
def test_no_number_of_case_numbers_but_a_positive_one(recorder: CaseRecorder, count: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        recorder.reserve_case_numbers("20260216", count)
    assert recorder.reserve_case_numbers("20260216", 1) == 1


def test_no_case_number_is_given_twice(kind: StoreKind, tmp_path: Path) -> None:
    given: list[int] = []
    with two_doors(kind, tmp_path) as doors:

        def reserve(number: int) -> None:
            for count in (1, 2, 3) * 8:
                first = doors[number % 2].reserve_case_numbers("20260216", count)
                given.extend(range(first, first + count))

        at_once(4, reserve)
    assert sorted(given) == list(range(1, 4 * 8 * 6 + 1))


KEYS = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4)), max_size=3)
APPENDS = st.lists(st.tuples(KEYS, KEYS), max_size=4)
"""What each takes, and what has to be free before it."""
BATCHES = st.lists(st.tuples(st.integers(0, 1), APPENDS), max_size=6)


@settings(max_examples=40, deadline=None)
@given(batches=BATCHES)
def test_any_batches_through_any_door_amount_to_one_log(
    kind: StoreKind, batches: list[tuple[int, list[tuple[Keys, Keys]]]]
) -> None:
    """The model: a log of keys. An append is added to the end where it continues each stream, and else refused."""
    streams = [uuid4() for _ in range(3)]
    log: Keys = []

    def follows(keys: Keys) -> bool:
        return all((s, v) not in log and (v == 1 or (s, v - 1) in log) for s, v in keys)

    with TemporaryDirectory() as folder, two_doors(kind, Path(folder)) as doors:
        for door, batch in batches:
            appends = [[event(streams[s], v) for s, v in keys] for keys, _ in batch]
            free = [frozenset((streams[s].hex, v) for s, v in required) for _, required in batch]
            outcomes = doors[door].insert_batch(appends, free)
            for (keys, required), outcome in zip(batch, outcomes, strict=True):
                before, fits = len(log), follows(required) or not keys
                for key in keys:
                    fits = fits and follows([key])
                    log.append(key)
                if fits:
                    assert positions(outcome) == list(range(before + 1, len(log) + 1))
                    continue
                assert isinstance(outcome, IntegrityError)
                del log[before:]
        for recorder in doors:
            assert stored(recorder) == [(n, streams[s], v) for n, (s, v) in enumerate(log, start=1)]
            for number, stream in enumerate(streams):
                versions = sorted((v, n) for n, (s, v) in enumerate(log, start=1) if s == number)
                assert [(line.originator_version, line.id) for line in recorder.select_case(stream)] == versions
