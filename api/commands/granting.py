"""bidao grant: what the role of the service may do in the database, given by the role that owns the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import psycopg
import typer
from psycopg.sql import SQL, Identifier
from rich.markup import escape

from api.commands.enacting import WRONG, console
from api.opening import open_case_files
from api.settings import Settings
from domain.casework.postgres_schema import grant_statements, table_name

_RELATIONS = """
    SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relkind IN ('r', 'v')
        AND relowner <> (SELECT oid FROM pg_roles WHERE rolname = %s)"""


def grant(role: Annotated[str, typer.Argument(help="服务所用的数据库账号，须已建好")]) -> None:
    """授权：用建库的账号运行一次；服务的账号从此只能读取和添加事件，视图和通知归它自己。"""
    settings = Settings()
    with owning(settings, role, "授权") as connection:
        give(connection, settings, role)
    console.print(f"已授权：账号 {escape(role)} 只能读取和添加事件。")


@contextmanager
def owning(settings: Settings, role: str, what: str) -> Iterator[psycopg.Connection[Any]]:
    """One transaction of the owner's in a store, made if new. What stands in its way is said, and ends the program."""
    if settings.postgres is None:
        console.print(f"[red]没有 PostgreSQL 数据库可{what}，请先设置 BIDAO_DATABASE_URL。[/]")
        raise typer.Exit(WRONG)
    open_case_files(settings).close()
    try:
        with psycopg.connect(settings.postgres) as connection:
            yield connection
    except psycopg.errors.UndefinedObject:
        console.print(f"[red]数据库里没有账号 {escape(role)}，请先建好再{what}。[/]")
        raise typer.Exit(WRONG) from None
    except psycopg.errors.InsufficientPrivilege as refused:
        said = escape(str(refused).strip())
        console.print(f"[red]现在的账号不能{what}（{said}），请用建库的账号，并使它是 {escape(role)} 的成员。[/]")
        raise typer.Exit(WRONG) from None


def give(connection: psycopg.Connection[Any], settings: Settings, role: str) -> None:
    """Grant a role what the service needs, once more as well. Ends the program where another store is in the way."""
    for statement in grant_statements(settings.database_schema, role):
        connection.execute(statement)
    for schema in (settings.views_schema, settings.outbox_schema):
        if is_taken(connection, schema):
            console.print(f"[red]模式 {schema} 里是另一个事件库，没有授权：请先把它改名。[/]")
            raise typer.Exit(WRONG)
        _hand_over(connection, schema, role)


def is_taken(connection: psycopg.Connection[Any], schema: str) -> bool:
    """Whether a schema that would be the role's holds events."""
    [[taken]] = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [table_name(schema)]).fetchall()
    return bool(taken)


def _hand_over(connection: psycopg.Connection[Any], schema: str, role: str) -> None:
    """Views and messages are the role's own, those that the owner made before as well (a restore builds views)."""
    names = {"schema": Identifier(schema), "role": Identifier(role)}
    connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {schema}").format(**names))
    connection.execute(SQL("ALTER SCHEMA {schema} OWNER TO {role}").format(**names))
    for (relation,) in connection.execute(_RELATIONS, [Identifier(schema).as_string(), role]).fetchall():
        change = SQL("ALTER TABLE {schema}.{relation} OWNER TO {role}")
        connection.execute(change.format(relation=Identifier(relation), **names))
