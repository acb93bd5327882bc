"""The role of the service is given no more than it needs, by a command of the owner's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr
from typer import Exit

from api.commands.granting import grant
from api.doctor import examine
from api.opening import open_case_files
from api.settings import Settings
from domain.casework.fingerprint import fingerprint_of
from domain.casework.store_file import StoreUnusable
from tests.api.visitor import Clock, Visitor, identity
from tests.lives import CLOSED
from tests.postgres import database
from tests.server import serving, settings_for

OWNER, ROLE = "grant_owner", "grant_service"


@pytest.fixture
def owned(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database of an owner who is no superuser, and may act for the role of the service."""
    with database(postgres_url) as url, psycopg.connect(postgres_url, autocommit=True) as superuser:
        name = conninfo_to_dict(url)["dbname"]
        owner, role = Identifier(f"{OWNER}_{name}"[:63]), Identifier(f"{ROLE}_{name}"[:63])
        superuser.execute(
            SQL("CREATE ROLE {} LOGIN; CREATE ROLE {} LOGIN; GRANT {} TO {}").format(owner, role, role, owner)
        )
        superuser.execute(SQL("ALTER DATABASE {} OWNER TO {}").format(Identifier(str(name)), owner))
        monkeypatch.setenv("BIDAO_DATABASE_URL", make_conninfo(url, user=f"{OWNER}_{name}"[:63]))
        yield make_conninfo(url, user=f"{ROLE}_{name}"[:63])
        with psycopg.connect(url, autocommit=True) as inside:
            inside.execute(SQL("DROP OWNED BY {0}, {1} CASCADE").format(owner, role))
        superuser.execute(SQL("ALTER DATABASE {} OWNER TO CURRENT_USER").format(Identifier(str(name))))
        superuser.execute(SQL("DROP ROLE {0}, {1}").format(owner, role))


def ailments(settings: Settings) -> list[str]:
    """What the doctor finds wrong, the calendar apart: whether it is there depends on the date of the test."""
    return [found.sentence for found in examine(settings) if not found.fine and "工作日历" not in found.sentence]


def test_a_granted_role_serves_and_cannot_change_what_is_written(owned: str, tmp_path: Path) -> None:
    role = str(conninfo_to_dict(owned)["user"])
    grant(role)
    grant(role)  # once more does no harm
    settings, clock = settings_for(tmp_path, database_url=SecretStr(owned), wait_timeout=20), Clock()
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        visitor = Visitor(client, clock)
        visitor.play(CLOSED)
        seen = client.get("/api/v1/incidents", params={"after": visitor.stored()}, headers=identity("district-desk"))
        assert seen.is_success, "or it ends before its views have seen all"
    assert ailments(settings) == []
    with psycopg.connect(owned) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute("DELETE FROM stored_events")


def test_a_role_that_was_not_granted_anything_is_told_how_it_is(owned: str, tmp_path: Path) -> None:
    role = str(conninfo_to_dict(owned)["user"])
    settings = settings_for(tmp_path / "data", database_url=SecretStr(owned))
    with pytest.raises(StoreUnusable, match=f"bidao grant {role}"):
        open_case_files(settings)
    open_case_files(settings_for(tmp_path, database_url=Settings().database_url)).close()
    with pytest.raises(StoreUnusable, match=f"bidao grant {role}"):
        open_case_files(settings)
    with pytest.raises(StoreUnusable, match=f"bidao grant {role}"):
        fingerprint_of(owned, "public")
    wrong = [finding.sentence for finding in examine(settings) if not finding.fine]
    assert wrong
    assert all(f"bidao grant {role}" in sentence for sentence in wrong), wrong


def test_granting_leaves_no_folder(owned: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    grant(str(conninfo_to_dict(owned)["user"]))
    assert list(tmp_path.iterdir()) == []


def test_what_the_owner_made_before_goes_to_the_role(owned: str, tmp_path: Path) -> None:
    clock = Clock()
    by_owner = settings_for(tmp_path, database_url=Settings().database_url)
    with serving(by_owner, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        Visitor(client, clock).play(CLOSED)
    grant(str(conninfo_to_dict(owned)["user"]))
    by_role = settings_for(tmp_path, database_url=SecretStr(owned))
    with serving(by_role, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        assert Visitor(client, clock).play(CLOSED).is_success


def test_on_a_hardened_database_it_gets_what_was_taken_from_everybody(owned: str, tmp_path: Path) -> None:
    address = Settings().postgres or ""
    with psycopg.connect(address, autocommit=True) as owner:
        name = Identifier(str(conninfo_to_dict(address)["dbname"]))
        owner.execute(SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(name))
        owner.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    role = str(conninfo_to_dict(owned)["user"])
    grant(role)
    settings, clock = settings_for(tmp_path, database_url=SecretStr(owned), wait_timeout=20), Clock()
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        visitor = Visitor(client, clock)
        assert visitor.play(CLOSED).is_success
        assert visitor.read(f"/api/v1/incidents?after={visitor.stored()}").is_success, "its views have seen all"
    assert ailments(settings) == []
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute(SQL("REVOKE TEMPORARY ON DATABASE {} FROM {}").format(name, Identifier(role)))
        owner.execute(SQL("REVOKE EXECUTE ON FUNCTION append_events FROM {}").format(Identifier(role)))
    told = [finding.sentence for finding in examine(settings) if not finding.fine]
    assert any("不能读取和添加事件" in sentence for sentence in told)
    assert any("不能建临时表" in sentence for sentence in told)


def test_events_of_another_store_are_not_handed_over(owned: str, capsys: pytest.CaptureFixture[str]) -> None:
    with psycopg.connect(Settings().postgres or "", autocommit=True) as owner:
        owner.execute("CREATE SCHEMA public_outbox; CREATE TABLE public_outbox.stored_events ()")
        with pytest.raises(Exit):
            grant(str(conninfo_to_dict(owned)["user"]))
        owners = owner.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'stored_events'").fetchall()
        user = owner.info.user
    assert "public_outbox 里是另一个事件库" in " ".join(capsys.readouterr().out.split())
    assert owners == [(user,)] * 2


def test_a_role_that_is_not_there_is_said_so(owned: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit):
        grant("nobody_of_this_name")
    assert "没有账号 nobody_of_this_name" in capsys.readouterr().out


def test_without_a_database_there_is_nothing_to_grant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BIDAO_DATABASE_URL", raising=False)
    assert Settings().postgres is None
    with pytest.raises(Exit):
        grant("anybody")
    assert "没有 PostgreSQL 数据库" in capsys.readouterr().out
