"""Casework: the one way in for every command, and the way back to every case file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from weakref import WeakValueDictionary

from eventsourcing.persistence import PersistenceError

from domain.act import Act, KeptFile
from domain.casework.accesses import Accesses
from domain.casework.asking import Caller, KeyStale, NotFound, Receipt, RegisterReceipt, VersionStale
from domain.casework.batches import Keys
from domain.casework.case_files import CaseFiles
from domain.casework.case_numbers import CaseNumbers
from domain.casework.drafting import Draft
from domain.casework.identifying import case_id_of, fresh, mac_of
from domain.casework.known_cases import KnownCases
from domain.casework.open_cases import OpenCase
from domain.casework.recording import RecordedEvent, RegisterLine
from domain.casework.redactions import texts_of
from domain.casework.registers import Registers
from domain.casework.rolls import Rolls
from domain.casework.streams import Streams
from domain.clocks import Clocks
from domain.duty import Roster
from domain.incident.commands import PairedStep, RedactText, Report, Step, decide
from domain.incident.events import Accepted, IncidentEvent
from domain.incident.state import Incident
from domain.model import Refused
from domain.register import RegisterCommand, RegisterName
from domain.territory import Territory

ATTEMPTS = 30


def now() -> datetime:
    """The server's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Given:
    """What a command is decided on; `in_force` are the next versions of the registers, `era` that of the rest."""

    case: OpenCase
    primary: OpenCase | None
    number: str
    in_force: Keys
    era: Keys
    texts: frozenset[tuple[int, str]] = frozenset()
    kept: KeptFile | None = None


