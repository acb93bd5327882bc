"""The service as it should run in PostgreSQL: in a store its owner hardened, as a role that can only add and read."""

from __future__ import annotations

from functools import cache

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from api.commands.hardening import put_up
from api.settings import Settings

PASSWORD = "known to every test"  # noqa: S105 - of roles that are dropped with their database


def role_of(database: str) -> str:
    """The service's role in a database, made and dropped with it (`tests.postgres.database`)."""
    return f"{database}_service"


@cache
def behind_the_fence(owner: str, schema: str = "public") -> str:
    """The address of a store for the role of the service; the owner of the database makes and hardens it before."""
    role = role_of(str(conninfo_to_dict(owner)["dbname"]))
    put_up(Settings(database_url=SecretStr(owner), database_schema=schema), role)
    return make_conninfo(owner, user=role, password=PASSWORD)
