"""bidao grant: what the role of the service may do in the database, given by the role that owns the store."""

from __future__ import annotations

from typing import Annotated

import psycopg
import typer
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier
from rich.markup import escape

from api.commands.enacting import WRONG, console
from api.opening import open_case_files
from api.settings import Settings
from domain.casework.postgres_schema import grant_statements, table_name

_RELATIONS = "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relkind IN ('r', 'v')"


def grant(role: Annotated[str, typer.Argument(help="服务所用的数据库账号，须已建好")]) -> None:
    """授权：用建库的账号运行一次；服务的账号从此只能读取和添加事件，视图和通知归它自己。"""
    settings = Settings()
    if settings.postgres is None:
        console.print("[red]没有 PostgreSQL 数据库可授权，请先设置 BIDAO_DATABASE_URL。[/]")
        raise typer.Exit(WRONG)
    open_case_files(settings).close()
    try:
        with psycopg.connect(settings.postgres) as connection:
            for statement in grant_statements(settings.database_schema, role):
                connection.execute(statement)
            for schema in (settings.views_schema, settings.outbox_schema):
                if is_taken(connection, schema):
                    console.print(f"[red]模式 {schema} 里是另一个事件库，没有授权：请先把它改名。[/]")
                    connection.rollback()
                    raise typer.Exit(WRONG)
                _hand_over(connection, schema, role)
    except psycopg.errors.UndefinedObject:
        console.print(f"[red]数据库里没有账号 {escape(role)}，请先建好再授权。[/]")
        raise typer.Exit(WRONG) from None
    except psycopg.errors.InsufficientPrivilege as refused:
        said = escape(str(refused).strip())
        console.print(f"[red]现在的账号不能授权（{said}），请用建库的账号，并使它是 {escape(role)} 的成员。[/]")
        raise typer.Exit(WRONG) from None
    console.print(f"已授权：账号 {escape(role)} 只能读取和添加事件。")


def is_taken(connection: psycopg.Connection[TupleRow], schema: str) -> bool:
    """Whether a schema that would be the role's holds events."""
    [[taken]] = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [table_name(schema)]).fetchall()
    return bool(taken)


def _hand_over(connection: psycopg.Connection[TupleRow], schema: str, role: str) -> None:
    """Views and messages are the role's own, those that the owner made before as well (a restore builds views)."""
    names = {"schema": Identifier(schema), "role": Identifier(role)}
    connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {schema}").format(**names))
    connection.execute(SQL("ALTER SCHEMA {schema} OWNER TO {role}").format(**names))
    for (relation,) in connection.execute(_RELATIONS, [Identifier(schema).as_string()]).fetchall():
        change = SQL("ALTER TABLE {schema}.{relation} OWNER TO {role}")
        connection.execute(change.format(relation=Identifier(relation), **names))
