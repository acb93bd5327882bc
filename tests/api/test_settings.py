"""What an operator sets, and the secret nobody sees."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from api.secret import SecretUnusable, secret_of
from api.settings import Settings


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
