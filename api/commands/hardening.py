"""bidao doctor --harden: the fence around the events, put up by the role that owns the store."""

from __future__ import annotations

from typing import Any

import psycopg
import typer
from psycopg.sql import SQL, Identifier
from rich.markup import escape

from api.commands.enacting import WRONG, console
from api.commands.granting import give, owning
from api.settings import Settings
from domain.casework.postgres_fence import close, look, make_role, take_back
from domain.casework.postgres_schema import wait_for_turn

LONGEST = "5s"
"""How long it waits for a table that is in use; the service would wait behind it."""


def harden(settings: Settings, role: str) -> None:
    """Put up the fence and say what was done, and what people still have to do."""
    try:
        done = put_up(settings, role)
    except psycopg.errors.LockNotAvailable:
        console.print("[red]有程序正长时间占用数据表，什么也没有改：请稍后再运行一次。[/]")
        raise typer.Exit(WRONG) from None
    console.print("[green]栅栏已立好：[/]")
    for sentence in done:
        console.print(f"　{escape(sentence)}")
    console.print("还须由人来做：")
    for number, sentence in enumerate(_left(settings, role), 1):
        console.print(f"　{number}. {escape(sentence)}")


def put_up(settings: Settings, role: str) -> list[str]:
    """All of it or nothing, while the service runs; gives what was done, in sentences. Once more does no harm."""
    with owning(settings, role, "加固") as connection:
        return _put_up(connection, settings, role)


def _put_up(connection: psycopg.Connection[Any], settings: Settings, role: str) -> list[str]:
    schema = settings.database_schema
    connection.execute(SQL("SET LOCAL lock_timeout TO {}").format(LONGEST))
    wait_for_turn(connection.cursor(), schema)
    made = make_role(connection, role)
    take_back(connection, schema, role)
    give(connection, settings, role)
    stood = look(connection, schema, role).trigger
    if not stood:
        close(connection, schema)
    if gaps := look(connection, schema, role).gaps:
        console.print(f"[red]账号 {escape(role)} {'、'.join(gaps)}，栅栏拦不住它，什么也没有改。[/]")
        console.print("[red]请另取一个账号名（--role），或先收回它的这些权限和成员身份，再运行一次。[/]")
        raise typer.Exit(WRONG)
    return [
        f"账号 {role} {'已新建，只能登录，还没有口令' if made else '原来就有'}",
        f"它在模式 {schema} 里只能读取和添加事件，位置由数据库给；多余的权限都已收回",
        f"模式 {settings.views_schema}、{settings.outbox_schema}（视图和通知）归它所有",
        f"拒绝修改、删除、清空事件的触发器{'原来就在，对谁都生效' if stood else '不在或不对，已重建，对谁都生效'}",
    ]


def _left(settings: Settings, role: str) -> list[str]:
    quoted = Identifier(role).as_string()
    return [
        f"给账号设口令（psql 里 \\password {quoted}），并在 pg_hba.conf 里准许它登录",
        f"服务的每个进程把 BIDAO_DATABASE_URL 换成账号 {role} 的地址，重启；再用这个地址运行 bidao doctor",
        "建库账号的口令另行封存：拥有事件表的账号和超级用户仍能拆掉栅栏，要证明没有人改过，靠封存和验证"
        "（bidao seal、bidao verify log）",
    ]
