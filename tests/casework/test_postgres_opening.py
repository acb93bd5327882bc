"""A store is made once, by whoever comes first, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from domain.casework.postgres import PostgresCaseRecorder
from domain.casework.store_file import StoreUnusable
from tests.casework.crews import Failed, Ready, together
from tests.casework.databases import Connection, library_store
from tests.casework.stores import opening, postgres_store

SLOW = """
    CREATE FUNCTION dawdle() RETURNS EVENT_TRIGGER LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); END';
    CREATE EVENT TRIGGER dawdle ON ddl_command_end EXECUTE FUNCTION dawdle()"""


@pytest.fixture
def slowly(owner: Connection) -> Iterator[None]:
    """Whatever is created takes so long that whoever creates it at the same time meets it half made."""
    owner.execute(SLOW.encode())
    yield
    owner.execute("DROP EVENT TRIGGER dawdle")


def open_and_add(url: str, schema: str, ready: Ready) -> int:
    """In a process of its own."""
    ready()
    with postgres_store(url, schema) as store:
        [position] = store.insert_events(opening())
        return position


def open_as_the_library(url: str, schema: str, ready: Ready) -> None:
    ready()
    with library_store(url, schema):
        pass


@pytest.mark.usefixtures("slowly")
def test_a_new_store_is_created_once_by_processes_that_open_it_at_once(postgres_url: str, schema: str) -> None:
    opened = together(*[partial(open_and_add, postgres_url, schema)] * 3)
    assert sorted(opened) == [1, 2, 3]


@pytest.mark.usefixtures("slowly")
def test_one_of_the_library_s_falls_over_the_other(postgres_url: str, schema: str) -> None:
    """The negative control."""
    opened = together(*[partial(open_as_the_library, postgres_url, schema)] * 2)
    assert [type(result) for result in opened].count(Failed) == 1


FOREIGN: dict[str, tuple[str, str]] = {
    "another table": ("CREATE TABLE stored_events (a INT)", "不是必到的事件库"),
    "the library's comment": ("CREATE TABLE stored_events (); COMMENT ON TABLE stored_events IS 'x'", "不是必到"),
    "a later format": ("CREATE TABLE stored_events (); COMMENT ON TABLE stored_events IS 'bidao 3'", "第 3 版"),
    "half a store": ("CREATE TABLE stored_events (); COMMENT ON TABLE stored_events IS 'bidao 2'", "缺少数据表"),
    "plain words": ("CREATE TABLE stored_events (); COMMENT ON TABLE stored_events IS 'bidao 1'", "还没有密封"),
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


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "EUC_CN"])
def test_a_database_of_another_encoding_is_refused(postgres_url: str, encoding: str) -> None:
    name = f"encoded_{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0".encode())
        try:
            with (
                pytest.raises(StoreUnusable, match=encoding),
                postgres_store(make_conninfo(postgres_url, dbname=name), "public"),
            ):
                raise AssertionError("the store was opened")
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


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
        "SELECT append_events(array_agg(id), array_agg(1::BIGINT), array_agg('x'::TEXT), array_agg(''::BYTEA),"
        " array_agg(id), array_agg(0::BIGINT)) FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, %s)) new",
        (count,),
    )
