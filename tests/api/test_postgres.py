"""Everything in PostgreSQL: the same service, and several of them, with folders of their own, on one database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from api import opening
from api.doctor import examine
from api.findings import Finding, durable
from api.opening import open_case_files, open_casework
from api.secret import SecretUnusable
from api.settings import Settings
from domain.casework.books import RULES
from domain.casework.postgres_schema import grant_statements
from domain.casework.store_file import StoreUnusable
from tests.api.visitor import Clock, Visitor
from tests.lives import CLOSED, REPORT
from tests.server import serving
from tests.stores import Store, store_named

PATIENCE = 60.0
Database = psycopg.Connection[Any]


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Store:
    return store_named("postgres", request)


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    """The owner's connection."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def settings(store: Store, tmp_path: Path) -> Settings:
    return store.settings(tmp_path / "here", wait_timeout=20)


@pytest.fixture
def unfenced(store: Store, tmp_path: Path) -> Settings:
    """Where nothing is there yet; and the service is the owner of whatever it makes."""
    return replace(store, fenced=False).settings(tmp_path / "here", wait_timeout=20)


def elsewhere(settings: Settings, *, secret: bytes | None) -> Settings:
    """The same database, from a machine with a data folder of its own."""
    data = settings.data.with_name("elsewhere")
    data.mkdir(exist_ok=True)
    if secret is not None:
        (data / "secret.key").write_bytes(secret)
    return settings.model_copy(update={"data": data})


@contextmanager
def visiting(settings: Settings, clock: Clock) -> Iterator[Visitor]:
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield Visitor(client, clock)


@contextmanager
def two_machines(settings: Settings) -> Iterator[tuple[Visitor, Visitor]]:
    """Two services with one secret and one clock."""
    clock = Clock()
    with (
        visiting(settings, clock) as here,
        visiting(elsewhere(settings, secret=settings.secret_key.read_bytes()), clock) as there,
    ):
        yield here, there


def test_everything_but_the_secret_is_in_the_database(settings: Settings, postgres: Database) -> None:
    with visiting(settings, Clock()) as visitor:
        case = visitor.play(CLOSED).json()
        assert case["incident_id"] in visitor.read(f"/api/v1/incidents?after={case['position']}").text
        stored = visitor.stored()
    assert [path.name for path in settings.data.iterdir()] == ["secret.key"]
    table = SQL("SELECT count(*), max(notification_id) FROM {}.stored_events")
    found = postgres.execute(table.format(Identifier(settings.database_schema))).fetchall()
    assert found == [(stored, stored)]


def test_a_schema_is_made_once_and_one_that_is_there_is_taken(unfenced: Settings, postgres: Database) -> None:
    given = unfenced.model_copy(update={"database_schema": f"{unfenced.database_schema}_given"})
    postgres.execute(SQL("CREATE SCHEMA {}").format(Identifier(given.database_schema)))
    for one in (unfenced, unfenced, given):
        open_case_files(one).close()
        assert "是必到的事件库" in told(examine(one))


def test_a_retry_at_another_machine_finds_what_the_first_has_written(settings: Settings) -> None:
    with two_machines(settings) as (here, there):
        again = {"Idempotency-Key": here.new_key()}
        first = here.ask("officer-ge", "report", REPORT, headers=again)
        assert first.is_success, first.text
        before = there.stored()
        assert there.ask("officer-ge", "report", REPORT, headers=again).json() == first.json()
        assert here.stored() == before


def test_each_machine_sees_in_the_views_what_the_other_has_written(settings: Settings) -> None:
    with two_machines(settings) as machines:
        for here, there in (machines, machines[::-1]):
            case = here.ask("officer-ge", "report", REPORT).json()
            shown = there.read(f"/api/v1/incidents?after={case['position']}")
            assert case["incident_id"] in shown.text


