"""A network that vanishes is noticed: on every connection of the store, unless its address says otherwise."""

from __future__ import annotations

import socket
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from domain.casework.postgres_network import noticing
from tests.casework.stores import postgres_store, schema_of
from tests.faults.proxy import proxy


def test_a_connection_gives_up_on_a_silent_network_in_seconds(postgres_url: str, tmp_path: Path) -> None:
    schema = schema_of(postgres_url, tmp_path)
    with (
        proxy(postgres_url) as through,  # reached by TCP, of which a socket file knows nothing
        postgres_store(through.url, schema) as store,
        store.datastore.get_connection() as connection,
        socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as wire,
    ):
        assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 5
        assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000


def test_what_the_address_says_itself_holds() -> None:
    said = conninfo_to_dict(noticing("postgresql://clerk@store/cases?keepalives_idle=60&options=-c%20jit%3Doff"))
    assert (said["host"], said["user"], said["dbname"]) == ("store", "clerk", "cases")
    assert (said["keepalives_idle"], said["connect_timeout"], said["options"]) == ("60", "5", "-c jit=off")
