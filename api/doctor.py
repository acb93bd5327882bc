"""体检: what an operator wants to know before trusting a store."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import Identifier

from api.findings import Finding, built, durable, followed, sealed
from api.opening import look_into, open_case_files, open_sealer, open_territory, open_views, require_case_files
from api.outside.standing import standing_of
from api.secret import fingerprint, secret_of
from api.settings import Settings, is_loopback
from domain.casework.books import books
from domain.casework.case_files import CaseFiles
from domain.casework.fingerprint import fingerprint_of
from domain.casework.postgres_fence import look
from domain.casework.postgres_network import reach
from domain.casework.postgres_schema import is_complete, not_granted, remedy, table_name
from domain.casework.store_file import StoreUnusable
from domain.clocks import SHANGHAI, Clocks
from domain.territory import Territory

PAGE = 5_000
SEALING_MAY_TAKE = 2.0
"""Seconds for the running service to seal what is stored already."""
VIEWS_MAY_TAKE = 2.0
"""Seconds for the running service to show what is stored already."""
_SERVER = """
    SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS standby,
        current_setting('synchronous_commit') AS waits, current_setting('synchronous_standby_names') <> '' AS copied"""
_RIGHTS = """
    SELECT current_user AS role,
        has_table_privilege(%(events)s, 'SELECT') AND has_any_column_privilege(%(events)s, 'INSERT')
            AND (SELECT bool_and(has_function_privilege(p.oid, 'EXECUTE')) FROM pg_proc p, pg_class c
                WHERE c.oid = to_regclass(%(events)s) AND p.pronamespace = c.relnamespace
                AND p.proname = 'append_events') AS appends,
        has_database_privilege(current_database(), 'TEMPORARY') AS temporary,
        has_database_privilege(current_database(), 'CREATE') OR (
            SELECT count(*) FROM pg_namespace
            WHERE nspname = ANY(%(beside)s) AND has_schema_privilege(oid, 'CREATE')) = 2 AS keeps"""


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; one failing look does not hide the others. Nothing is made that is not there."""
    try:
        require_case_files(settings)
    except StoreUnusable as missing:
        return [Finding(False, str(missing))]
    looks: list[Callable[[Settings], Iterator[Finding]]] = [_store, _log, _outside, _registers, _doors]
    if settings.postgres is None:
        return _found(looks, settings)
    of_server = _found([_server], settings)
    return of_server + _found(looks if all(one.fine for one in of_server) else [_doors], settings)


def _found(looks: Iterable[Callable[[Settings], Iterator[Finding]]], settings: Settings) -> list[Finding]:
    return [finding for look in looks for finding in _safely(look, settings)]


