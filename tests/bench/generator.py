"""A district at work: recorded events in order of time, made by the real rules, the same for the same seed.

Every event is decided by the rule book and drafted as casework does it; only the way through the
store is left out, and the HMAC of the body is a random number. Times run from the first working
Monday of 2026; a case comes in every four minutes on average (135,000 a year).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from uuid import UUID

from domain.act import Act
from domain.casework.asking import Caller
from domain.casework.books import books
from domain.casework.drafting import Draft
from domain.casework.identifying import case_id_of
from domain.casework.open_cases import OpenCase
from domain.casework.recording import RecordedEvent
from domain.casework.registers import LEVELLED
from domain.clocks import SHANGHAI, Clocks, effective
from domain.duty import Roster
from domain.incident.commands import PairedStep, decide
from domain.incident.words import OPEN
from domain.model import Refused, Role
from domain.territory import Staff
from tests.bench.courses import Deed, course, report
from tests.bench.district import Crew, District, district

BEGINS = datetime(2026, 1, 5, tzinfo=UTC)
BETWEEN_REPORTS = 4.0
"""Minutes, on average."""


def generated(seed: int, events: int) -> Iterator[RecordedEvent]:
    """The first `events` lines of a district's log, in order of recording, positions not yet given."""
    town = _Town(Random(seed))
    left = events
    while left > 0:
        lines = town.next()
        yield from lines[:left]
        left -= len(lines)


def time_ordered(rnd: Random, at: datetime) -> UUID:
    """A UUIDv7 of that moment."""
    milliseconds, high, low = int(at.timestamp() * 1000), rnd.getrandbits(12), rnd.getrandbits(62)
    return UUID(int=(milliseconds << 80) | (7 << 76) | (high << 64) | (2 << 62) | low)


@dataclass(slots=True, order=True)
class _Due:
    """What somebody will do to a case, and when."""

    at: datetime
    nth: int
    deed: Deed = field(compare=False)
    case: OpenCase = field(compare=False)
    coming: Iterator[Deed] = field(compare=False)


@dataclass(slots=True)
class _Town:
    """The clock, the cases in somebody's hands, and what is due."""

    rnd: Random
    place: District = field(default_factory=district)
    clocks: Clocks = field(default_factory=books)
    now: datetime = BEGINS
    next_report: datetime = BEGINS
    due: list[_Due] = field(default_factory=list)
    cases: dict[str, OpenCase] = field(default_factory=dict)
    newest: dict[str, OpenCase] = field(default_factory=dict)
    nth: Iterator[int] = field(default_factory=count)
    busy: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.busy = [1 / (rank + 5) for rank in range(len(self.place.crews))]

    def next(self) -> list[RecordedEvent]:
        """The lines of whatever happens next; none where a rule refuses it."""
        if not self.due or self.next_report < self.due[0].at:
            self.now = self.next_report
            self.next_report += timedelta(minutes=self.rnd.expovariate(1 / BETWEEN_REPORTS))
            [crew] = self.rnd.choices(self.place.crews, self.busy)
            return self._reported(crew)
        due = heappop(self.due)
        self.now = due.at
        lines = self._done(due.case, due.deed)
        self._plan(due.case, due.coming)
        return lines

    def _reported(self, crew: Crew) -> list[RecordedEvent]:
        who, command = report(crew, f"s-{self.rnd.getrandbits(128):032x}", self.rnd)
        caller = self._caller(who)
        act = self._act(caller, None)
        draft = Draft(caller, command.name, self._mac(), act)
        lines = draft.opening(str(case_id_of(caller.client, caller.key)), command.decide(act))
        case = self.cases[lines[0].case_id] = OpenCase.load(lines)
        before = self.newest.get(crew.grid)
        neighbour = before.state.id if before and before.state.stage in OPEN else None
        self.newest[crew.grid] = case
        self._plan(case, course(case, crew, neighbour, self.rnd))
        return lines

    def _plan(self, case: OpenCase, coming: Iterator[Deed]) -> None:
        deed = next(coming, None)
        if deed is not None:
            at = self.now + timedelta(minutes=deed.minutes)
            heappush(self.due, _Due(at, next(self.nth), deed, case, coming))
        elif not case.state.duplicates:
            del self.cases[case.state.id]

    def _done(self, case: OpenCase, deed: Deed) -> list[RecordedEvent]:
        caller, command = self._caller(deed.who), deed.command
        other = command.primary_of(case.state) if isinstance(command, PairedStep) else None
        primary = self.cases.get(other) if other else None
        act = self._act(caller, case)
        try:
            events = decide(command, case.state, act, primary.state if primary else None)
        except Refused:
            return []
        lines = Draft(caller, command.name, self._mac(), act).following(case, primary, events)
        for touched in (case, primary):
            if touched is not None:
                touched.extend([line for line in lines if line.case_id == touched.state.id])
        return lines

    def _caller(self, who: Staff | str) -> Caller:
        key = str(time_ordered(self.rnd, self.now))
        if isinstance(who, str):
            return Caller(client=who, key=key, actor=who, role=Role.RESIDENT)
        return Caller(client=who.id, key=key, actor=who.id, role=who.role, scope=who.scope, unit=who.unit)

    def _act(self, caller: Caller, case: OpenCase | None) -> Act:
        """Most write down at once what they did, some later, a few hours later."""
        [upto] = self.rnd.choices([2, 30, 300], [75, 20, 5])
        occurred = self.now - timedelta(minutes=self.rnd.uniform(0, upto))
        started = case.state.reported_at if case else None
        day = self.now.astimezone(SHANGHAI).strftime("%Y%m%d")
        return Act(
            actor=caller.actor,
            role=caller.role,
            level=self.place.territory.level(caller.scope) if caller.role in LEVELLED else None,
            unit=caller.unit,
            occurred_at=occurred,
            recorded_at=self.now,
            effective_at=effective(occurred, self.now, started, self.clocks.table_at(self.now)),
            case_number=f"{day}-{self.rnd.getrandbits(20):06d}",
            clocks=self.clocks,
            territory=self.place.territory,
            roster=Roster(),
        )

    def _mac(self) -> str:
        return f"{self.rnd.getrandbits(128):032x}"
