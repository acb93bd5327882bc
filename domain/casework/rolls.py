"""Rolls as they are kept: each household and each member a stream of its own, folded whenever it is asked about.

Nothing is kept in memory, so nothing is ever said from memory: streams are short, and are read before every decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from eventsourcing.persistence import PersistenceError

from domain import household, membership
from domain.casework.asking import Caller, KeyReused, NotFound, RollReceipt
from domain.casework.drafting import Draft
from domain.casework.identifying import mac_of
from domain.casework.recording import RollLine, stream_of_entry
from domain.casework.registers import Registers
from domain.casework.streams import Streams
from domain.model import Refused
from domain.rolls import Enrolling, Entry, Evolve, RollName, Upkeep, decide

ATTEMPTS = 30
AnyCommand = Enrolling | Upkeep[Any]
EVOLVE: dict[RollName, Evolve] = {"household": household.evolve, "member": membership.evolve}


class Rolls:
    """The way in for every command on a roll, and the way back to what is kept of an entry."""

    def __init__(self, streams: Streams, registers: Registers, *, secret: bytes) -> None:
        self._streams, self._registers, self._secret = streams, registers, secret

    async def ask(self, id: str, command: AnyCommand, caller: Caller) -> RollReceipt:
        """Ask something of an entry.

        Raises `NotFound`, `Refused`, `KeyReused`, or the store's `PersistenceError`.
        """
        mac = mac_of(self._secret, f"{command.roll}/{id}", command)
        for _ in range(ATTEMPTS):
            in_force = self._registers.next_versions
            lines = await self._read(command.roll, id)
            known = _same_again(lines, caller, mac)
            if known is not None:
                return known
            try:
                drafted = self._drafted(id, command, caller, mac, lines)
            except (Refused, NotFound):
                await self._registers.refresh()
                if self._registers.next_versions != in_force:
                    continue
                raise
            if not drafted:
                return _receipt(lines, changed=False)
            written = await self._streams.append(drafted, in_force)
            if written:
                return _receipt(written, changed=True)
            await self._registers.refresh()
        raise PersistenceError("too many write to the entry at once")

    async def rehearse(self, id: str, command: AnyCommand, caller: Caller) -> bool:
        """Whether anything would change; nothing is written. Raises `NotFound` and `Refused`."""
        await self._registers.refresh()
        return bool(self._drafted(id, command, caller, "", await self._read(command.roll, id)))

    async def history(self, roll: RollName, id: str) -> list[RollLine]:
        """Every line of an entry in order, from the store. Raises `NotFound`."""
        lines = await self._read(roll, id)
        if not lines:
            raise NotFound(id)
        return lines

    async def _read(self, roll: RollName, id: str) -> list[RollLine]:
        return await self._streams.read(stream_of_entry(roll, id), 0, RollLine)

    def _drafted(self, id: str, command: AnyCommand, caller: Caller, mac: str, lines: list[RollLine]) -> list[RollLine]:
        """The lines to write. From here to the append nothing is awaited."""
        entry = folded(command.roll, lines)
        act = self._registers.act(caller, command.occurred_at, [line.recorded_at for line in lines[-1:]])
        if not command.is_deed:
            act = replace(act, effective_at=act.recorded_at)
        try:
            events = decide(command, entry, act)
        except LookupError:
            raise NotFound(id) from None
        version = lines[-1].version if lines else 0
        return Draft(caller, command.name, mac, act).of_entry(id, EVOLVE[command.roll], entry, events, version)


def folded(roll: RollName, lines: Iterable[RollLine]) -> Any:
    """The entry that these lines make; None of none."""
    entry: Entry | None = None
    for line in lines:
        entry = EVOLVE[roll](entry, line.entry, line.event, line.effective_at)
    return entry


def _same_again(lines: list[RollLine], caller: Caller, mac: str) -> RollReceipt | None:
    """The receipt this key was given before; None for a new key. Raises `KeyReused` for another body."""
    own = [line for line in lines if (line.client, line.command_id) == (caller.client, caller.key)]
    if own and own[-1].body_mac != mac:
        raise KeyReused(caller.key)
    return _receipt(own, changed=True) if own else None


def _receipt(lines: list[RollLine], *, changed: bool) -> RollReceipt:
    last = lines[-1]
    return RollReceipt(entry=last.entry, version=last.version, position=last.position, changed=changed)
