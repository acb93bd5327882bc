"""The stage a table row plays on: places, people, a stepping clock, and the real `decide`.

`OFFICER(Arrive(), after=minutes(5))` is a move; a scene plays moves in order and folds what follows.
Cases are called by a name of their own, `CASE` unless the move says `of=OTHER`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from domain.act import Act, Attribution
from domain.casework.books import books
from domain.clocks import SHANGHAI, Calendar, Clocks, effective
from domain.duty import Roster
from domain.incident import commands as c
from domain.incident.events import IncidentEvent, Reported
from domain.incident.events.coordination import Attendance
from domain.incident.events.duplicates import OnPrimary
from domain.incident.evolve import evolve
from domain.incident.state import Incident
from domain.incident.words import MUST_ATTEND, Answer, Capacity, Kind, OutcomeCode, Stage
from domain.model import Person, Role
from domain.retention import Erasure, Erasures
from domain.territory import Level, Node, Staff, Territory, Unit

CLOCKS = books()
MORNING = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)  # a Monday, and nothing on it but work
CASE, OTHER, THIRD = "case", "other", "third"
Asked = c.Report | c.Step | c.PairedStep


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def days(count: float) -> timedelta:
    return timedelta(days=count)


SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def _tree(*rows: tuple[str, Level, str | None]) -> Territory:
    return Territory(nodes=tuple(Node(id=id, level=level, name=id, parent=parent) for id, level, parent in rows))


TERRITORY = _tree(
    ("city", Level.CITY, None),
    ("district", Level.DISTRICT, "city"),
    ("street", Level.STREET, "district"),
    ("community", Level.COMMUNITY, "street"),
    ("estate", Level.ESTATE, "community"),
    ("grid", Level.GRID, "estate"),
    ("building", Level.BUILDING, "grid"),
    ("grid-2", Level.GRID, "community"),  # no estate
    ("building-2", Level.BUILDING, "grid-2"),
    ("grid-of-street", Level.GRID, "street"),  # no community
)


TERRITORY = TERRITORY.model_copy(
    update={
        "units": tuple(Unit(id=f"unit-{name}", name=f"{name}单位") for name in ("lead", "another", "owners")),
        "staff": (
            Staff(id="officer", name="网格员", role=Role.GRID_OFFICER, scope="grid"),
            Staff(id="colleague", name="邻网格员", role=Role.GRID_OFFICER, scope="grid-2"),
            Staff(id="secretary", name="书记", role=Role.COMMUNITY, scope="community"),
            Staff(id="street-desk", name="街道值班室", role=Role.STREET, scope="street"),
            Staff(id="district-desk", name="区值班室", role=Role.DISTRICT, scope="district"),
            Staff(id="lead-desk", name="首接单位值班员", role=Role.DEPARTMENT, scope="district", unit="unit-lead"),
            Staff(id="checker", name="核查员", role=Role.CHECKER, scope="district"),
        ),
    }
)


def _redrawn(territory: Territory) -> Territory:
    changes: dict[str, dict[str, Any]] = {
        "grid": {"closed": True, "successors": ("grid-east", "grid-west")},
        "building": {"parent": "grid-east"},
    }
    halves = (Node(id=id, level=Level.GRID, name=id, parent="estate") for id in changes["grid"]["successors"])
    nodes = (node.model_copy(update=changes.get(node.id, {})) for node in territory.nodes)
    return territory.model_copy(update={"nodes": (*nodes, *halves)})


REDRAWN = _redrawn(TERRITORY)
"""The grid is split: its building lies in the eastern half, and of what lies in no building nobody knows where."""
UNPUBLISHED = Calendar(version="cn-2025", years=frozenset({2025}))
"""The working days of this year are not published yet."""
WAITING = Clocks(CLOCKS.tables, {UNPUBLISHED.version: UNPUBLISHED})
PUBLISHED = Clocks(CLOCKS.tables, {UNPUBLISHED.version: UNPUBLISHED, **CLOCKS.calendars})
"""Now they are: cases wait for it, and new ones need not."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody in a capacity, responsible for a node or speaking for a unit. Called with a command: a move."""

    id: str
    role: Role
    scope: str | None = None
    unit: str | None = None

    def __call__(
        self, command: Asked, *, of: str = CASE, after: timedelta = MINUTE, claimed: timedelta | None = None
    ) -> Move:
        return Move(self, command, of, after, claimed)


