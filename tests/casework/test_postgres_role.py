"""A role that may only add and read serves, and can do nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, PersistenceError
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier, Literal

from domain.casework.postgres import PostgresCaseRecorder
from domain.casework.postgres_schema import grant_statements
from tests.casework.crews import Ready, together
from tests.casework.databases import Connection, connected, library_store, positions
from tests.casework.stores import event, opening, postgres_store

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


def write(url: str, schema: str, ready: Ready) -> list[int]:
    """In a process of its own: the positions of what was added."""
    with postgres_store(url, schema) as store:
        ready()
        return [position for _ in range(20) for position in store.insert_events(opening())]


def write_as_the_library(url: str, schema: str, ready: Ready) -> None:
    with library_store(url, schema, CREATE_TABLE="n") as theirs:
        ready()
        theirs.insert_events(opening())


def test_two_processes_of_that_role_serve_at_once(servant: str, schema: str, owner: Connection) -> None:
    here, there = together(*[partial(write, servant, schema)] * 2)
    assert sorted(here + there) == positions(owner) == list(range(1, 41))


def test_two_of_the_library_s_are_both_refused(servant: str, schema: str, owner: Connection) -> None:
    """The negative control."""
    assert [failed.kind for failed in together(*[partial(write_as_the_library, servant, schema)] * 2)] == [
        "ProgrammingError"
    ] * 2
    assert positions(owner) == []
