"""PostgreSQL's own traps: each shown to lose or double something where it is stepped into, and avoided here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from time import sleep
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import DataError, IntegrityError, PersistenceError
from eventsourcing.postgres import PostgresFactory
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier, Literal

from domain.casework.postgres import PostgresCaseRecorder
from domain.casework.postgres_schema import grant_statements
from domain.casework.store_file import StoreUnusable
from tests.casework.cutting import cut_after
from tests.casework.stores import event, opening, postgres_store, schema_of

Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def schema(postgres_url: str, tmp_path: Path) -> str:
    return schema_of(postgres_url, tmp_path)


@pytest.fixture
def store(postgres_url: str, schema: str) -> Iterator[PostgresCaseRecorder]:
    with postgres_store(postgres_url, schema) as store:
        yield store


@pytest.fixture
def owner(postgres_url: str, schema: str) -> Iterator[Connection]:
    """A connection of the owner's, in the schema."""
    with connected(postgres_url, schema) as owner:
        yield owner


@contextmanager
def connected(url: str, schema: str) -> Iterator[Connection]:
    with closing(psycopg.connect(url, autocommit=True, options=f"-c search_path={schema}")) as connection:
        yield connection


@contextmanager
def library_store(url: str, schema: str, **settings: str) -> Iterator[Any]:
    """The library's own recorder, as a negative control."""
    parts = conninfo_to_dict(url)
    env = {
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_PORT": str(parts.get("port", 5432)),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": str(parts.get("password", "")),
        "POSTGRES_SCHEMA": schema,
    }
    with closing(PostgresFactory(env | settings)) as factory:
        yield factory.application_recorder()


def positions(connection: Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT notification_id FROM stored_events ORDER BY 1")]


def eventually(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        sleep(0.01)
    raise AssertionError("it never came about")


# Commit order is the order of positions.

ARRAYS = "SELECT append_events(ARRAY[%s]::UUID[], '{1}', '{incident.arrived}', ARRAY[''::BYTEA])"
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
    owner.execute("ALTER FUNCTION append_events SET lock_timeout = '50ms'")
    with owner.transaction():
        owner.execute(ARRAYS, (uuid4(),))
        with pytest.raises(PersistenceError) as failure:
            store.insert_batch([opening()])
    assert not isinstance(failure.value, IntegrityError)
    assert store.insert_batch([opening()]) == [[2]]


def test_a_batch_is_announced_once(store: PostgresCaseRecorder, owner: Connection) -> None:
    owner.execute("LISTEN stored_events")
    case = uuid4()
    store.insert_batch([opening(), opening(), [event(case, 1), event(case, 2)]])
    store.insert_batch([[event(case, 2)]])
    assert [notice.payload for notice in owner.notifies(timeout=0.2)] == ["4"]


# A role that may only add and read.

CHANGES = ("UPDATE stored_events SET state = ''", "DELETE FROM stored_events", "TRUNCATE stored_events")


@pytest.fixture
def servant(postgres_url: str, store: PostgresCaseRecorder, owner: Connection) -> Iterator[str]:
    """The address of a store for a role that has been granted what the service needs."""
    role = f"servant_{uuid4().hex}"
    owner.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(role)))
    for grant in grant_statements(store.datastore.schema, role):
        owner.execute(grant)
    yield make_conninfo(postgres_url, user=role)
    owner.execute(SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(Identifier(role)))


def test_a_role_that_may_only_add_and_read_serves(servant: str, schema: str) -> None:
    case = uuid4()
    with postgres_store(servant, schema) as store:
        assert store.insert_batch([[event(case, 1)], [event(case, 1)], opening()])[::2] == [[1], [2]]
        assert isinstance(store.insert_batch([[event(case, 1)]])[0], IntegrityError)
        assert len(store.select_case(case)) == 1
        assert store.reserve_case_numbers("20260216", 2) == 1
        assert store.reserve_case_numbers("20260216", 2) == 3


@pytest.mark.parametrize(
    "deed",
    [
        *CHANGES,
        "ALTER TABLE stored_events DISABLE TRIGGER ALL",
        "LOCK TABLE stored_events IN EXCLUSIVE MODE",
        "SELECT setval('stored_events_position', 1)",
        "INSERT INTO stored_events OVERRIDING SYSTEM VALUE SELECT 9, originator_id, 9, topic, state FROM stored_events",
    ],
)
def test_it_may_do_nothing_else(servant: str, store: PostgresCaseRecorder, schema: str, deed: str) -> None:
    store.insert_batch([opening()])
    with (
        connected(servant, schema) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        connection.transaction(),
    ):
        connection.execute(deed.encode())


def test_the_library_s_lock_is_refused_to_it(servant: str, schema: str, owner: Connection) -> None:
    """The negative control: the same grants on the library's table, and its recorder cannot write at all."""
    with library_store(servant, schema, CREATE_TABLE="n") as theirs, pytest.raises(PersistenceError, match="denied"):
        theirs.insert_events(opening())
    assert positions(owner) == []


