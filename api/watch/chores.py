"""The chores: what follows from time, calendar, staff and map is asked of the rules like any other command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple

from api.logs import logger
from api.watch.patience import Patience
from domain.casework.application import Casework
from domain.casework.asking import Caller
from domain.incident.commands import CallDuty, DetermineDeadlines, HandOver, Redraw, Step
from domain.model import Refused, Role
from domain.territory import Level, Place, Territory
from projections.engine import Views
from projections.frame_columns import PATH
from projections.upkeep import BEFORE_ALL, Mark, WaitingCase, due_for_call, open_cases, undetermined

log = logger("bidao.watch")
BIDAO = "bidao"
"""The actor: the service itself."""
LOOKED_AT = 2_000
"""At most so many cases that wait, in one pass, …"""
GLANCED_AT = 500
"""… and so many open cases that most likely do not."""
ABREAST = 64
"""So many commands at a time: enough to share commits, few beside the people at their desks."""
VIEWS_MAY_TAKE = 5.0
"""Seconds."""
Counting = Callable[[str, str], None]
"""Told the name and the outcome of each command."""
Asking = Callable[[WaitingCase], Iterable["Chore"]]
Finding = Callable[[Mark, int], list[WaitingCase]]


class Chore(NamedTuple):
    """One command to ask of one case. Its key says what it is about, so that asking twice writes once."""

    case_id: str
    key: str
    command: Step

    @classmethod
    def of(cls, case: WaitingCase, command: Step, about: str = "") -> Chore:
        return cls(case.case_id, ":".join(filter(None, (command.name, str(case.version), about))), command)

    @property
    def thing(self) -> tuple[str, str]:
        return self.case_id, self.key


@dataclass(slots=True)
class Tally:
    """What a pass came to; `more` when there was too much for one pass."""

    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    failed: int = 0
    more: bool = False


@dataclass(slots=True)
class Round:
    """Goes through what a query finds, page by page over as many passes as it takes, then from the beginning."""

    after: Mark = BEFORE_ALL

    @property
    def ended(self) -> bool:
        return self.after == BEFORE_ALL

    def page(self, find: Finding, limit: int) -> list[WaitingCase]:
        """The next page."""
        found = find(self.after, limit)
        self.after = found[-1].mark if len(found) == limit else BEFORE_ALL
        return found


def nothing(name: str, outcome: str) -> None:
    """Counts nothing."""


@dataclass(slots=True)
class Chores:
    """All that time, calendar, staff and map ask for, a bounded part of it in each pass.

    Which cases wait is read from the views, so a pass first waits until they show what the last one wrote.
    Whatever is refused, fails or brings nothing new is tried again later, and sooner when the case moved on.
    """

    casework: Casework
    views: Views
    count: Counting = nothing
    _calls: Round = field(default_factory=Round)
    _undetermined: Round = field(default_factory=Round)
    _open: Round = field(default_factory=Round)
    _registers: Registers | None = None
    _new_registers: bool = False
    """Not every open case was looked at since staff or map changed."""
    _patience: Patience = field(default_factory=Patience)
    _reached: int = 0

    async def pass_once(self, now: datetime) -> Tally:
        """Ask whatever is to be asked by `now`. Raises an error of the views, never one of a single case."""
        tally = Tally()
        await self.casework.refresh()
        if not await self.views.wait_for(self._reached, VIEWS_MAY_TAKE):
            log.warning("views behind", position=self.views.position, wanted=self._reached)
            return tally
        calendar = self.casework.clocks.calendar_at(now).version
        rounds: tuple[tuple[Round, Finding, int, Asking], ...] = (
            (self._undetermined, partial(undetermined, self.views), LOOKED_AT, partial(determinations, calendar)),
            (self._calls, partial(due_for_call, self.views, now), LOOKED_AT, calls),
            (self._open, partial(open_cases, self.views), GLANCED_AT, self._registers_now().chores),
        )
        for turn, find, limit, asking in rounds:
            before = tally.changed
            cases = await asyncio.to_thread(turn.page, find, limit)
            await self._ask_all((chore for case in cases for chore in asking(case)), now, tally)
            tally.more |= not turn.ended and tally.changed > before
        self._new_registers &= not self._open.ended
        tally.more |= self._new_registers
        return tally

    def _registers_now(self) -> Registers:
        """Staff and map; when they changed, the round of open cases begins again, and is not left for later."""
        territory = self.casework.territory
        if self._registers is None or self._registers.territory is not territory:
            self._registers, self._new_registers = Registers(territory), True
            self._open.after = BEFORE_ALL
        return self._registers

    async def _ask_all(self, chores: Iterable[Chore], now: datetime, tally: Tally) -> None:
        """Ask them all, some of them at a time."""
        waiting = (chore for chore in chores if self._patience.allows(chore.thing, now))

        async def work() -> None:
            for chore in waiting:
                await self._ask(chore, now, tally)

        async with asyncio.TaskGroup() as group:
            for _ in range(ABREAST):
                group.create_task(work())

    async def _ask(self, chore: Chore, now: datetime, tally: Tally) -> None:
        """Ask one case. Whatever it answers, the others are asked as well."""
        name = chore.command.name
        caller = Caller(BIDAO, chore.key, BIDAO, Role.SYSTEM, channel="watch")
        try:
            receipt = await self.casework.act(chore.case_id, chore.command, caller)
        except Refused as no:
            tally.refused += 1
            outcome = "refused"
            log.info("chore refused", command=name, incident=chore.case_id, rule=no.rule.id)
        except Exception:
            tally.failed += 1
            outcome = "failed"
            log.warning("chore failed", command=name, incident=chore.case_id, exc_info=True)
        else:
            outcome = "changed" if receipt.changed else "unchanged"
            tally.changed += receipt.changed
            tally.unchanged += not receipt.changed
            if isinstance(chore.command, CallDuty) and not receipt.changed:
                log.warning("nobody to call", incident=chore.case_id)
            self._reached = max(self._reached, receipt.position)
        self.count(name, outcome)
        if outcome == "changed":
            self._patience.done(chore.thing)
        else:
            self._patience.in_vain(chore.thing, now)


def calls(case: WaitingCase) -> Iterator[Chore]:
    """Whoever is on duty is told that a case landed or a light turned."""
    yield Chore.of(case, CallDuty())


def determinations(calendar: str, case: WaitingCase) -> Iterator[Chore]:
    """A due time that waits for a calendar is determined once one in force tells."""
    yield Chore.of(case, DetermineDeadlines(), calendar)


class Registers:
    """What staff and map, as they are now, ask of open cases."""

    def __init__(self, territory: Territory) -> None:
        self.territory = territory
        self._redrawn: dict[tuple[str, ...], bool] = {}

    def chores(self, case: WaitingCase) -> Iterator[Chore]:
        """A successor takes over; a place that was redrawn is filed as it is drawn now."""
        successor = self.successor(case.officer, case.path[PATH.index(Level.GRID.value)])
        if successor is not None:
            yield Chore.of(case, HandOver(officer=successor, reason="人员调整，由接替人员接办"), successor)
        if self._is_redrawn(case.path):
            yield Chore.of(case, Redraw())

    def successor(self, officer: str, grid: str) -> str | None:
        """Who follows a released officer, or whoever followed them; else an officer of the grid, if there is one.

        None for those still in office.
        """
        seen, released = {officer}, self.territory.released
        if officer not in released:
            return None
        while (follower := released.get(officer)) is not None and follower not in seen:
            seen.add(follower)
            officer = follower
        if officer not in released:
            return officer
        return next((member.id for member in self.territory.officers(grid)), None)

    def _is_redrawn(self, path: tuple[str, ...]) -> bool:
        """Asked of the map once for all cases of a place."""
        if path not in self._redrawn:
            place = Place.model_validate({level: node or None for level, node in zip(PATH, path, strict=True)})
            self._redrawn[path] = self.territory.redrawn(place) != place
        return self._redrawn[path]