RESIDENT = Actor("s-zeng", Role.RESIDENT)
NEIGHBOUR = Actor("s-lin", Role.RESIDENT)
OFFICER = Actor("officer", Role.GRID_OFFICER, "grid")
COLLEAGUE = Actor("colleague", Role.GRID_OFFICER, "grid-2")
SECRETARY = Actor("secretary", Role.COMMUNITY, "community")
STREET = Actor("street-desk", Role.STREET, "street")
DISTRICT = Actor("district-desk", Role.DISTRICT, "district")
LEAD = Actor("lead-desk", Role.DEPARTMENT, unit="unit-lead")
ANOTHER_UNIT = Actor("another-desk", Role.DEPARTMENT, unit="unit-another")
CHECKER = Actor("checker", Role.CHECKER, "district")
AUDITOR = Actor("auditor", Role.AUDITOR)
SYSTEM = Actor("bidao", Role.SYSTEM)


@dataclass(frozen=True, slots=True)
class Move:
    """Who asks what of which case, how long after the move before, and when they say it was done (from now)."""

    actor: Actor
    command: Asked
    of: str
    after: timedelta
    claimed: timedelta | None

    def sent(self, now: datetime) -> Asked:
        """The command as it goes out at that moment."""
        if self.claimed is None:
            return self.command
        return self.command.model_copy(update={"occurred_at": now + self.claimed})


FORGOTTEN, GONE = "s-forgotten", "s-gone"
FORGETTING = Erasures(
    {
        FORGOTTEN: Erasure(FORGOTTEN, FORGOTTEN, MORNING, 1),
        GONE: Erasure(GONE, GONE, MORNING, 2, approved=True, done=True),
    }
)
"""Whom the district was asked to forget, and whom it has forgotten."""
SAID = frozenset({(1, "description")})
"""Where a case says something in words."""


class Scene:
    """Cases by name, and a clock that only moves with the moves."""

    def __init__(self, clocks: Clocks = CLOCKS, now: datetime = MORNING) -> None:
        self.clocks, self.now = clocks, now
        self.territory, self.roster, self.erasures = TERRITORY, Roster(), FORGETTING
        self.cases: dict[str, Incident] = {}
        self.lines: list[tuple[str, IncidentEvent, Attribution]] = []

    @property
    def case(self) -> Incident:
        return self.cases[CASE]

    def play(self, *moves: Move) -> Scene:
        for move in moves:
            self.take(move)
        return self

    def take(self, move: Move) -> list[IncidentEvent]:
        """Ask, and keep what follows."""
        events, act, primary = self._answer(move)
        for event in events:
            self._keep(primary if isinstance(event, OnPrimary) else move.of, event, act)
        return events

    def ask(self, move: Move) -> list[IncidentEvent]:
        """What the rules answer; nothing is kept. Raises `Refused`."""
        return self._answer(move)[0]

    def _answer(self, move: Move) -> tuple[list[IncidentEvent], Act, str]:
        self.now += move.after
        command, case = move.sent(self.now), self.cases.get(move.of)
        act = self._act(move.actor, command, case)
        if isinstance(command, c.Report):
            return list(command.decide(act)), act, ""
        assert case is not None, f"{move.of} was never reported"
        primary = (command.primary_of(case) if isinstance(command, c.PairedStep) else None) or ""
        return c.decide(command, case, act, self.cases.get(primary)), act, primary

    def _act(self, actor: Actor, command: Asked, case: Incident | None) -> Act:
        occurred = command.occurred_at or self.now
        started = case.cycle_began_at if case else None
        return Act(
            actor=actor.id,
            role=actor.role,
            level=self.territory.level(actor.scope),
            unit=actor.unit,
            occurred_at=occurred,
            recorded_at=self.now,
            effective_at=effective(occurred, self.now, started, self.clocks.table_at(self.now)),
            case_number=f"20260302-{len(self.lines):06d}",
            clocks=self.clocks,
            territory=self.territory,
            roster=self.roster,
            erasures=self.erasures,
            texts=SAID,
        )

    def _keep(self, name: str, event: IncidentEvent, act: Act) -> None:
        case = self.cases.get(name)
        follows = case.not_before(event) if case else None
        shared = {field.name: getattr(act, field.name) for field in fields(Attribution)}
        counted = effective(act.occurred_at, act.recorded_at, follows, self.clocks.table_at(act.recorded_at))
        by = replace(Attribution(**shared), effective_at=counted)
        if case is None:
            assert isinstance(event, Reported)
            self.cases[name] = Incident.begin(name, event, by)
        else:
            self.cases[name] = evolve(case, event, by)
        self.lines.append((name, event, by))


