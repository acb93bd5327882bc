"""What an operator sets, and the secret nobody sees."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from api.secret import SecretUnusable, secret_of
from api.settings import Settings
from tests.api.visitor import Clock, Visitor
from tests.lives import REPORT
from tests.server import serving, settings_for


def test_every_setting_is_described_and_has_a_default() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
    assert [name for name, field in Settings.model_fields.items() if field.is_required()] == []


def test_nobody_is_believed_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BIDAO_HEADER_IDENTITY", raising=False)
    assert not Settings().header_identity


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BIDAO_DATA", str(tmp_path))
    monkeypatch.setenv("BIDAO_BODY_LIMIT", "2048")
    monkeypatch.setenv("BIDAO_HEADER_IDENTITY", "1")
    settings = Settings()
    assert (settings.events_db, settings.body_limit, settings.header_identity) == (tmp_path / "events.db", 2048, True)
    monkeypatch.setenv("BIDAO_PORT", "99999")
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize("url", ["postgres:/secret", "host=x port", "http://user:secret@host/x", "memory"])
def test_an_address_nobody_understands_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        Settings(database_url=SecretStr(url))
    assert "读不懂" in str(wrong.value)
    assert "secret" not in str(wrong.value)


@pytest.mark.parametrize(
    "schema", ["pg_temp", "information_schema", "Mixed", "a b", 'a"b', "", "a" * 51, "a_views", "a_outbox"]
)
def test_a_schema_is_a_plain_name_of_our_own(schema: str) -> None:
    with pytest.raises(ValidationError):
        Settings(database_schema=schema)


def test_where_things_are_kept_is_said_by_one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for address, postgres, in_memory in (
        (None, None, False),
        ("memory:", None, True),
        ("postgresql:///x", "postgresql:///x", False),
    ):
        if address is not None:
            monkeypatch.setenv("BIDAO_DATABASE_URL", address)
        settings = Settings()
        assert (settings.postgres, settings.in_memory) == (postgres, in_memory)


def test_stories_are_not_told_to_a_store_that_forgets_them() -> None:
    with pytest.raises(ValidationError, match="BIDAO_DEMO"):
        Settings(demo=True, database_url=SecretStr("memory:"))


def test_a_service_in_memory_leaves_nothing(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "nowhere", database_url=SecretStr("memory:"))
    for _ in range(2):
        clock = Clock()
        with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
            visitor = Visitor(client, clock)
            before = visitor.stored()
            case = visitor.ask("officer-ge", "report", REPORT).json()
            assert case["position"] == before + 1, "the service before this one was forgotten"
            assert case["incident_id"] in visitor.read(f"/api/v1/incidents?after={case['position']}").text
    assert list(tmp_path.iterdir()) == []


def test_the_secret_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    with ThreadPoolExecutor(8) as starting:
        secrets = set(starting.map(secret_of, [path] * 32))
    assert len(secrets) == 1
    assert len(secrets.pop()) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_secret_cut_short_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    path.write_bytes(b"short")
    with pytest.raises(SecretUnusable, match="不完整"):
        secret_of(path)
    assert path.read_bytes() == b"short"
