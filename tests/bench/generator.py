"""A district at work: recorded events in order of time, made by the real rules, the same for the same seed.

Every event is decided by the rule book and drafted as casework does it; only the way through the
store is left out, and the HMAC of the body is a random number. Times run from the first working
Monday of 2026; a case comes in every 3.8 minutes on average, 135,000 in the year. In summer some grids
are redrawn, and the open cases in them follow. Each street lives for itself, so that several processes can
share the work, and the same events come of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush, merge
from itertools import count, islice
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
from domain.incident import commands as c
from domain.incident.commands import PairedStep, decide
from domain.incident.words import OPEN
from domain.model import Refused, Role
from domain.territory import Staff
from tests.bench.courses import course, report
from tests.bench.deeds import Deed
from tests.bench.district import STREETS, Crew, District, district, redrawn

BEGINS = datetime(2026, 1, 5, tzinfo=UTC)
REDRAWN = datetime(2026, 7, 1, tzinfo=UTC)
BETWEEN_REPORTS = timedelta(minutes=3.8)
"""In the whole district, on average."""
SYSTEM = Caller(client="bidao", key="", actor="bidao", role=Role.SYSTEM)


def generated(seed: int, events: int, begins: datetime = BEGINS) -> Iterator[RecordedEvent]:
    """The first `events` lines of a district's log, in order of recording, positions not yet given."""
    streets = (lived(seed, street, begins) for street in range(STREETS))
    return islice(merge(*streets, key=lambda line: line.recorded_at), events)


def lived(seed: int, street: int, begins: datetime = BEGINS) -> Iterator[RecordedEvent]:
    """The part of it that happens in one street; it has no end."""
    town = _Street(Random(f"{seed} {street}"), street, begins, begins)
    while True:
        yield from town.next()


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
class _Street:
    """The clock, the cases in somebody's hands, and what is due."""

    rnd: Random
    street: int
    now: datetime
    next_report: datetime
    clocks: Clocks = field(default_factory=books)
    due: list[_Due] = field(default_factory=list)
    cases: dict[str, OpenCase] = field(default_factory=dict)
    newest: dict[str, OpenCase] = field(default_factory=dict)
    nth: Iterator[int] = field(default_factory=count)
    place: District = field(init=False)
    crews: list[Crew] = field(init=False)
    busy: list[float] = field(init=False)
    between_reports: timedelta = field(init=False)

    def __post_init__(self) -> None:
        self._settle(district())
        own = sum(self.busy) / sum(crew.busy for crew in self.place.crews)
        self.between_reports = BETWEEN_REPORTS / own

    def next(self) -> list[RecordedEvent]:
        """The lines of whatever happens next; none where a rule refuses it."""
        if not self.due or self.next_report < self.due[0].at:
            self._comes(self.next_report)
            self.next_report += self.between_reports * self.rnd.expovariate(1)
            [crew] = self.rnd.choices(self.crews, self.busy)
            return self._reported(crew)
        due = heappop(self.due)
        self._comes(due.at)
        lines = self._done(due.case, due.deed)
        self._plan(due.case, due.coming)
        return lines

    def _comes(self, moment: datetime) -> None:
        """Time goes on; on the day of the redrawing the open cases are to follow it."""
        if self.now < REDRAWN <= moment:
            self._settle(redrawn(self.place, REDRAWN))
            for nth, case in enumerate(self.cases.values()):
                at = moment + timedelta(seconds=nth)
                heappush(self.due, _Due(at, next(self.nth), Deed(0, SYSTEM, c.Redraw()), case, iter(())))
        self.now = moment

    def _settle(self, place: District) -> None:
        self.place = place
        self.crews = [crew for crew in place.crews if crew.street.scope == f"street-{self.street}"]
        self.busy = [crew.busy for crew in self.crews]

    def _reported(self, crew: Crew) -> list[RecordedEvent]:
        before = self.newest.get(crew.grid)
        neighbour = before.state if before and before.state.stage in OPEN else None
        who, command = report(crew, f"s-{self.rnd.getrandbits(128):032x}", neighbour, self.rnd)
        caller = self._caller(who)
        act = self._act(caller, None)
        draft = Draft(caller, command.name, self._mac(), act)
        lines = draft.opening(str(case_id_of(caller.client, caller.key)), command.decide(act))
        case = self.cases[lines[0].case_id] = OpenCase.load(lines)
        self.newest[crew.grid] = case
        self._plan(case, course(case, crew, neighbour.id if neighbour else None, self.rnd))
        return lines

    def _plan(self, case: OpenCase, coming: Iterator[Deed]) -> None:
        deed = next(coming, None)
        if deed is not None:
            at = self.now + timedelta(minutes=deed.minutes)
            heappush(self.due, _Due(at, next(self.nth), deed, case, coming))
        elif case.state.stage not in OPEN and not case.state.duplicates:
            self.cases.pop(case.state.id, None)

    def _done(self, case: OpenCase, deed: Deed) -> list[RecordedEvent]:
        caller, command = self._caller(deed.who), deed.command
        other = command.primary_of(case.state) if isinstance(command, PairedStep) else None
        primary = self.cases.get(other) if other else None
        act = self._act(caller, case)
        try:
            events = decide(command, case.state, act, primary.state if primary else None)
        except Refused:
            return []
        draft = Draft(caller, command.name, self._mac(), act)
        lines = draft.following(case, primary, events)
        for touched in (case, primary):
            if touched is not None:
                own = [line for line in lines if line.case_id == touched.state.id]
                touched.extend(own, draft.after.get(touched.state.id))
        return lines

    def _caller(self, who: Staff | str | Caller) -> Caller:
        key = str(time_ordered(self.rnd, self.now))
        if isinstance(who, Caller):
            return replace(who, key=key)
        if isinstance(who, str):
            return Caller(client=who, key=key, actor=who, role=Role.RESIDENT)
        return Caller(client=who.id, key=key, actor=who.id, role=who.role, scope=who.scope, unit=who.unit)

    def _act(self, caller: Caller, case: OpenCase | None) -> Act:
        """Most write down at once what they did, some later, a few hours later."""
        [upto] = self.rnd.choices([2, 30, 300], [75, 20, 5])
        occurred = self.now - timedelta(minutes=self.rnd.uniform(0, upto))
        started = case.state.reported_at if case else None
        day = self.now.astimezone(SHANGHAI)
        return Act(
            actor=caller.actor,
            role=caller.role,
            level=self.place.territory.level(caller.scope) if caller.role in LEVELLED else None,
            unit=caller.unit,
            occurred_at=occurred,
            recorded_at=self.now,
            effective_at=effective(occurred, self.now, started, self.clocks.table_at(self.now)),
            case_number=f"{day:%Y%m%d}-{self.rnd.getrandbits(20):06d}",
            clocks=self.clocks,
            territory=self.place.territory,
            roster=Roster(),
        )

    def _mac(self) -> str:
        return f"{self.rnd.getrandbits(128):032x}"
