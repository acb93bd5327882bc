"""The events in PostgreSQL: the same service, and two of them on one database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from pydantic import SecretStr, ValidationError

from api.doctor import examine
from api.settings import Settings
from tests.api.visitor import Clock, Visitor
from tests.lives import CLOSED, REPORT
from tests.postgres import database
from tests.server import serving, settings_for


@pytest.fixture
def settings(postgres_url: str, tmp_path: Path) -> Iterator[Settings]:
    """A service with a database of its own."""
    with database(postgres_url) as url:
        yield settings_for(tmp_path, database_url=SecretStr(url), wait_timeout=20)


def test_a_life_is_kept_in_the_database_and_seen_in_the_views(settings: Settings) -> None:
    clock = Clock()
    with serving(settings, clock) as url, httpx.Client(base_url=url) as client:
        visitor = Visitor(client, clock)
        answer = visitor.play(CLOSED)
        stored = visitor.stored()
        seen = visitor.read(f"/api/v1/incidents?after={answer.json()['position']}")
        assert answer.json()["incident_id"] in seen.text
    assert not settings.events_db.exists()
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url.get_secret_value()) as connection:
        assert connection.execute("SELECT count(*), max(notification_id) FROM stored_events").fetchall() == [
            (stored, stored)
        ]
    assert [finding.sentence for finding in examine(settings) if not finding.fine] == []


def test_a_retry_at_another_process_finds_what_the_first_has_written(settings: Settings) -> None:
    clock = Clock()
    with (
        serving(settings, clock) as here,
        serving(settings, clock) as there,
        httpx.Client(base_url=here) as one,
        httpx.Client(base_url=there) as other,
    ):
        first, second = Visitor(one, clock), Visitor(other, clock)
        again = {"Idempotency-Key": first.new_key()}
        told = first.ask("officer-ge", "report", REPORT, headers=again)
        assert told.is_success, told.text
        before = second.stored()
        assert second.ask("officer-ge", "report", REPORT, headers=again).json() == told.json()
        assert first.stored() == before


@pytest.mark.parametrize("url", ["postgres:/secret", "host=x port", "http://user:secret@host/x"])
def test_an_address_nobody_understands_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        Settings(database_url=SecretStr(url))
    assert "读不懂" in str(wrong.value)
    assert "secret" not in str(wrong.value)
