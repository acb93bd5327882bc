"""The fence around the events in PostgreSQL: a role that can only add and read, and a trigger that refuses the rest.

Whoever owns the table can take it down again. It keeps mistakes and the service's own role out; that nobody
rewrote anything is shown by the transparency log, not by this.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

from domain.casework.postgres_schema import REFUSAL, TABLES, fence_statements, table_name

# 58: before, for each statement, of UPDATE, DELETE and TRUNCATE (pg_trigger.h). A trigger with a condition or
# for some columns only would let changes through.
_TRIGGER = """
    SELECT t.tgenabled = 'A' AND t.tgtype = 58 AND t.tgqual IS NULL AND t.tgattr = ''
        AND p.pronamespace = c.relnamespace AND p.prosrc = %(refusal)s AS stands
    FROM pg_class c
    LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'refuse_change' LEFT JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE c.oid = to_regclass(%(events)s)"""
# Who owns a schema may drop what is in it; who may make roles could make itself a member of the owner.
_GAPS = """
    SELECT r.rolsuper AS "是超级用户", r.rolcreaterole AS "能建账号",
        pg_has_role(r.oid, c.relowner, 'MEMBER') AS "拥有事件表",
        pg_has_role(r.oid, n.nspowner, 'MEMBER') AS "拥有事件所在的模式",
        has_any_column_privilege(r.oid, c.oid, 'UPDATE') AS "能修改事件",
        has_table_privilege(r.oid, c.oid, 'DELETE') AS "能删除事件",
        has_table_privilege(r.oid, c.oid, 'TRUNCATE') AS "能清空事件",
        has_table_privilege(r.oid, c.oid, 'TRIGGER') AS "能在事件表上建触发器",
        has_column_privilege(r.oid, c.oid, 'notification_id', 'INSERT') AS "能自定事件的位置"
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_roles r
    WHERE c.oid = to_regclass(%(events)s) AND r.rolname = %(role)s"""
_HAS_ROLE = "SELECT FROM pg_roles WHERE rolname = %s"
_IS_SUPERUSER = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"


class Fence(NamedTuple):
    """How it stands towards a role: whether the trigger refuses every change, and what the role could do beside."""

    trigger: bool
    gaps: tuple[str, ...]
    """In words: 能删除事件."""


def look(connection: Connection[Any], schema: str, role: str) -> Fence:
    """Changes nothing. The schema holds a store, and there is such a role."""
    asked = {"events": table_name(schema), "role": role, "refusal": REFUSAL}
    with connection.cursor(row_factory=dict_row) as cursor:
        [trigger] = cursor.execute(_TRIGGER, asked).fetchall()
        [gaps] = cursor.execute(_GAPS, asked).fetchall()
    return Fence(bool(trigger["stands"]), tuple(gap for gap, open_ in gaps.items() if open_))


def make_role(connection: Connection[Any], role: str) -> bool:
    """A role that may log in and nothing else, unless there is one of that name; whether it was made.

    An owner who is no superuser becomes its member, or could not hand anything over to it.
    """
    with connection.cursor() as cursor:
        if cursor.execute(_HAS_ROLE, [role]).fetchall():
            return False
        cursor.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(role)))
        [[superuser]] = cursor.execute(_IS_SUPERUSER).fetchall()
        if not superuser:
            cursor.execute(SQL("GRANT {} TO CURRENT_USER").format(Identifier(role)))
    return True


def take_back(connection: Connection[Any], schema: str, role: str) -> None:
    """Whatever the role, or everybody, was granted on the tables of the store; what it needs is granted after."""
    tables = SQL(", ").join(Identifier(schema, table) for table in TABLES)
    connection.execute(SQL("REVOKE ALL ON {} FROM {}, PUBLIC").format(tables, Identifier(role)))


def close(connection: Connection[Any], schema: str) -> None:
    """The trigger as it should be. Waits for whoever writes just then."""
    for statement in fence_statements(schema):
        connection.execute(statement)