def test_who_does_not_follow_shows_what_another_keeps(settings: Settings) -> None:
    only_serving, clock = settings.model_copy(update={"follow": False, "wait_timeout": 0.1}), Clock()
    with visiting(only_serving, clock) as here:
        case = here.ask("officer-ge", "report", REPORT).json()
        shown = f"/api/v1/incidents?after={case['position']}"
        assert here.read(shown).json()["code"] == "views-behind"
        with visiting(settings, clock) as there:
            assert case["incident_id"] in there.read(shown).text
        assert case["incident_id"] in here.read("/api/v1/incidents").text


def test_a_register_written_elsewhere_is_in_force_as_soon_as_it_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "REFRESH", 10 * PATIENCE)
    table = {**RULES.model_dump(mode="json", exclude={"valid_from"}), "version": "rules-elsewhere"}
    with two_machines(settings) as (here, there):
        written = here.enact("books", "adopt-rule-table", {"table": table})
        assert written.is_success, written.text
        until = monotonic() + PATIENCE
        while there.read("/api/v1/books/rule-tables").json()["in_force"] != "rules-elsewhere":
            assert monotonic() < until
            sleep(0.01)


# The secret


async def open_once(settings: Settings) -> None:
    await open_casework(settings, open_case_files(settings)).aclose()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_all_processes_of_a_store_have_the_same_secret(settings: Settings) -> None:
    await open_once(settings)
    secret = settings.secret_key.read_bytes()
    without = elsewhere(settings, secret=None)
    with pytest.raises(SecretUnusable, match=r"复制到这里"):
        await open_once(without)
    assert not without.secret_key.exists(), "a secret made here would be the wrong one"
    with pytest.raises(SecretUnusable, match=r"换成原来的 secret\.key"):
        await open_once(elsewhere(settings, secret=secret[::-1]))
    await open_once(elsewhere(settings, secret=secret))


def test_another_secret_is_refused_before_anything_is_served(settings: Settings) -> None:
    with visiting(settings, Clock()):
        pass
    stranger = elsewhere(settings, secret=bytes(32))
    address = {"BIDAO_DATABASE_URL": settings.postgres or "", "BIDAO_DATABASE_SCHEMA": settings.database_schema}
    serve = [sys.executable, "-m", "api", "serve", "--port", "0", "--data", str(stranger.data)]
    answer = subprocess.run(
        serve, check=False, env=os.environ | address, capture_output=True, text=True, timeout=PATIENCE
    )
    assert answer.returncode == 1
    assert "不是这个数据库原来用的" in answer.stdout
    assert "服务地址" not in answer.stdout


# The doctor


def told(findings: list[Finding]) -> str:
    return "\n".join(finding.sentence for finding in findings)


def wrong(findings: list[Finding]) -> list[str]:
    return [finding.sentence for finding in findings if not finding.fine]


def test_the_doctor_knows_the_database(settings: Settings) -> None:
    with visiting(settings, Clock()) as visitor:
        position = visitor.play(CLOSED).json()["position"]
        visitor.read(f"/api/v1/incidents?after={position}")
    findings = examine(settings)
    assert wrong(findings) == []
    for sentence in (
        "PostgreSQL 1",
        "synchronous_commit=on",
        f"共{position}条事件",
        f"视图已跟到第{position}条",
        "密钥",
    ):
        assert sentence in told(findings)


def test_the_doctor_makes_nothing(unfenced: Settings, postgres: Database) -> None:
    [missing] = wrong(examine(unfenced))
    assert f"数据库模式 {unfenced.database_schema} 里还没有必到的事件库" in missing
    assert "bidao grant" in missing
    made = postgres.execute(
        "SELECT count(*) FROM pg_tables WHERE schemaname LIKE %s", (f"{unfenced.database_schema}%",)
    )
    assert made.fetchall() == [(0,)]


