"""The fence is looked at without changing anything: a hole in it is seen, whatever it was made with."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from domain.casework.postgres import PostgresCaseRecorder
from domain.casework.postgres_fence import close, look, make_role, take_back
from domain.casework.postgres_schema import TABLES, grant_statements
from tests.casework.databases import Connection
from tests.casework.stores import opening

HOLES = (
    "DROP TRIGGER refuse_change ON stored_events",
    "ALTER TABLE stored_events DISABLE TRIGGER refuse_change",
    "ALTER TABLE stored_events ENABLE TRIGGER refuse_change",
    "ALTER TABLE stored_events ENABLE REPLICA TRIGGER refuse_change",
    "CREATE OR REPLACE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON stored_events"
    " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "CREATE OR REPLACE TRIGGER refuse_change BEFORE UPDATE OF topic OR DELETE OR TRUNCATE ON stored_events"
    " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "CREATE OR REPLACE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON stored_events"
    " FOR EACH STATEMENT WHEN (current_user <> 'somebody') EXECUTE FUNCTION refuse_change()",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
)
"""What its owner can do to the trigger; some keep it there by name."""


@pytest.fixture
def role(store: PostgresCaseRecorder, owner: Connection, schema: str) -> Iterator[str]:
    """A role of the service, hardened."""
    role = f"fenced_{schema[-24:]}"
    assert make_role(owner, role)
    assert not make_role(owner, role), "it is there"
    for grant in grant_statements(schema, role):
        owner.execute(grant)
    yield role
    owner.execute(SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(Identifier(role)))


def test_it_stands_in_every_new_store(owner: Connection, schema: str, role: str) -> None:
    assert look(owner, schema, role) == (True, ())


@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_in_the_trigger_is_seen_and_closed(owner: Connection, schema: str, role: str, hole: str) -> None:
    owner.execute(hole.encode())
    assert look(owner, schema, role) == (False, ())
    close(owner, schema)
    assert look(owner, schema, role) == (True, ())
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only ever added"):
        owner.execute("DELETE FROM stored_events")


@pytest.mark.parametrize(
    ("given", "gap"),
    [
        ("GRANT UPDATE (state) ON stored_events TO {}", "能修改事件"),
        ("GRANT DELETE ON stored_events TO {}", "能删除事件"),
        ("GRANT TRUNCATE ON stored_events TO PUBLIC", "能清空事件"),
        ("GRANT TRIGGER ON stored_events TO {}", "能在事件表上建触发器"),
        ("GRANT INSERT ON stored_events TO {}", "能自定事件的位置"),
    ],
)
def test_what_was_granted_beside_is_seen_and_taken_back(
    owner: Connection, schema: str, role: str, given: str, gap: str
) -> None:
    owner.execute(SQL(given).format(Identifier(role)))
    assert look(owner, schema, role) == (True, (gap,))
    take_back(owner, schema, role)
    for grant in grant_statements(schema, role):
        owner.execute(grant)
    assert look(owner, schema, role) == (True, ())


@pytest.mark.parametrize(
    ("given", "gap"),
    [
        ("ALTER ROLE {} CREATEROLE", "能建账号"),
        ("GRANT pg_write_all_data TO {}", "能删除事件"),
        ("ALTER TABLE stored_events OWNER TO {}", "拥有事件表"),
    ],
)
def test_so_is_what_it_is_by_itself(owner: Connection, schema: str, role: str, given: str, gap: str) -> None:
    owner.execute(SQL(given).format(Identifier(role)))
    take_back(owner, schema, role)
    assert gap in look(owner, schema, role).gaps


def test_a_superuser_is_no_fence(owner: Connection, store: PostgresCaseRecorder, schema: str) -> None:
    store.insert_batch([opening()])
    assert {"是超级用户", "拥有事件表", "能删除事件"} <= set(look(owner, schema, owner.info.user).gaps)


def test_the_list_of_privileges_names_every_table(owner: Connection, role: str, schema: str) -> None:
    """One that was forgotten there, the service could not use."""
    there = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema]).fetchall()
    assert {name for (name,) in there} == set(TABLES)
