"""How long PostgreSQL and its client believe in each other: a network that vanishes is noticed within seconds.

Unnoticed, the client would wait for an answer that never comes; and the server, where the connection broke
between an append and its commit, would keep everybody else waiting for their turn. Both do so for hours by default.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import PGconn, Ping

from domain.casework.store_file import StoreUnusable

RECONNECT = 2.0
"""Seconds after which a pool gives up on a new connection; the next caller makes it try at once. Unless it gave
up, it would pause for longer and longer, and not notice that the server is back.
"""
_CLIENT = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_SERVER = b"""
    SET tcp_keepalives_idle TO 5; SET tcp_keepalives_interval TO 2; SET tcp_keepalives_count TO 3;
    SET tcp_user_timeout TO 10000"""
_SESSION = b"""
    SET default_transaction_isolation TO 'read committed'; SET default_transaction_read_only TO off;
    SET default_transaction_deferrable TO off; SET lock_timeout TO '5s'; SET client_encoding TO 'UTF8'"""

_TRIED = (
    ({"target_session_attrs": "any"}, "只连到不能写入的服务器，请把主库写进 BIDAO_DATABASE_URL，或者等主库恢复"),
    (
        {"target_session_attrs": "any", "dbname": "postgres"},
        "服务器和账号都对，库进不去，请核对 BIDAO_DATABASE_URL 里的库名，并确认这个库已经建好",
    ),
)
"""What a server that refuses us might grant, and what that says."""


def noticing(url: str) -> str:
    """The same address, by which the client notices; what the address says itself holds."""
    return make_conninfo("", **{**_CLIENT, **conninfo_to_dict(url)})


def notice(connection: Connection[Any]) -> None:
    """Let the server notice on this connection. It has no effect on a socket file."""
    connection.execute(_SERVER)


def configure(connection: Connection[Any]) -> None:
    """What the events rely on, whatever role or database have as their defaults: each statement sees what was
    committed before it, and nobody waits for a lock for ever.
    """
    connection.execute(_SESSION)


def reach(url: str) -> str:
    """Connect once, and say as which role. Raises `StoreUnusable`, which says what is wrong and no password."""
    try:
        with psycopg.connect(noticing(url)) as connection:
            return connection.info.user
    except psycopg.OperationalError as error:
        said = " ".join(str(error).split())
        raise StoreUnusable(f"数据库连不上：{_why_not(url)}（{said}）。") from error


def _why_not(url: str) -> str:
    """Told apart by what the server does: it gives the driver no code, and its words are in its own language."""
    match PGconn.ping(noticing(url).encode()):
        case Ping.OK:
            granted = (what for change, what in _TRIED if _connects(make_conninfo(url, **change)))
            return next(granted, "服务器不接受这个账号，请核对 BIDAO_DATABASE_URL 里的账号和口令")
        case Ping.REJECT:
            return "服务器正在启动或停止，请稍后再试"
        case _:
            return "服务器没有应答，请核对 BIDAO_DATABASE_URL 里的主机和端口，并确认 PostgreSQL 在运行"


def _connects(url: str) -> bool:
    try:
        psycopg.connect(noticing(url)).close()
    except psycopg.OperationalError:
        return False
    return True
