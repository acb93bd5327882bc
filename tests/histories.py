"""Random but legal histories in a store: walks of several neighbourhoods at once, visits to households and registers
that change meanwhile, each command through the casework.

The same seed gives the same history, ids of cases included.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from random import Random
from typing import cast

from eventsourcing.persistence import Notification, StoredEvent

from domain.books import BooksEvent, PublishCalendar, bound
from domain.casework.application import Casework
from domain.casework.asking import Caller
from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.casework.recording import RecordedEvent, RegisterLine
from domain.clocks import Clocks
from domain.erasure import Ground, RequestErasure
from domain.incident import commands as c
from domain.incident.events import BY_TYPE
from domain.incident.events.redaction import Redaction
from domain.incident.state import Incident
from domain.model import Refused, Role
from domain.register import RegisterCommand
from domain.registry.commands.redrawing import JoinGrids, NewGrid, Part, SplitGrid
from tests.rolls import walk as rolls
from tests.rules.recipes import RECIPES
from tests.rules.scene import CLOCKS, FORGOTTEN, MORNING, SECRETARY, SYSTEM, TERRITORY, WAITING, Move, Scene
from tests.rules.walk import VARIED, Walk
from tests.unsealed import events_of

RESTATING = (
    *("request-correction", "grant-correction", "merge", "unmerge", "request-void", "grant-void"),
    *("fail-check", "close", "reopen", "appeal-timeout", "exempt-timeout", "uphold-timeout"),
    *("dispatch", "sign-for", "return", "assign", "hand-over", "escalate", "request-suspension", "grant-suspension"),
    *("resume", "request-help", "answer-help", "keep-commitment", "break-commitment", "follow-up", "pass-check"),
    *("request-extension", "grant-extension", "redraw", "determine-deadlines"),
)
"""What changes what was counted or is due, or leads there."""
ENACTED: dict[float, RegisterCommand] = {
    0.4: SplitGrid(
        grid="grid-2",
        into=(Part(id="grid-2-east", name="东", buildings=("building-2",)), Part(id="grid-2-west", name="西")),
    ),
    0.6: PublishCalendar(version="2027", years=(2026, 2027), holidays=(date(2027, 1, 1),)),
    0.7: JoinGrids(grids=("grid", "grid-2-east"), into=NewGrid(id="grid-joined", name="合并")),
    0.9: RequestErasure(subject=FORGOTTEN, ground=Ground.CONSENT_WITHDRAWN),
}
"""What the district changes in its registers, and after which share of the turns."""


REDACTED = c.RedactText(subject=FORGOTTEN, redactions=(Redaction(version=1, field="description", text="一名住户反映"),))


class Restless(Walk):
    """A walk on which people change their minds more often than they do."""

    def next(self, cases: Mapping[str, Incident]) -> Move:
        name = self.draw.choice([*cases, ""])
        fitting = [c.BY_NAME[asked] for asked in RESTATING if name and cases[name].stage in c.BY_NAME[asked].stages]
        if not fitting or self.draw.random() < 0.5:
            return super().next(cases)
        asked = self.draw.choice(fitting).name
        usual = RECIPES[asked].move
        command = VARIED[asked](self.draw, cases[name]) if asked in VARIED else usual.command
        if isinstance(command, c.Merge):
            command = c.Merge(into=self.draw.choice(_alike(cases, name)))
        return self._timed(self._somebody(usual.actor, command, cases[name])(command, of=name))


def _alike(cases: Mapping[str, Incident], name: str) -> list[str]:
    """The cases it may be a duplicate of; all, where there are none."""
    own = cases[name].standing
    others = [other for other, case in cases.items() if other != name and case.standing.kind is own.kind]
    return others or list(cases)


class Neighbourhood:
    """A few cases that may be merged with each other, and what people there think of asking."""

    def __init__(self, seed: int) -> None:
        self.scene = Scene(CLOCKS)
        self._walk = Restless(seed)
        self._ids: dict[str, str] = {}
        self._waiting: list[Move] = []

    def next(self) -> Move | None:
        """The next thing asked; None where a rule says no."""
        move = self._waiting.pop() if self._waiting else self._walk.next(self.scene.cases)
        try:
            self.scene.take(move)
        except Refused:
            return None
        return move

    def determine(self) -> None:
        """The service itself looks after what waited for a calendar."""
        self._waiting += [SYSTEM(c.DetermineDeadlines(), of=name) for name in self.scene.cases]

    def redact(self) -> None:
        """Somebody looks through every case before one who may be named there is forgotten."""
        self._waiting += [SECRETARY(REDACTED, of=name) for name in self.scene.cases]

    async def ask(self, casework: Casework, move: Move, key: str) -> None:
        """Ask it of the casework, with the ids of its store for the names of the scene."""
        who, command = move.actor, move.sent(self.scene.now)
        caller = Caller("walk", key, who.id, who.role, who.scope, who.unit)
        if isinstance(command, c.Report):
            self._ids[move.of] = (await casework.report(self._somewhere(command), caller)).incident_id
            return
        if isinstance(command, c.Merge):
            command = command.model_copy(update={"into": self._ids[command.into]})
        await casework.act(self._ids[move.of], command, caller)

    def _somewhere(self, command: c.Report) -> c.Report:
        """In a building now and then."""
        at_home = command.grid == "grid" and self._walk.draw.random() < 0.5
        return command.model_copy(update={"building": "building"}) if at_home else command


class Town:
    """Neighbourhoods with one clock: it is always the turn of whoever is furthest behind."""

    def __init__(self, seed: int, neighbourhoods: int) -> None:
        self._all = [Neighbourhood(seed * 100 + nth) for nth in range(neighbourhoods)]
        self._seed = seed
        self._now = MORNING

    def clock(self) -> datetime:
        return self._now

    async def live(self, casework: Casework, turns: int) -> None:
        enacted = {int(share * turns): command for share, command in ENACTED.items()}
        visiting = Random(self._seed)
        for turn in range(turns):
            if turn % 5 == 0:
                await rolls.ask(casework, visiting, f"{self._seed}-visit-{turn}")
            if turn in enacted:
                await self._enact(casework, enacted[turn])
            neighbourhood = min(self._all, key=lambda one: one.scene.now)
            scene = neighbourhood.scene
            scene.territory, scene.clocks = casework.territory, casework.clocks
            scene.erasures = casework.registers.erasures
            move = neighbourhood.next()
            self._now = neighbourhood.scene.now
            if move is not None:
                await neighbourhood.ask(casework, move, f"{self._seed}-{turn}")

    async def _enact(self, casework: Casework, command: RegisterCommand) -> None:
        """At the time of whoever is furthest behind, so that it holds for all of them."""
        self._now = min(one.scene.now for one in self._all)
        await casework.enact(command, Caller("walk", command.name, "desk", Role.DISTRICT, "district"))
        if isinstance(command, PublishCalendar):
            for one in self._all:
                one.determine()
        if isinstance(command, RequestErasure):
            for one in self._all:
                one.redact()


@cache
def history(seed: int, neighbourhoods: int = 4, turns: int = 480) -> Sequence[Notification]:
    """All events of a town and its registers, in the order of their positions; nothing in them is sealed."""

    async def lived() -> Sequence[Notification]:
        town, files = Town(seed, neighbourhoods), CaseFiles(env=MEMORY_ENV)
        casework = Casework(files, given(seed), TERRITORY, secret=b"history", clock=town.clock)
        await town.live(casework, turns)
        lived_through = events_of(files)
        await casework.aclose()
        return lived_through

    return asyncio.run(lived())


def store(files: CaseFiles, events: Sequence[Notification]) -> None:
    """Write these events into another store, in this order."""
    files.store.insert_batch(
        [[StoredEvent(one.originator_id, one.originator_version, one.topic, one.state)] for one in events]
    )


def given(seed: int) -> Clocks:
    """The rule tables and calendars a history begins with."""
    return CLOCKS if seed % 4 else WAITING


def clocks_of(seed: int, events: Sequence[Notification]) -> Clocks:
    """Every rule table and calendar there is at the end of a history of that seed."""
    mapper = CaseFiles(env=MEMORY_ENV).mapper
    adopted = [cast(RegisterLine, mapper.to_domain_event(one)) for one in events if one.topic.startswith("books.")]
    return bound(given(seed), [cast(BooksEvent, line.event) for line in adopted])


def of_case(event: Notification) -> bool:
    """Whether it belongs to a case, and not to a register of the district."""
    return event.topic in BY_TYPE


def streams(files: CaseFiles, events: Sequence[Notification]) -> dict[str, list[RecordedEvent]]:
    """The same events as the case files they belong to."""
    found: dict[str, list[RecordedEvent]] = {}
    for one in filter(of_case, events):
        found.setdefault(str(one.originator_id), []).append(cast(RecordedEvent, files.mapper.to_domain_event(one)))
    return found
