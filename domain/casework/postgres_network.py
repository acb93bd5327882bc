"""How long PostgreSQL and its client believe in each other: a network that vanishes is noticed within seconds.

Unnoticed, the client would wait for an answer that never comes; and the server, where the connection broke
between an append and its commit, would keep everybody else waiting for their turn. Both do so for hours by default.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

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


def noticing(url: str) -> str:
    """The same address, by which the client notices; what the address says itself holds."""
    return make_conninfo("", **{**_CLIENT, **conninfo_to_dict(url)})


def notice(connection: Connection[Any]) -> None:
    """Let the server notice on this connection. It has no effect on a socket file."""
    connection.execute(_SERVER)