def test_the_doctor_tells_of_views_that_lag_and_a_secret_that_is_not_the_store_s(settings: Settings) -> None:
    with visiting(settings, Clock()):
        pass
    open_case_files(settings).close()
    assert any("密钥文件" in sentence for sentence in wrong(examine(elsewhere(settings, secret=None))))
    assert any("密钥文件" in sentence for sentence in wrong(examine(elsewhere(settings, secret=bytes(32)))))


def test_the_doctor_tells_of_a_server_that_forgets_or_cannot_be_reached(settings: Settings) -> None:
    open_case_files(settings).close()
    address = settings.postgres or ""
    forgetful = make_conninfo(address, options="-c synchronous_commit=off")
    gone = make_conninfo(address, dbname="nowhere")
    for url, sentence in ((forgetful, "synchronous_commit"), (gone, "nowhere")):
        assert sentence in "".join(wrong(examine(settings.model_copy(update={"database_url": SecretStr(url)}))))


@pytest.mark.parametrize(
    ("waits", "copied", "fine"),
    [
        ("on", True, True),
        ("remote_apply", True, True),
        ("local", True, False),
        ("remote_write", True, False),
        ("on", False, True),
        ("local", False, True),
        ("off", False, False),
    ],
)
def test_with_a_standby_an_answer_waits_for_it(waits: str, copied: bool, fine: bool) -> None:
    assert durable(waits, copied=copied).fine is fine


@pytest.fixture
def role(unfenced: Settings, postgres: Database) -> Iterator[str]:
    """The service's own, which may only read and add."""
    name, schema = f"role_{unfenced.database_schema}", unfenced.database_schema
    open_case_files(unfenced).close()
    postgres.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(name)))
    for statement in grant_statements(schema, name):
        postgres.execute(statement)
    yield name
    postgres.execute(SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(Identifier(name)))


def test_the_doctor_tells_what_the_role_may_do(unfenced: Settings, postgres: Database, role: str) -> None:
    assert "可以绕过只增不改的限制" in told(examine(unfenced)), "the tests' own role is a superuser"
    url = SecretStr(make_conninfo(unfenced.postgres or "", user=role))
    as_role = unfenced.model_copy(update={"database_url": url})
    [missing] = [sentence for sentence in wrong(examine(as_role)) if "里建表" in sentence]
    assert f"数据库账号 {role} 不能在模式 {unfenced.views_schema}、{unfenced.outbox_schema} 里建表" in missing
    assert f"bidao grant {role}" in missing
    for schema in (unfenced.views_schema, unfenced.outbox_schema):
        postgres.execute(SQL("CREATE SCHEMA {} AUTHORIZATION {}").format(Identifier(schema), Identifier(role)))
    with visiting(as_role, Clock()) as visitor:
        visitor.play(CLOSED)
    findings = examine(as_role)
    assert wrong(findings) == []
    assert f"数据库账号 {role} 不能修改或删除事件" in told(findings)


@pytest.mark.parametrize(
    ("wrong_in", "sentence"),
    [
        ({"dbname": "nowhere"}, "核对 BIDAO_DATABASE_URL 里的库名"),
        ({"user": "nobody_of_this_name", "password": "s3cret"}, "核对 BIDAO_DATABASE_URL 里的账号和口令"),
        ({"host": "127.0.0.1", "port": "1", "password": "s3cret"}, "核对 BIDAO_DATABASE_URL 里的主机和端口"),
        ({"target_session_attrs": "standby"}, "不能写入"),
    ],
    ids=["database", "role", "server", "standby"],
)
def test_what_is_wrong_with_an_address_is_told_at_once_and_without_its_password(
    settings: Settings, wrong_in: dict[str, str], sentence: str
) -> None:
    url = SecretStr(make_conninfo(settings.postgres or "", **wrong_in))
    lost = settings.model_copy(update={"database_url": url})
    with pytest.raises(StoreUnusable) as no:
        open_case_files(lost)
    for said in (str(no.value), "".join(wrong(examine(lost)))):
        assert sentence in said
        assert "s3cret" not in said
        assert "\n" not in said
