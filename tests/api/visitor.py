"""Somebody at the HTTP door: asks with the right headers, and plays whole lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from api.settings import Settings
from domain.territory import Territory
from tests.lives import ASKED_BEFORE, PRIMARY, REPORT, SYSTEM, Life

REGISTRY = Territory.model_validate_json(Path(str(Settings.model_fields["registry"].default)).read_bytes())
STAFF = {member.id: member for member in REGISTRY.staff}
START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""A Monday morning at ten in Huaihua."""


@dataclass(slots=True)
class Clock:
    """The server's clock, moved by the test."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, hours: float) -> None:
        self.now += timedelta(hours=hours)


def identity(actor: str) -> dict[str, str]:
    """The header of a member of staff, or of a resident."""
    if actor == SYSTEM:
        return {"Bidao-Actor": f"{actor}; role=system"}
    member = STAFF.get(actor)
    if member is None:
        return {"Bidao-Actor": f"{actor}; role=resident"}
    unit = f"; unit={member.unit}" if member.unit else ""
    return {"Bidao-Actor": f"{actor}; role={member.role}; scope={member.scope}{unit}"}


@dataclass
class Visitor:
    """A client of one running service, with the clock the service goes by."""

    client: httpx.Client
    clock: Clock
    _keys: count[int] = field(default_factory=count)
    _run: str = field(default_factory=lambda: uuid4().hex)

    def new_key(self) -> str:
        return f"{self._run}-{next(self._keys)}"

    def ask(
        self,
        actor: str,
        command: str,
        body: Any = None,
        case: str | None = None,
        headers: Mapping[str, str | None] | None = None,
        **request: Any,
    ) -> httpx.Response:
        """One command, as a careful client sends it; `headers` replace or (None) leave out its own."""
        path = f"/api/v1/incidents/{case}/{command}" if case else "/api/v1/incidents"
        sent = {**identity(actor), "Idempotency-Key": self.new_key(), "If-Match": "*", **(headers or {})}
        if not request:
            request = {"json": {} if body is None else body}
        encoded = [(name.encode(), value.encode()) for name, value in sent.items() if value is not None]
        return self.client.post(path, headers=encoded, **request)

    def enact(
        self, register: str, command: str, body: Any, actor: str = "district-desk", *, key: str = "", **asked: Any
    ) -> httpx.Response:
        """One command on a register; `asked` are query parameters."""
        headers = {**identity(actor), "Idempotency-Key": key or self.new_key()}
        return self.client.post(f"/api/v1/{register}/{command}", json=body, headers=headers, params=asked)

    def play(self, life: Life) -> httpx.Response:
        """A whole life, each turn in its time; gives the answer to the last one."""
        cases: dict[bool, str | None] = {True: None, False: None}
        answer = None
        for turn in life:
            self.clock.forward(turn.hours)
            body = {key: cases[True] if value == PRIMARY else value for key, value in turn.asked.items()}
            self.ask_before(turn.command)
            answer = self.ask(turn.actor, turn.command, body, cases[turn.primary])
            assert answer.is_success, f"{turn.command}: {answer.text}"
            cases[turn.primary] = answer.json()["incident_id"]
        assert answer is not None
        return answer

    def ask_before(self, command: str) -> None:
        """What must be in a register before the example of a command is granted."""
        if before := ASKED_BEFORE.get(command):
            assert self.enact(before.register, before.name, before.example).is_success

    def case(self, life: Life) -> str:
        """The id of the case a life is about."""
        incident_id: str = self.play(life).json()["incident_id"]
        return incident_id

    def report(self, actor: str = "officer-ge", **changes: Any) -> httpx.Response:
        return self.ask(actor, "report", {**REPORT, **changes})

    def read(self, path: str, actor: str = "district-desk", **headers: str) -> httpx.Response:
        return self.client.get(path, headers={**identity(actor), **headers})

    def stored(self) -> int:
        """How many events the store holds."""
        position: int = self.client.get("/readyz").json()["store_position"]
        return position
