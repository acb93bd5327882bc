"""bidao doctor --harden: one command of the owner's, after which the service runs behind a fence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr
from typer.testing import Result

from api.opening import open_case_files
from api.settings import Settings
from tests.api.terminal import Terminal
from tests.api.visitor import Clock, Visitor, identity
from tests.backup.operating import bidao
from tests.lives import CLOSED
from tests.postgres import database
from tests.server import serving, settings_for
from tests.stores import Store

DEEDS = (
    "UPDATE stored_events SET state = ''",
    "DELETE FROM stored_events",
    "TRUNCATE stored_events",
    "ALTER TABLE stored_events DISABLE TRIGGER refuse_change",
    "ALTER TABLE stored_events ADD COLUMN note TEXT",
    "DROP TRIGGER refuse_change ON stored_events",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "DROP TABLE stored_events",
    "SET session_replication_role = replica",
)
CHANGES = DEEDS[:3]


@pytest.fixture
def superuser(postgres_url: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """Somebody who may do anything, in a database of the test's own in which nothing is yet."""
    with database(postgres_url) as url, psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(superuser: psycopg.Connection[TupleRow], tmp_path: Path) -> Iterator[Settings]:
    """By the address of its owner, who may make roles and is no superuser."""
    name = f"owner_{uuid4().hex}"
    url = make_conninfo(superuser.info.dsn, user=name)
    of_it = {"role": Identifier(name), "database": Identifier(superuser.info.dbname)}
    superuser.execute(SQL("CREATE ROLE {role} LOGIN CREATEROLE").format(**of_it))
    superuser.execute(SQL("ALTER DATABASE {database} OWNER TO {role}").format(**of_it))
    yield settings_for(tmp_path / "owner", database_url=SecretStr(url))
    superuser.execute(SQL("ALTER DATABASE {database} OWNER TO CURRENT_USER").format(**of_it))
    superuser.execute(SQL("DROP OWNED BY {role} CASCADE; DROP ROLE {role}").format(**of_it))


@pytest.fixture
def role(superuser: psycopg.Connection[TupleRow]) -> Iterator[str]:
    """The name of a role that is not there yet; it is dropped at the end."""
    name = f"clerk_{uuid4().hex}"
    yield name
    if superuser.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchall():
        superuser.execute(SQL("DROP OWNED BY {0} CASCADE; DROP ROLE {0}").format(Identifier(name)))


def hardened(owner: Settings, role: str) -> Result:
    return Terminal(owner).run("doctor", "--harden", "--role", role)


def as_role(owner: Settings, role: str, data: Path) -> Settings:
    url = make_conninfo(owner.postgres or "", user=role)
    return settings_for(data, database_url=SecretStr(url), wait_timeout=20)


def serve(settings: Settings) -> list[object]:
    """A life, then the docket; and the log."""
    clock = Clock()
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        visitor = Visitor(client, clock)
        assert visitor.play(CLOSED).is_success
        seen = client.get("/api/v1/incidents", params={"after": visitor.stored()}, headers=identity("district-desk"))
        assert seen.is_success, seen.text
    with closing(open_case_files(settings)) as files:
        return list(files.store.select_notifications(None, 10_000))


def test_the_role_is_made_serves_and_can_change_nothing(owner: Settings, role: str, tmp_path: Path) -> None:
    told = hardened(owner, role)
    assert told.exit_code == 0, told.output
    for words in ("已新建", "只能读取和添加事件", "对谁都生效", "\\password", "BIDAO_DATABASE_URL", "bidao verify log"):
        assert words in told.output
    served = as_role(owner, role, tmp_path / "data")
    written = serve(served)
    for deed in DEEDS:
        with psycopg.connect(served.postgres or "") as connection, pytest.raises(errors.InsufficientPrivilege):
            connection.execute(deed.encode())
    with closing(open_case_files(served)) as files:
        assert list(files.store.select_notifications(None, 10_000)) == written
    assert Terminal(served).run("doctor").output.count("不能修改或删除事件") == 1


@pytest.mark.parametrize("deed", CHANGES)
def test_the_trigger_refuses_whoever_owns_it_even_as_a_replica(
    superuser: psycopg.Connection[TupleRow], owner: Settings, role: str, deed: str
) -> None:
    hardened(owner, role)
    superuser.execute("SET session_replication_role = replica")
    with psycopg.connect(owner.postgres or "", autocommit=True) as of_owner:
        for connection in (of_owner, superuser):
            with pytest.raises(errors.InsufficientPrivilege, match="only ever added"):
                connection.execute(deed.encode())
        of_owner.execute("ALTER TABLE stored_events DISABLE TRIGGER refuse_change")  # the negative control
        of_owner.execute(deed.encode())


