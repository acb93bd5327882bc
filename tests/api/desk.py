"""Casework, views and the chores of the watch in one process, by a clock set by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from pydantic import SecretStr

from api.opening import open_case_files, open_views
from api.settings import MEMORY, Settings
from api.watch.chores import Chores, Tally
from domain.casework.application import Casework
from domain.casework.asking import Caller, Receipt
from domain.casework.books import books
from domain.clocks import Clocks
from domain.incident.commands import BY_NAME, Report
from domain.incident.events import DutyCalled, IncidentEvent
from domain.model import Role
from domain.register import RegisterCommand
from projections.engine import Views
from tests.api.visitor import REGISTRY, STAFF, Clock
from tests.lives import REPORT

BOOKS = books()
IN_MEMORY = Settings(database_url=SecretStr(MEMORY))


@dataclass(slots=True)
class Desk:
    """Somebody's case work, and the passes of the watch in between. The views follow when they are told to."""

    casework: Casework
    views: Views
    clock: Clock
    chores: Chores
    _keys: count[int] = field(default_factory=count)

    async def report(self, **changes: Any) -> str:
        """The id of a case reported by the officer of its grid."""
        command = Report.model_validate({**REPORT, **changes})
        return (await self.casework.report(command, self._caller("officer-ge"))).incident_id

    async def ask(self, actor: str, command: str, case: str, **body: Any) -> Receipt:
        """One command; without a body the example of its model."""
        kind: Any = BY_NAME[command]
        return await self.casework.act(case, kind.model_validate(body or kind.example), self._caller(actor))

    async def enact(self, command: RegisterCommand) -> None:
        await self.casework.enact(command, Caller("admin", f"k{next(self._keys)}", "admin", Role.ADMIN))

    async def pass_once(self, *, hours: float = 0.0, chores: Chores | None = None) -> Tally:
        """So much later the views have caught up, and the watch looks once."""
        self.clock.now += timedelta(hours=hours)
        self.views.catch_up()
        return await (chores or self.chores).pass_once(self.clock.now)

    async def events(self, case: str) -> list[IncidentEvent]:
        return [line.event for line in await self.casework.history(case)]

    async def calls(self, case: str) -> list[tuple[str, str | None]]:
        """What whoever is on duty was called for: a light and its clock, in order."""
        called = [event for event in await self.events(case) if isinstance(event, DutyCalled)]
        return [(call.about.value, call.clock and call.clock.value) for call in called]

    def _caller(self, actor: str) -> Caller:
        key, member = f"k{next(self._keys)}", STAFF.get(actor)
        if member is None:
            return Caller(actor, key, actor, Role.RESIDENT)
        return Caller(actor, key, actor, member.role, member.scope, member.unit)


@asynccontextmanager
async def desk(clocks: Clocks = BOOKS, settings: Settings = IN_MEMORY) -> AsyncIterator[Desk]:
    """A desk for as long as the block lasts."""
    clock = Clock()
    casework = Casework(open_case_files(settings), clocks, REGISTRY, secret=b"desk" * 8, clock=clock)
    views = open_views(settings, casework.files)
    try:
        yield Desk(casework, views, clock, Chores(casework, views))
    finally:
        views.close()
        await casework.aclose()