@pytest.mark.parametrize(
    "deed", ["UPDATE stored_events SET state = ''", "DELETE FROM stored_events", "TRUNCATE stored_events"]
)
@pytest.mark.parametrize("role", ["origin", "replica"])
def test_not_even_the_owner_changes_an_event_by_mistake(
    store: PostgresCaseRecorder, owner: Connection, deed: str, role: str
) -> None:
    store.insert_batch([opening()])
    owner.execute(SQL("SET session_replication_role = {}").format(Literal(role)))
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only ever added"):
        owner.execute(deed.encode())
    assert positions(owner) == [1]


# A connection that fails is a failure and never a conflict.


def test_a_connection_cut_after_the_commit_is_no_conflict(postgres_url: str, schema: str, tmp_path: Path) -> None:
    case = uuid4()
    with postgres_store(postgres_url, schema) as store:
        store.insert_batch([opening()])
        with cut_after(b"SELECT 1\0", postgres_url) as (url, armed), postgres_store(url, schema) as cut:
            armed.set()
            with pytest.raises(PersistenceError) as failure:
                cut.insert_batch([[event(case, 1)]])
            assert not isinstance(failure.value, IntegrityError)
            assert [line.id for line in cut.select_case(case)] == [2], "stored, and found on a new connection"
        assert store.max_notification_id() == 2, "and stored once"


def test_the_library_calls_it_a_conflict(postgres_url: str, schema: str, tmp_path: Path) -> None:
    """The negative control: it tries again by itself and meets its own event."""
    with cut_after(b"COMMIT\0", postgres_url) as (url, armed), library_store(url, schema) as theirs:
        armed.set()
        with pytest.raises(IntegrityError):
            theirs.insert_events(opening())
        assert theirs.max_notification_id() == 1


def test_what_breaks_a_rule_of_the_table_is_no_conflict(store: PostgresCaseRecorder, owner: Connection) -> None:
    owner.execute("ALTER TABLE stored_events ADD CONSTRAINT small CHECK (length(state) < 3)")
    with pytest.raises(DataError):
        store.insert_batch([opening(), opening(b"too long")])
    assert store.insert_batch([opening()]) == [[1]], "nothing of it was stored"


def test_a_backend_that_was_ended_is_replaced(store: PostgresCaseRecorder, owner: Connection) -> None:
    store.insert_batch([opening()])
    owner.execute("""
        SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()""")
    assert store.insert_batch([opening()]) == [[2]]


# Opening.


def test_a_new_store_is_created_once_by_many_at_once(postgres_url: str, schema: str) -> None:
    def opened(_: int) -> int:
        with postgres_store(postgres_url, schema) as store:
            [position] = store.insert_events(opening())
            return position

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(opened, range(8))) == list(range(1, 9))


FOREIGN: dict[str, tuple[str, str]] = {
    "another table": ("CREATE TABLE stored_events (a INT)", "不是必到的事件库"),
    "the library's comment": ("CREATE TABLE stored_events (); COMMENT ON TABLE stored_events IS 'x'", "不是必到"),
    "a later format": ("CREATE TABLE stored_events (); COMMENT ON TABLE stored_events IS 'bidao 2'", "第 2 版"),
    "half a store": ("CREATE TABLE stored_events (); COMMENT ON TABLE stored_events IS 'bidao 1'", "缺少数据表"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_not_ours_is_refused_and_left_alone(
    postgres_url: str, schema: str, owner: Connection, name: str
) -> None:
    made, why = FOREIGN[name]
    owner.execute(made.encode())
    with pytest.raises(StoreUnusable, match=why), postgres_store(postgres_url, schema):
        raise AssertionError("the store was opened")
    assert [
        row[0]
        for row in owner.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'", (schema,)
        )
    ] == ["stored_events"]


def test_a_server_that_forgets_commits_is_refused(postgres_url: str, schema: str) -> None:
    forgetful = make_conninfo(postgres_url, options="-c synchronous_commit=off")
    with pytest.raises(StoreUnusable, match="synchronous_commit"), postgres_store(forgetful, schema):
        raise AssertionError("the store was opened")


def test_a_server_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    nowhere = make_conninfo(host=str(tmp_path), user="nobody") + " password=secret"
    with (
        pytest.raises(StoreUnusable, match="BIDAO_DATABASE_URL") as trouble,
        postgres_store(nowhere, "public", POSTGRES_CONNECT_TIMEOUT="1"),
    ):
        raise AssertionError("the store was opened")
    assert "secret" not in str(trouble.value)


# A large store.


def test_versions_are_looked_up_by_their_index_however_large_the_store_has_grown(
    store: PostgresCaseRecorder, owner: Connection
) -> None:
    """The function was planned on an empty table, and nothing has told the planner since that it grew."""
    for _ in range(8):
        append_many(owner, 1)
    append_many(owner, 20_000)
    with owner.transaction():
        append_many(owner, 100)
        scans = owner.execute(
            "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relid = 'stored_events'::regclass"
        )
        assert scans.fetchall() == [(0,)]


def append_many(connection: Connection, count: int) -> None:
    connection.execute(
        "SELECT append_events(array_agg(gen_random_uuid()), array_agg(1::BIGINT), array_agg('x'::TEXT),"
        " array_agg(''::BYTEA)) FROM generate_series(1, %s)",
        (count,),
    )