def test_once_more_while_the_service_runs_changes_nothing(owner: Settings, role: str, tmp_path: Path) -> None:
    hardened(owner, role)
    clock, served = Clock(), as_role(owner, role, tmp_path / "data")
    with serving(served, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        visitor = Visitor(client, clock)
        for _ in range(3):
            told = hardened(owner, role)
            assert told.exit_code == 0, told.output
            assert "原来就有" in told.output
            assert "原来就在" in told.output
            assert visitor.play(CLOSED).is_success


def test_an_owner_s_running_service_is_not_disturbed(owner: Settings, role: str, tmp_path: Path) -> None:
    """Until it is restarted with the role's address, its views being the role's already."""
    clock = Clock()
    with serving(owner, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        visitor = Visitor(client, clock)
        visitor.play(CLOSED)
        assert hardened(owner, role).exit_code == 0
        assert visitor.play(CLOSED).is_success
        seen = client.get("/api/v1/incidents", params={"after": visitor.stored()}, headers=identity("district-desk"))
        assert seen.is_success, seen.text
    owner.secret_key.rename(tmp_path / "secret.key")
    serve(as_role(owner, role, tmp_path))


def test_a_fence_that_was_taken_down_is_found_and_put_up_again(owner: Settings, role: str) -> None:
    hardened(owner, role)
    with psycopg.connect(owner.postgres or "", autocommit=True) as connection:
        connection.execute("ALTER TABLE stored_events DISABLE TRIGGER refuse_change")
        connection.execute(SQL("GRANT ALL ON stored_events TO {}").format(Identifier(role)))
    served = Terminal(as_role(owner, role, owner.data))
    told = served.run("doctor")
    assert told.exit_code == 1
    assert "异常 拒绝修改、删除、清空事件的触发器不在，或者被停用、改动过" in told.output
    assert "能修改事件、能删除事件、能清空事件" in told.output
    assert served.run("doctor").output == told.output, "looking mends nothing"
    assert "已重建" in hardened(owner, role).output
    told = served.run("doctor")
    assert "触发器在，对谁都生效" in told.output
    assert "不能修改或删除事件" in told.output


def test_a_role_no_fence_could_hold_is_refused_and_nothing_changed(
    superuser: psycopg.Connection[TupleRow], owner: Settings, role: str
) -> None:
    member = SQL("CREATE ROLE {0} LOGIN CREATEROLE; GRANT {0} TO {1}")
    superuser.execute(member.format(Identifier(role), Identifier(str(conninfo_to_dict(owner.postgres or "")["user"]))))
    told = hardened(owner, role)
    assert told.exit_code == 1
    assert "能建账号，栅栏拦不住它，什么也没有改" in told.output
    with (
        psycopg.connect(as_role(owner, role, owner.data).postgres or "") as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT FROM stored_events")


def test_an_owner_who_may_not_make_roles_is_told_what_to_do(
    superuser: psycopg.Connection[TupleRow], owner: Settings, role: str
) -> None:
    name = Identifier(str(conninfo_to_dict(owner.postgres or "")["user"]))
    superuser.execute(SQL("ALTER ROLE {} NOCREATEROLE").format(name))
    told = hardened(owner, role)
    assert told.exit_code == 1
    assert "现在的账号不能加固" in told.output
    superuser.execute(SQL("CREATE ROLE {0} LOGIN; GRANT {0} TO {1}").format(Identifier(role), name))
    assert hardened(owner, role).exit_code == 0, "one that an administrator made will do"


def test_a_backup_of_a_hardened_store_is_restored_and_hardened_again(
    owner: Settings, role: str, postgres_url: str, tmp_path: Path
) -> None:
    hardened(owner, role)
    served = as_role(owner, role, tmp_path / "data")
    written, path = serve(served), tmp_path / "saved.zip"
    assert bidao(served, "backup", path).exit_code == 0
    with psycopg.connect(owner.postgres or "", autocommit=True) as connection:  # lost; the role is still there
        connection.execute("DROP SCHEMA public, public_views, public_outbox CASCADE")
    lost = owner.model_copy(update={"data": tmp_path / "restored"})
    assert bidao(lost, "restore", path).exit_code == 0
    assert hardened(lost, role).exit_code == 0
    assert serve(as_role(owner, role, lost.data))[: len(written)] == written


def test_without_a_database_there_is_nothing_to_harden(tmp_path: Path) -> None:
    told = Terminal(Store("sqlite").settings(tmp_path)).run("doctor", "--harden")
    assert told.exit_code == 1
    assert "没有 PostgreSQL 数据库可加固" in told.output
    assert list(tmp_path.iterdir()) == []