ZENG = Person(subject=RESIDENT.id, name="曾竹英", phone="13800000000")
LIN = Person(subject=NEIGHBOUR.id, name="林邻居")


def report(kind: Kind = Kind.ORDINARY, **more: Any) -> c.Report:
    """Resident 曾竹英 reports something in the grid."""
    said = {"urgency": 3, "category": "0101", "grid": "grid", "source": "hotline", "description": "楼下积水"}
    return c.Report(**{**said, "kind": kind, "reporter": ZENG, **more})


MEETING = c.HoldMeeting(
    attendance=(
        Attendance(capacity=Capacity.PARTY, name="改门业主"),
        Attendance(capacity=Capacity.OWNERS, name="业主代表"),
    ),
    agreement="恢复原门",
)
SOLVED = c.Resolve(outcome_code=OutcomeCode.SOLVED, outcome="已修好")
SATISFIED = c.FollowUp(answer=Answer.SATISFIED)
UNSATISFIED = c.FollowUp(answer=Answer.UNSATISFIED)
UNREACHABLE = c.FollowUp(answer=Answer.UNREACHABLE)
DISPATCH = c.Dispatch(lead="unit-lead")
MERGE = c.Merge(into=OTHER)

Meanwhile = Mapping[Stage, tuple[Move, ...]]
ENDS: dict[Stage, tuple[Stage, tuple[Move, ...]]] = {
    Stage.REJECTED: (Stage.REPORTED, (DISTRICT(c.Reject(reason="不归本区")),)),
    Stage.WITHDRAWN: (Stage.HANDLING, (RESIDENT(c.Withdraw()),)),
    Stage.VOIDED: (
        Stage.HANDLING,
        (OFFICER(c.RequestVoid(reason="误报")), SECRETARY(c.GrantVoid())),
    ),
    Stage.MERGED: (Stage.HANDLING, (SECRETARY(MERGE),)),
}
"""Where the lives that are cut short branch off, and how."""


def until(
    stage: Stage, kind: Kind = Kind.ORDINARY, *, of: str = CASE, meanwhile: Meanwhile | None = None, **more: Any
) -> tuple[Move, ...]:
    """The plain life of a case up to a stage; `meanwhile` holds what else happens on first reaching one.

    `more` goes into the report. A case on its way to be merged finds `OTHER` resolved before it.
    """
    before, cut_short = ENDS.get(stage, (stage, ()))
    moves = list(until(Stage.RESOLVED, of=OTHER)) if stage is Stage.MERGED else []
    for reached, steps in _life(kind, more).items():
        moves += [replace(step, of=of) for step in (*steps, *(meanwhile or {}).get(reached, ()))]
        if reached is before:
            break
    return (*moves, *(replace(step, of=of) for step in cut_short))


def _life(kind: Kind, more: dict[str, Any]) -> dict[Stage, tuple[Move, ...]]:
    arrive = (OFFICER(c.Arrive()),) if kind in MUST_ATTEND else ()
    meet = (SECRETARY(MEETING),) if kind is Kind.DISPUTE else ()
    return {
        Stage.REPORTED: (OFFICER(report(kind, **more)),),
        Stage.ACCEPTED: (DISTRICT(c.Accept()),),
        Stage.DISPATCHED: (DISTRICT(DISPATCH),),
        Stage.HANDLING: (LEAD(c.SignFor()), *arrive, *meet),
        Stage.RESOLVED: (OFFICER(SOLVED),),
        Stage.CHECKED: (CHECKER(c.PassCheck()),),
        Stage.CLOSED: (RESIDENT(SATISFIED), SECRETARY(c.Close(reason_not_reopening="已说明"))),
        Stage.ARCHIVED: (CHECKER(c.Archive()),),
    }