def _safely(look: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    try:
        yield from look(settings)
    except Exception as trouble:  # whatever is broken is a finding
        yield Finding(False, str(trouble))


def _server(settings: Settings) -> Iterator[Finding]:
    """What the database is, and whether it keeps what it acknowledges. Raises what is wrong with the schema."""
    role = reach(settings.postgres or "")
    with psycopg.connect(settings.postgres or "", row_factory=dict_row) as connection:
        [server] = connection.execute(_SERVER).fetchall()
        yield Finding(True, f"PostgreSQL {server['version']}")
        if server["standby"]:
            yield Finding(False, "连到的是只读备机：请把地址改为主库，有多个地址时加上 target_session_attrs=read-write")
        yield durable(server["waits"], copied=server["copied"])
        try:
            made = is_complete(connection.cursor(), settings.database_schema)
        except psycopg.errors.InsufficientPrivilege:
            raise not_granted(role, settings.database_schema) from None
        first = "" if made else f"：首次启动服务时建立；服务的账号无权建立的，{remedy(role)}"
        yield Finding(made, f"数据库模式 {settings.database_schema} {'是' if made else '里还没有'}必到的事件库{first}")
        if made:
            yield from _rights(connection, settings)
            yield _same_secret(settings)


def _rights(connection: psycopg.Connection[Any], settings: Settings) -> Iterator[Finding]:
    events, beside = table_name(settings.database_schema), [settings.views_schema, settings.outbox_schema]
    [role] = connection.execute(_RIGHTS, {"events": events, "beside": beside}).fetchall()
    name = role["role"]

    def may(what: str, *, granted: bool) -> Finding:
        return Finding(granted, f"数据库账号 {name} {f'能{what}' if granted else f'不能{what}：{remedy(name)}'}")

    yield may("读取和添加事件", granted=role["appends"])
    yield from _fence(connection, settings.database_schema, name)
    yield may(f"在模式 {'、'.join(beside)} 里建表", granted=role["keeps"])
    yield may("建临时表（视图靠它更新）", granted=role["temporary"])


def _fence(connection: psycopg.Connection[Any], schema: str, role: str) -> Iterator[Finding]:
    """A store can serve without it, as for a trial; a trigger that is gone, somebody took away."""
    fence = look(connection, schema, role)
    mend = "请换成建库账号的地址，运行 bidao doctor --harden"
    trigger = "在，对谁都生效" if fence.trigger else f"不在，或者被停用、改动过：{mend}"
    yield Finding(fence.trigger, f"拒绝修改、删除、清空事件的触发器{trigger}")
    if fence.gaps:
        yield Finding(True, f"数据库账号 {role} {'、'.join(fence.gaps)}，可以绕过只增不改的限制：正式运行前{mend}")
    else:
        yield Finding(True, f"数据库账号 {role} 不能修改或删除事件，也不能自定位置或停用触发器")


def _same_secret(settings: Settings) -> Finding:
    known = fingerprint_of(settings.postgres or "", settings.database_schema)
    if known is None:
        return Finding(True, "数据库还没有认定密钥，首次启动服务时认定")
    same = settings.secret_key.exists() and known == fingerprint(secret_of(settings.secret_key))
    return Finding(same, f"密钥文件 {settings.secret_key} {'是' if same else '不存在，或者不是'}这个数据库所用的")


def _store(settings: Settings) -> Iterator[Finding]:
    files = open_case_files(settings)
    try:
        if settings.postgres is None:
            yield _file(settings.events_db)
        yield Finding(True, f"事件库可读，共{_readable(files)}条事件，逐条解读无误")
        if not _has_views(settings):
            yield Finding(True, "视图还没有建立，启动服务时自动建立")
            return
        with closing(open_views(settings, files)) as views:
            head = files.store.max_notification_id()
            views.start(leading=False)
            asyncio.run(views.wait_for(head, VIEWS_MAY_TAKE))
            yield followed(views.look(), head)
            yield from map(built, views.underway())
    finally:
        files.close()


def _log(settings: Settings) -> Iterator[Finding]:
    """Whether what is stored is sealed as well."""
    if not settings.log_key.exists():
        yield Finding(True, "没有封存用的密钥，事件不封存：需要的请运行 bidao keys init")
        return
    with closing(open_case_files(settings)) as files, closing(open_sealer(settings, files)) as sealer:
        head, ends = files.store.max_notification_id(), monotonic() + SEALING_MAY_TAKE
        found = sealer.standing()
        while found and not found.failing and found.position < head and monotonic() < ends:
            sleep(SEALING_MAY_TAKE / 20)
            found = sealer.standing()
        if found:
            yield sealed(found, head)


def _outside(settings: Settings) -> Iterator[Finding]:
    """Whether those who are to have the checkpoints have them."""
    yield from (Finding(*told) for told in standing_of(settings))


def _has_views(settings: Settings) -> bool:
    if settings.postgres is None:
        return settings.views_db.exists()
    registry = Identifier(settings.views_schema, "views").as_string()
    with psycopg.connect(settings.postgres) as connection:
        [[made]] = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (registry,)).fetchall()
    return bool(made)


def _file(path: Path) -> Finding:
    with closing(sqlite3.connect(path)) as database:
        [answer] = database.execute("PRAGMA integrity_check(1)").fetchone()
    return Finding(answer == "ok", f"事件库文件检查：{answer}")


def _readable(files: CaseFiles) -> int:
    """Read every stored event with today's models; raises on the first that cannot be read."""
    position = 0
    while page := files.store.select_notifications(position + 1, PAGE):
        files.lines.to_lines(page)
        position = page[-1].id
    return position


def _registers(settings: Settings) -> Iterator[Finding]:
    files = open_case_files(settings)
    try:
        kept = look_into(files)
        yield from _territory(kept.territory if kept.version("territory") else open_territory(settings))
        yield from _calendar(kept.clocks if kept.clocks.calendars else books())
    finally:
        files.close()


def _territory(territory: Territory) -> Iterator[Finding]:
    bare = "、".join(grid.name for grid in territory.uncovered)
    yield Finding(not bare, f"没有网格员的网格：{bare}" if bare else "每个网格都有网格员")


def _calendar(clocks: Clocks) -> Iterator[Finding]:
    now = datetime.now(SHANGHAI)
    years = clocks.calendar_at(now).years
    yield Finding(now.year in years, f"{now.year}年工作日历{'已' if now.year in years else '未'}载入")
    if now.year + 1 not in years:
        yield Finding(True, f"{now.year + 1}年工作日历尚未公布：要用到它的时限显示“未定”")


def _doors(settings: Settings) -> Iterator[Finding]:
    secret = settings.secret_key
    if secret.exists():
        private = stat.S_IMODE(secret.stat().st_mode) & 0o077 == 0
        yield Finding(private, f"密钥文件{'仅本人可读' if private else '他人可读，请改为 0600'}")
    if settings.header_identity:
        local = is_loopback(settings.host)
        yield Finding(local, "请求头身份只在本机可用" if local else "请求头身份不得用于非本机地址")
