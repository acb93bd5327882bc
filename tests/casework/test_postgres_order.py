"""Commit order is the order of positions: whoever follows the positions misses nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, OperationalError
from psycopg.sql import SQL, Identifier

from domain.casework.postgres import PostgresCaseRecorder
from domain.casework.store_file import StoreUnusable
from tests.casework.crews import Ready, crew
from tests.casework.databases import Connection, eventually, library_store, positions
from tests.casework.stores import event, opening, postgres_store, schema_of

ARRAYS = "SELECT append_events(ARRAY[%s]::UUID[], '{1}', '{incident.arrived}', ARRAY[''::BYTEA], '{}', '{}')"
PLAIN = "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (%s, 1, 'x', '')"


@pytest.mark.parametrize("write", [ARRAYS, PLAIN], ids=["function", "plain insert"])
def test_who_commits_later_stands_later(store: PostgresCaseRecorder, owner: Connection, write: str) -> None:
    """Somebody writes and takes their time to commit; nobody overtakes them, however either writes."""
    with ThreadPoolExecutor(1) as elsewhere:
        with owner.transaction():
            owner.execute(write, (uuid4(),))
            second = elsewhere.submit(store.insert_batch, [opening()])
            eventually(lambda: waiting_for_a_lock(store))
            assert store.max_notification_id() == 0
        assert second.result() == [[2]]
    assert positions(owner) == [1, 2]


def waiting_for_a_lock(store: PostgresCaseRecorder) -> bool:
    with store.datastore.get_connection() as connection:
        found = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return [row["count"] for row in found] == [1]


def test_the_library_s_function_lets_others_overtake(postgres_url: str, schema: str, owner: Connection) -> None:
    """The negative control: a reader who has seen position 2 never returns for position 1."""
    with library_store(postgres_url, schema, POSTGRES_ENABLE_DB_FUNCTIONS="y") as theirs:
        table = theirs.events_table_name
        with owner.transaction():
            owner.execute(
                SQL("INSERT INTO {} (originator_id, originator_version, topic, state) VALUES (%s, 1, '', '')").format(
                    Identifier(table)
                ),
                (uuid4(),),
            )
            theirs.insert_events(opening())
            assert [line.id for line in theirs.select_notifications(1, 10)] == [2]


def test_the_setting_that_loses_events_is_refused(postgres_url: str, schema: str) -> None:
    with (
        pytest.raises(StoreUnusable, match="漏读"),
        postgres_store(postgres_url, schema, POSTGRES_ENABLE_DB_FUNCTIONS="y"),
    ):
        raise AssertionError("the store was opened")


def test_what_was_rolled_back_leaves_no_gap(store: PostgresCaseRecorder, owner: Connection) -> None:
    with owner.transaction(force_rollback=True):
        owner.execute(ARRAYS, (uuid4(),))
    with pytest.raises(psycopg.errors.NotNullViolation):
        owner.execute(PLAIN, (None,))
    assert store.insert_batch([opening(), opening()]) == [[1], [2]]


def test_stores_of_one_database_do_not_wait_for_each_other(
    store: PostgresCaseRecorder, owner: Connection, postgres_url: str, tmp_path: Path
) -> None:
    with postgres_store(postgres_url, schema_of(postgres_url, tmp_path / "other")) as other, owner.transaction():
        owner.execute(ARRAYS, (uuid4(),))
        assert other.insert_batch([opening()]) == [[1]]


def test_a_turn_that_does_not_come_is_an_error_and_not_a_conflict(
    store: PostgresCaseRecorder, owner: Connection, schema: str
) -> None:
    """However long its holder takes: nobody who waits does so for ever."""
    with owner.transaction():
        owner.execute(ARRAYS, (uuid4(),))
        with pytest.raises(OperationalError, match="lock timeout") as failure:
            store.insert_batch([opening()])
    assert not isinstance(failure.value, IntegrityError)
    assert store.insert_batch([opening()]) == [[2]]


def test_a_table_that_is_locked_stops_nobody_for_ever(store: PostgresCaseRecorder, owner: Connection) -> None:
    with owner.transaction():
        owner.execute("LOCK TABLE case_numbers")
        with pytest.raises(OperationalError, match="lock timeout"):
            store.reserve_case_numbers("20260216", 1)
    assert store.reserve_case_numbers("20260216", 1) == 1


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_whatever_isolation_is_the_default_nobody_falls_over_who_came_before(
    postgres_url: str, schema: str, store: PostgresCaseRecorder, owner: Connection, isolation: str
) -> None:
    owner.execute(f"ALTER ROLE CURRENT_USER SET default_transaction_isolation = '{isolation}'".encode())
    try:
        with postgres_store(postgres_url, schema) as second, ThreadPoolExecutor(1) as elsewhere:
            with owner.transaction():
                owner.execute(ARRAYS, (uuid4(),))
                waiting = elsewhere.submit(second.insert_batch, [opening()])
                eventually(lambda: waiting_for_a_lock(store))
            assert waiting.result() == [[2]]
    finally:
        owner.execute("ALTER ROLE CURRENT_USER RESET default_transaction_isolation")


def test_a_batch_is_announced_once(store: PostgresCaseRecorder, owner: Connection) -> None:
    owner.execute("LISTEN stored_events")
    case = uuid4()
    store.insert_batch([opening(), opening(), [event(case, 1), event(case, 2)]], [frozenset({(uuid4().hex, 1)})] * 3)
    store.insert_batch([[event(case, 2)]])
    assert [notice.payload for notice in owner.notifies(timeout=0.2)] == ["4"]


# Two processes write, and a third follows.

EACH = 60
SLOW = """
    CREATE FUNCTION dawdle() RETURNS TRIGGER LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(0.01 * random()); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON {} DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION dawdle()"""
"""Some commits take longer than others, as they do on a busy disk."""


def write(url: str, schema: str, ready: Ready) -> None:
    """In a process of its own."""
    with postgres_store(url, schema) as store:
        write_to(store, ready)


def write_as_the_library(url: str, schema: str, ready: Ready) -> None:
    with library_store(url, schema, POSTGRES_ENABLE_DB_FUNCTIONS="y", CREATE_TABLE="n") as theirs:
        write_to(theirs, ready)


def write_to(recorder: Any, ready: Ready) -> None:
    ready()
    for _ in range(EACH):
        recorder.insert_events(opening())


def followed(recorder: Any, work: Any) -> list[int]:
    """What a reader sees who follows the positions while two processes do the work."""
    seen = [0]
    with crew(work, work) as writers:
        writing = True
        while writing or seen[-1] < recorder.max_notification_id():
            writing = writers.working()
            seen += [line.id for line in recorder.select_notifications(seen[-1] + 1, 1000)]
        assert writers.results() == [None, None]
    return seen[1:]


def test_who_follows_two_processes_misses_nothing(
    store: PostgresCaseRecorder, owner: Connection, postgres_url: str, schema: str
) -> None:
    owner.execute(SLOW.format("stored_events").encode())
    assert followed(store, partial(write, postgres_url, schema)) == list(range(1, 2 * EACH + 1))


def test_who_follows_the_library_s_function_misses_some(owner: Connection, postgres_url: str, schema: str) -> None:
    """The negative control."""
    with library_store(postgres_url, schema, POSTGRES_ENABLE_DB_FUNCTIONS="y") as theirs:
        owner.execute(SLOW.format(theirs.events_table_name).encode())
        seen = followed(theirs, partial(write_as_the_library, postgres_url, schema))
        assert len(seen) < len(theirs.select_notifications(1, 1000)) == 2 * EACH
