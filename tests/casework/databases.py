"""What others do in a schema of ours: its owner, and the library's own recorder, which steps into every trap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from time import sleep
from typing import Any

import psycopg
from eventsourcing.postgres import PostgresFactory
from psycopg.conninfo import conninfo_to_dict

Connection = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def connected(url: str, schema: str) -> Iterator[Connection]:
    with closing(psycopg.connect(url, autocommit=True, options=f"-c search_path={schema}")) as connection:
        yield connection


def library_env(url: str, schema: str) -> dict[str, str]:
    parts = conninfo_to_dict(url)
    return {
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_PORT": str(parts.get("port", 5432)),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": str(parts.get("password", "")),
        "POSTGRES_SCHEMA": schema,
    }


@contextmanager
def library_store(url: str, schema: str, **settings: str) -> Iterator[Any]:
    """The library's own recorder, as a negative control."""
    with closing(PostgresFactory(library_env(url, schema) | settings)) as factory:
        yield factory.application_recorder()


def positions(connection: Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT notification_id FROM stored_events ORDER BY 1")]


def eventually(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        sleep(0.01)
    raise AssertionError("it never came about")
