"""Registers as they are kept: 辖区、时限表与日历、值班表、删除登记, each folded from its stream over a given base."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from eventsourcing.persistence import PersistenceError

from domain.act import Act
from domain.books import bound
from domain.casework.asking import Caller, RegisterReceipt
from domain.casework.batches import Keys
from domain.casework.drafting import Draft
from domain.casework.identifying import mac_of
from domain.casework.kept import Drawn, Folded, Kept
from domain.casework.recording import STREAMS, RegisterLine
from domain.casework.streams import Streams
from domain.clocks import Clocks, effective
from domain.duty import Roster
from domain.erasure import Asked, erased
from domain.model import Role
from domain.register import RegisterCommand, RegisterName, decide
from domain.retention import Erasures
from domain.rostering import rostered
from domain.territory import Territory

LEVELLED = frozenset({Role.GRID_OFFICER, Role.COMMUNITY, Role.STREET, Role.DISTRICT, Role.CHECKER, Role.ADMIN})
"""Whose post gives them the level of the node they are responsible for."""
ATTEMPTS = 30
REMEMBERED = 20
"""Earlier states of the registers that are folded once, until one of them changes."""


class Registers:
    """What is in force, for rules and readers, and the way to change it.

    Registers are written seldom and by few: before every decision their heads are read again, so neither
    a refusal nor "nothing new" is ever said from memory.
    """

    def __init__(
        self,
        streams: Streams,
        given: tuple[Territory, Clocks],
        *,
        secret: bytes,
        clock: Callable[[], datetime],
    ) -> None:
        self._streams, self._secret, self._clock = streams, secret, clock
        self._given = given
        self._kept = {name: Kept() for name in STREAMS}
        self._turns = {name: asyncio.Lock() for name in STREAMS}
        self._era = streams.store.era
        self._read_anew = False
        self._fold()
        self.refresh_at_once()

    @property
    def now(self) -> datetime:
        """The server's clock."""
        return self._clock().astimezone(UTC)

    @property
    def territory(self) -> Territory:
        """As drawn now; what is to come into force later does not show before."""
        return self._folded.drawn.at(self._clock())

    @property
    def clocks(self) -> Clocks:
        """Every rule table and calendar adopted so far, those to come included."""
        return self._folded.clocks

    @property
    def roster(self) -> Roster:
        """Every shift assigned and not cancelled."""
        return self._folded.roster

    @property
    def erasures(self) -> Erasures:
        """Whom the district was asked to forget, and how far it is."""
        return self._folded.erasures

    @property
    def next_versions(self) -> Keys:
        """What nobody has taken as long as nothing else is in force: every append decided on it is stored only then."""
        return self._next_versions

    @property
    def era(self) -> Keys:
        """That of the store when all of it was last read (see `CaseRecorder.era`)."""
        return self._era

    def as_of(self, position: int) -> Folded:
        """What they said when the store had come to that position; from any thread.

        `refresh` first where other processes write.
        """
        folds, versions = self._folds, tuple(kept.version_at(position) for kept in self._kept.values())
        found = folds.get(versions) or self._folded_at(versions)
        if len(folds) < REMEMBERED:
            folds[versions] = found
        return found

    def version(self, name: RegisterName) -> int:
        """How many lines a register had when last read."""
        return self._kept[name].version

    def act(
        self,
        caller: Caller,
        claimed: datetime | None,
        since: Iterable[datetime] = (),
        *,
        started: datetime | None = None,
        number: str = "",
    ) -> Act:
        """Who and when, and what is in force. The server's clock never runs backwards behind any of `since`."""
        recorded = max([self._clock().astimezone(UTC), *since])
        occurred = claimed.astimezone(UTC) if claimed else recorded
        territory, clocks = self.territory, self.clocks
        table = clocks.table_at(recorded) if clocks.tables else None
        return Act(
            actor=caller.actor,
            role=caller.role,
            level=territory.level(caller.scope) if caller.role in LEVELLED else None,
            unit=caller.unit,
            occurred_at=occurred,
            recorded_at=recorded,
            effective_at=effective(occurred, recorded, started, table) if table else recorded,
            case_number=number,
            clocks=clocks,
            territory=territory,
            roster=self.roster,
            scope=caller.scope,
            erasures=self.erasures,
        )

    async def enact(self, command: RegisterCommand, caller: Caller, *, dry_run: bool = False) -> RegisterReceipt:
        """Write what a command on a register asks for; a dry run only says what it would write.

        Raises `Refused`, `KeyReused`, or the store's `PersistenceError`.
        """
        async with self._turns[command.register]:
            for _ in range(ATTEMPTS):
                await self.refresh()
                decided = self._decided(command, caller, dry_run=dry_run)
                if isinstance(decided, RegisterReceipt):
                    return decided
                if written := await self._streams.append(*decided):
                    return self._taken_in(command.register, written)
        raise PersistenceError("too many write to the register at once")

    def enact_at_once(self, command: RegisterCommand, caller: Caller) -> RegisterReceipt:
        """The same on this thread, for doors that are only being opened."""
        for _ in range(ATTEMPTS):
            self.refresh_at_once()
            decided = self._decided(command, caller, dry_run=False)
            if isinstance(decided, RegisterReceipt):
                return decided
            if written := self._streams.insert(*decided):
                return self._taken_in(command.register, written)
        raise PersistenceError("too many write to the register at once")

    async def refresh(self) -> bool:
        """Take in what other processes wrote; whether there was anything."""
        while True:
            era = self._streams.store.era
            anew = self._read_anew or era != self._era
            found = await asyncio.gather(
                *[self._streams.read(STREAMS[name], after, RegisterLine) for name, after in self._read_up_to(anew)]
            )
            if era == self._streams.store.era:
                return self._extended(found, era, anew)

    def refresh_at_once(self) -> bool:
        """The same on this thread."""
        while True:
            era = self._streams.store.era
            anew = self._read_anew or era != self._era
            found = [self._streams.select(STREAMS[name], after, RegisterLine) for name, after in self._read_up_to(anew)]
            if era == self._streams.store.era:
                return self._extended(found, era, anew)

    def _read_up_to(self, anew: bool) -> list[tuple[str, int]]:
        """Up to which version each register need not be read."""
        return [(name, 0 if anew else kept.version) for name, kept in self._kept.items()]

    async def history(self, name: RegisterName) -> list[RegisterLine]:
        """Every line of a register in order, from the store."""
        return await self._streams.read(STREAMS[name], 0, RegisterLine)

    def _decided(
        self, command: RegisterCommand, caller: Caller, *, dry_run: bool
    ) -> RegisterReceipt | tuple[list[RegisterLine], Keys]:
        """The lines to write and on which condition, or the answer where nothing is to be written.

        Nothing is awaited meanwhile.
        """
        kept = self._kept[command.register]
        mac = mac_of(self._secret, command.register, command)
        known = None if dry_run else kept.same_again(caller, mac)
        if known is not None:
            return known
        act = self.act(caller, command.occurred_at, [kept.recorded_at])
        events = decide(command, act)
        if dry_run or not events:
            return kept.receipt(tuple(events))
        return Draft(caller, command.name, mac, act).entries(kept.version, events), self.next_versions

    def _taken_in(self, name: RegisterName, written: list[RegisterLine]) -> RegisterReceipt:
        """The receipt for lines just written."""
        self._kept[name].extend(written)
        self._fold()
        if name == "erasure":
            self._forget()
        return RegisterReceipt(version=written[-1].version, position=written[-1].position, changed=True)

    def _extended(self, found: Iterable[list[RegisterLine]], era: Keys, anew: bool) -> bool:
        """Take in what was read: all of it where nothing holds any more that was read before (`anew`)."""
        erasures, another = self.version("erasure"), era != self._era
        if anew:
            self._era, self._kept, self._read_anew = era, {name: Kept() for name in STREAMS}, False
        moved = [kept.extend(lines) for kept, lines in zip(self._kept.values(), found, strict=True)]
        if anew or any(moved):
            self._fold()
        if another or self.version("erasure") != erasures:
            self._forget()
        return anew or any(moved)

    def _forget(self) -> None:
        """Believe no key any more, nor what registers say of anybody: it is read again, as far as it is still there."""
        self._streams.forget_keys()
        self._read_anew = True

    def _fold(self) -> None:
        versions = tuple(kept.version for kept in self._kept.values())
        following = frozenset((STREAMS[name].hex, kept.version + 1) for name, kept in self._kept.items())
        self._next_versions = following | self._era
        self._folded = self._folded_at(versions)
        self._folds = {versions: self._folded}

    def _folded_at(self, versions: tuple[int, ...]) -> Folded:
        """What they say with so many lines each."""
        territory, clocks = self._given
        known: dict[str, list[Any]] = {
            name: kept.events[:version] for (name, kept), version in zip(self._kept.items(), versions, strict=True)
        }
        asked = zip(known["erasure"], self._kept["erasure"].asked, strict=False)
        return Folded(
            Drawn(territory, known["territory"]),
            bound(clocks, known["books"]),
            rostered(Roster(), known["duty"]),
            erased(Asked(event, by, at) for event, (by, at) in asked),
        )
