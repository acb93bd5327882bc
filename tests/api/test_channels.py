"""The ways a message takes: signed as anybody can check, and honest about what did not arrive."""

from __future__ import annotations

import io
import json
import logging
import socket
import sys
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import ValidationError

from api import logs
from api.settings import Settings
from api.watch.channels import Channel, LogChannel, NotDelivered, Webhook, open_channels, signature
from api.watch.messages import Message
from domain.incident.words import Call, ClockName, Kind
from tests.api.receiver import SECRET, answering, is_signed, receiving

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
KEY = b64decode(SECRET.removeprefix("whsec_"))


def message(staff: str = "officer-ge", **changes: object) -> Message:
    fields = {
        "id": str(uuid4()),
        "position": 7,
        "incident_id": str(uuid4()),
        "number": "20260302-000001",
        "kind": Kind.EMERGENCY,
        "district": "district-hecheng",
        "staff": staff,
        "about": Call.RED,
        "clock": ClockName.ARRIVE,
        "turned_at": NOW,
        "due_at": NOW,
        "called_at": NOW,
        "text": "【必到】到场时限亮红灯",
    }
    return Message.model_validate({**fields, **changes})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_the_signature_is_that_of_the_published_example() -> None:
    """From the specification of Standard Webhooks and its libraries."""
    signed = signature(KEY, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.anyio
async def test_a_webhook_is_signed_and_says_what_happened() -> None:
    sent = message()
    with receiving() as receiver:
        webhook = Webhook(receiver.url, KEY, 10, lambda: NOW)
        await webhook.send(sent)
        await webhook.send(sent)
        await webhook.aclose()
    first, again = receiver.posts
    assert first.id == again.id == sent.id
    assert first.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert first.headers["content-type"].startswith("application/cloudevents+json")
    assert is_signed(first)
    assert not is_signed(first._replace(body=first.body.replace(b"emergency", b"ordinary")))
    assert Message.model_validate_json(json.dumps(first.data)) == sent
    event = json.loads(first.body)
    assert (event["specversion"], event["id"], event["subject"]) == ("1.0", sent.id, sent.incident_id)


@pytest.mark.anyio
async def test_whatever_is_not_a_yes_is_a_no() -> None:
    with receiving() as receiver:
        webhook = Webhook(receiver.url, KEY, 0.3, lambda: NOW)
        for status in (301, 400, 410, 500):
            receiver.answers = answering(status)
            assert await refusal(webhook) == f"status-{status}"
        receiver.answers = answering(None)
        assert await refusal(webhook) == "unreachable"
        await webhook.aclose()
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # it listens and never answers
        webhook = Webhook(f"http://127.0.0.1:{deaf.getsockname()[1]}", KEY, 0.3, lambda: NOW)
        assert await refusal(webhook) == "timeout"
    assert await refusal(webhook) == "unreachable"
    await webhook.aclose()


async def refusal(channel: Channel) -> str:
    """Why it does not take a message."""
    with pytest.raises(NotDelivered) as no:
        await channel.send(message())
    return str(no.value)


@pytest.mark.anyio
async def test_the_log_says_it_in_codes() -> None:
    root, written, sent = logging.getLogger(), io.StringIO(), message()
    before = root.handlers[:], root.level
    logs.configure(written)
    try:
        await LogChannel().send(sent)
    finally:
        root.handlers[:], root.level = before
    [line] = [json.loads(line) for line in written.getvalue().splitlines()]
    assert (line["logger"], line["message"], line["staff"]) == ("bidao.duty", sent.id, "officer-ge")
    assert line["text"] == sent.text


GATEWAY = """
class Sms:
    name = "sms"
    async def send(self, message): ...
    async def aclose(self): ...
"""


def test_a_gateway_is_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "town_sms.py").write_text(GATEWAY)
    listed = tmp_path / "town_sms-1.0.dist-info"
    listed.mkdir()
    (listed / "METADATA").write_text("Metadata-Version: 2.1\nName: town-sms\nVersion: 1.0\n")
    (listed / "entry_points.txt").write_text("[bidao.gateways]\nsms = town_sms:Sms\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setenv("BIDAO_GATEWAYS", " sms ,")
    assert [channel.name for channel in open_channels(Settings(), lambda: NOW)] == ["log", "sms"]
    monkeypatch.setenv("BIDAO_GATEWAYS", "sms,email")
    with pytest.raises(ValidationError, match="email"):
        Settings()


def test_a_webhook_needs_an_address_and_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIDAO_WEBHOOK_URL", "https://desk.example/duty?token=x")
    for secret in (None, "whsec_", "whsec_c2hvcnQ=", "whsec_***"):
        if secret is not None:
            monkeypatch.setenv("BIDAO_WEBHOOK_SECRET", secret)
        with pytest.raises(ValidationError, match="BIDAO_WEBHOOK_SECRET"):
            Settings()
    monkeypatch.setenv("BIDAO_WEBHOOK_SECRET", SECRET)
    assert Settings().webhook_key == KEY
    assert "token" not in repr(Settings())
    assert SECRET not in repr(Settings())
    monkeypatch.setenv("BIDAO_WEBHOOK_URL", "desk.example")
    with pytest.raises(ValidationError):
        Settings()