class Casework:
    """Load, decide, append; nothing else writes. Use within one event loop; end it with `aclose`.

    Commands on one case queue up behind each other here; those of other processes are noticed when the
    append finds its version taken, or that of a register: then the command is decided anew.
    """

    def __init__(
        self,
        files: CaseFiles,
        clocks: Clocks,
        territory: Territory,
        *,
        secret: bytes,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.files, self._secret, self._clock = files, secret, clock
        self._streams = Streams(files.lines, files.store)
        self.writer = self._streams.writer
        self.registers = Registers(self._streams, (territory, clocks), secret=secret, clock=clock)
        self.rolls = Rolls(self._streams, self.registers, secret=secret)
        self.accesses = Accesses(self._streams, self.registers, secret=secret)
        self._known = KnownCases(self._streams, self.registers)
        self._numbers = CaseNumbers(self.writer)
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def aclose(self) -> None:
        """Commit what is queued, then let go of threads and files."""
        await self._streams.aclose()
        self.files.close()

    @property
    def territory(self) -> Territory:
        """The places, units and staff in force now."""
        return self.registers.territory

    @property
    def clocks(self) -> Clocks:
        """Every rule table and calendar adopted so far."""
        return self.registers.clocks

    @property
    def roster(self) -> Roster:
        """Who is on duty when."""
        return self.registers.roster

    async def report(self, command: Report, caller: Caller) -> Receipt:
        """Open a case. Raises `Refused`, `KeyReused`, `KeyStale`, or the store's `PersistenceError`."""
        case_id = str(case_id_of(caller.client, caller.key))
        mac = mac_of(self._secret, case_id, command)
        async with self._turn("case", case_id):
            for _ in range(ATTEMPTS):
                self._renew()
                known = await self._known.case(case_id)
                if known is not None:
                    receipt = await self._known.same_again(known, caller, mac)
                    if receipt is None:
                        continue
                    return receipt
                if not fresh(caller.key, self._clock()):
                    raise KeyStale(caller.key)
                in_force = self.registers.next_versions
                act = self._act(caller, command.occurred_at, None)
                draft = Draft(caller, command.name, mac, act)
                try:
                    lines = draft.opening(case_id, command.decide(act))
                except Refused:
                    if await self._known.adopted_since(in_force):
                        continue
                    raise
                receipt = await self._append(case_id, lines, draft.after, in_force)
                if receipt is not None:
                    return receipt
        raise PersistenceError("the case could not be opened")

    async def act(
        self,
        case_id: str,
        command: Step | PairedStep,
        caller: Caller,
        *,
        if_match: int | None = None,
        kept: KeptFile | None = None,
    ) -> Receipt:
        """Ask something of a case, if it still is at version `if_match` (None: at any); `kept` came with it.

        Raises `NotFound`, `Refused`, `KeyReused`, `VersionStale`, or the store's `PersistenceError`.
        """
        mac = mac_of(self._secret, case_id, command)
        async with self._turn("case", case_id):
            for _ in range(ATTEMPTS):
                receipt = await self._attempt(case_id, command, caller, mac, if_match, kept)
                if receipt is not None:
                    return receipt
        raise PersistenceError("too many write to the case at once")

    async def history(self, case_id: str) -> list[RecordedEvent]:
        """Every line of a case file in order, from the store. Raises `NotFound`."""
        lines = await self._known.lines(case_id)
        if not lines:
            raise NotFound(case_id)
        return lines

    async def enact(self, command: RegisterCommand, caller: Caller, *, dry_run: bool = False) -> RegisterReceipt:
        """Ask something of a register; a dry run writes nothing. See `Registers.enact`."""
        return await self.registers.enact(command, caller, dry_run=dry_run)

    async def refresh(self) -> bool:
        """Take in what other processes wrote to the registers; whether there was anything."""
        return await self.registers.refresh()

    async def register_history(self, name: RegisterName) -> list[RegisterLine]:
        """Every line of a register in order, from the store."""
        return await self.registers.history(name)

    def _turn(self, what: str, case_id: str) -> asyncio.Lock:
        """A queue of one case, or of a primary's duplicates: the second is joined only from within the first."""
        return self._turns.setdefault((what, case_id), asyncio.Lock())

    async def _attempt(
        self,
        case_id: str,
        command: Step | PairedStep,
        caller: Caller,
        mac: str,
        if_match: int | None,
        kept: KeptFile | None,
    ) -> Receipt | None:
        """One try; None when the case moved on meanwhile and the question must be asked again."""
        era = self._renew()
        case = await self._known.case(case_id)
        if case is None:
            raise NotFound(case_id)
        if (caller.client, caller.key) in case.commands:
            return await self._known.same_again(case, caller, mac)
        number = "" if case.state.accepted else await self._numbers.take(self._clock())
        other = command.primary_of(case.state) if isinstance(command, PairedStep) else None
        if other is None:
            texts = texts_of(await self._known.lines(case_id)) if isinstance(command, RedactText) else frozenset()
            given = _Given(case, None, number, self.registers.next_versions, era, texts, kept)
            return await self._decide(command, caller, mac, if_match, given)
        async with self._turn("primary", other):
            given = _Given(case, await self._known.case(other), number, self.registers.next_versions, era)
            return await self._decide(command, caller, mac, if_match, given)

    async def _decide(
        self, command: Step | PairedStep, caller: Caller, mac: str, if_match: int | None, given: _Given
    ) -> Receipt | None:
        """Decide and append. From reading the state to drafting the lines nothing is awaited."""
        if given.era != self.registers.era:
            return None
        case, primary = given.case, given.primary
        case_id, unchanged = case.state.id, case.receipt(changed=False)
        act = self._act(caller, command.occurred_at, given)
        try:
            events = self._decided(command, act, if_match, given)
        except (Refused, VersionStale) as no:
            if await self._moved_on(given):
                return None
            if isinstance(no, VersionStale):
                no.since = await self._known.lines(case_id, if_match or 0)
            raise
        if not events:
            return None if await self._moved_on(given) else unchanged
        draft = Draft(caller, command.name, mac, act)
        lines = draft.following(case, primary, events)
        if primary is not None and all(line.case_id == case_id for line in lines) and await self._moved_on(given):
            return None  # nothing is appended to the primary, so no conflict would tell
        return await self._append(case_id, lines, draft.after, given.in_force)

    def _decided(
        self, command: Step | PairedStep, act: Act, if_match: int | None, given: _Given
    ) -> list[IncidentEvent]:
        """What the rules say; a case number they have no use for goes back."""
        events: list[IncidentEvent] = []
        try:
            if if_match is not None and not given.case.moved_at <= if_match <= given.case.version:
                raise VersionStale(given.case.version)
            events = decide(command, given.case.state, act, given.primary.state if given.primary else None)
        finally:
            if given.number and not any(isinstance(event, Accepted) for event in events):
                self._numbers.give_back(given.number)
        return events

    async def _append(
        self, case_id: str, lines: list[RecordedEvent], after: Mapping[str, Incident], in_force: Keys
    ) -> Receipt | None:
        """Write the lines of one command, all or none; None when a case or a register has moved on."""
        try:
            written = await self._streams.append(lines, in_force)
        except BaseException:
            self._known.forget(lines)
            raise
        if written is None:
            self._known.forget(lines)
            await self.refresh()
            return None
        self._known.written(written, after)
        own = [line for line in written if line.case_id == case_id][-1]
        return Receipt(incident_id=case_id, version=own.version, position=own.position, changed=True)

    def _renew(self) -> Keys:
        """Believe nothing that was read or reserved in another era of the store; return the one that holds."""
        if self._known.renew():
            self._numbers.forget()
        return self._known.era

    async def _moved_on(self, given: _Given) -> bool:
        """Whether anything a command was decided on is no longer what the store says."""
        return await self._known.moved_on(given.in_force, given.case, given.primary)

    def _act(self, caller: Caller, claimed: datetime | None, given: _Given | None) -> Act:
        """Who, when, and what is in force. The clock never runs backwards within a stream."""
        if given is None:
            return self.registers.act(caller, claimed)
        known = [case.recorded_at for case in (given.case, given.primary) if case is not None]
        started = given.case.state.cycle_began_at
        act = self.registers.act(caller, claimed, known, started=started, number=given.number)
        return replace(act, texts=given.texts, kept=given.kept) if given.texts or given.kept else act
