"""Which secret a PostgreSQL store belongs to: its processes may run on several machines, and must share one."""

from __future__ import annotations

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from domain.casework.postgres_network import reach
from domain.casework.postgres_schema import not_granted
from domain.casework.store_file import StoreUnusable

_KNOWN = "SELECT fingerprint FROM {schema}.store_secret"
_KEEP = "INSERT INTO {schema}.store_secret VALUES (1, %s) ON CONFLICT DO NOTHING"


def fingerprint_of(url: str, schema: str, offered: bytes | None = None) -> bytes | None:
    """The fingerprint a store knows; the one offered, from now on, where it knew none. Raises `StoreUnusable`.

    Of processes that offer theirs at once, one is heard.
    """
    try:
        with psycopg.connect(url) as connection:
            if offered is not None:
                connection.execute(_of(_KEEP, schema), (offered,))
            known = connection.execute(_of(_KNOWN, schema)).fetchone()
    except psycopg.errors.InsufficientPrivilege as error:
        raise not_granted(reach(url), schema) from error
    except psycopg.Error as error:
        raise StoreUnusable(f"数据库里的密钥指纹读不到（{error}），请确认数据库在运行。") from error
    return None if known is None else bytes(known[0])


def _of(statement: str, schema: str) -> Composed:
    return SQL(statement).format(schema=Identifier(schema))
