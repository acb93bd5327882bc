"""What a service under test keeps its events in: the memory, SQLite files, or a schema of a real PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier, Literal
from pydantic import SecretStr

from api.settings import MEMORY, Settings
from tests.fence import behind_the_fence
from tests.server import settings_for

EMPTY: LiteralString = """
    DO $$ DECLARE place REGCLASS; BEGIN
        IF to_regnamespace({0}) IS NULL THEN
            RETURN;
        END IF;
        ALTER TABLE {schema}.stored_events DISABLE TRIGGER refuse_change;
        FOR place IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = ANY(ARRAY[
            to_regnamespace({0})::oid, to_regnamespace({1})::oid, to_regnamespace({2})::oid])
        LOOP
            IF place = to_regclass({1} || '.views') THEN  -- which views there are, and how far each has come
                EXECUTE format('UPDATE %s SET position = 0', place);
            ELSE
                EXECUTE format('DELETE FROM %s', place);
            END IF;
        END LOOP;
        ALTER TABLE {schema}.stored_events ENABLE ALWAYS TRIGGER refuse_change;
    END $$"""
"""Only the owner of a store can do this to it."""


@dataclass(frozen=True, slots=True)
class Store:
    """A kind of store: `memory`, `sqlite`, or `postgres` in the database at `url`, the owner's address.

    The service reaches it behind the fence, unless it is not `fenced`: then as the owner, and nothing is there yet.
    """

    name: str
    url: str = ""
    fenced: bool = True

    def settings(self, data: Path, **changes: Any) -> Settings:
        """Settings for a test, of a store that is new and nobody else's; `data` is the folder of its files.

        A schema goes with the database at the end of the run.
        """
        return settings_for(data, **self._address(f"test_{uuid4().hex}"), **changes)

    def emptied(self, data: Path, schema: str) -> Settings:
        """The same for one test after the other: in PostgreSQL they use one schema, which each finds empty.

        A fifth of a second is spared each time, which it takes to make the tables and indices of the views.
        """
        settings = settings_for(data, **self._address(schema))
        if self.url:
            with psycopg.connect(self.url) as database:
                places = (settings.database_schema, settings.views_schema, settings.outbox_schema)
                names = [Literal(place) for place in places]
                database.execute(SQL(EMPTY).format(*names, schema=Identifier(schema)))
        return settings

    @contextmanager
    def owner_of(self, settings: Settings) -> Iterator[Callable[[LiteralString], object]]:
        """What the owner of a database may do to a store in it beside the service: each statement counts at once."""
        with self.owned(settings) as cursor:
            yield cursor.execute

    @contextmanager
    def owned(self, settings: Settings) -> Iterator[sqlite3.Cursor | psycopg.Cursor[Any]]:
        """The same, for statements that take parameters."""
        if not self.url:
            with closing(sqlite3.connect(settings.events_db, isolation_level=None)) as file:
                yield file.cursor()
        else:
            looking = make_conninfo(self.url, options=f"-c search_path={settings.database_schema}")
            with psycopg.connect(looking, autocommit=True) as database:
                yield database.cursor()

    def _address(self, schema: str) -> dict[str, Any]:
        if self.name == "postgres":
            url = behind_the_fence(self.url, schema) if self.fenced else self.url
            return {"database_url": SecretStr(url), "database_schema": schema}
        return {"database_url": SecretStr(MEMORY)} if self.name == "memory" else {}


def store_named(name: str, request: pytest.FixtureRequest, *, fenced: bool = True) -> Store:
    """A kind of store by its name. No PostgreSQL is started for a test that does not ask for one."""
    return Store(name, request.getfixturevalue("postgres_url") if name == "postgres" else "", fenced)
