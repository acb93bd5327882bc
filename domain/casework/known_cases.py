"""What commands on cases are decided on: memory where it holds, the store where it must say no."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from domain.casework.asking import Caller, KeyReused, Receipt
from domain.casework.batches import Keys
from domain.casework.open_cases import OpenCase, OpenCases
from domain.casework.recording import STREAMS, RecordedEvent
from domain.casework.registers import Registers
from domain.casework.streams import Streams
from domain.incident.state import Incident


class KnownCases:
    """Cases as of the last event known here, and whether that still is the last. Use within one event loop.

    State kept after writing is never believed when it says no: before any refusal, no-change or stale-version
    answer the heads of the streams are read again.
    """

    def __init__(self, streams: Streams, registers: Registers) -> None:
        self._streams, self._registers = streams, registers
        self._cases = OpenCases()
        self.era, self._erasures = registers.era, registers.version("erasure")

    def renew(self) -> bool:
        """Believe nothing read in another era of the store, or before an erasure; whether the era is another."""
        another = self.era != self._registers.era
        erasures = self._registers.version("erasure")
        if another or self._erasures != erasures:
            self.era, self._erasures = self._registers.era, erasures
            self._cases.clear()
        return another

    async def case(self, case_id: str) -> OpenCase | None:
        """The case from memory, else folded from its stream; None when there is none."""
        case = self._cases.get(case_id)
        if case is None:
            lines = await self.lines(case_id)
            if lines:
                case = OpenCase.load(lines)
                if self.era == self._streams.store.era:
                    self._cases.put(case_id, case)
        return case

    async def lines(self, case_id: str, after: int = 0) -> list[RecordedEvent]:
        """What the store has of a case after a version, in order."""
        stream = stream_of(case_id)
        return [] if stream is None else await self._streams.read(stream, after, RecordedEvent)

    def written(self, lines: list[RecordedEvent], after: Mapping[str, Incident]) -> None:
        """Take note of what was just committed, and how it leaves its cases."""
        if self.era == self._streams.store.era:
            self._cases.written(lines, after)

    def forget(self, lines: list[RecordedEvent]) -> None:
        """Whether these were written is not known, or they were not: read their cases anew."""
        for line in lines:
            self._cases.evict(line.case_id)

    async def moved_on(self, in_force: Keys, *cases: OpenCase | None) -> bool:
        """Read the heads again; if they are not those kept, forget what is kept so that it is folded anew."""
        moved = await self.adopted_since(in_force)
        for kept in cases:
            if kept is not None and not kept.ends_with(await self.lines(kept.state.id, kept.version - 1)):
                self._cases.evict(kept.state.id)
                moved = True
        return moved

    async def adopted_since(self, in_force: Keys) -> bool:
        """Read the heads of the registers; whether anybody here or elsewhere has taken in more since."""
        await self._registers.refresh()
        return self._registers.next_versions != in_force

    async def same_again(self, case: OpenCase, caller: Caller, mac: str) -> Receipt | None:
        """The receipt this key was given before; None when the store does not hold what it was given for.

        Raises `KeyReused` for another body.
        """
        written = case.commands.get((caller.client, caller.key))
        if written is None:
            raise KeyReused(caller.key)
        found = await self.lines(case.state.id, written.version - 1)
        if not found or not written.is_in(found[0], caller.client, caller.key):
            self._cases.evict(case.state.id)
            return None
        if written.body_mac != mac:
            raise KeyReused(caller.key)
        return Receipt(incident_id=case.state.id, version=written.version, position=written.position, changed=True)


def stream_of(case_id: str) -> UUID | None:
    """The stream of a case id as we write it; another spelling of it names no case."""
    try:
        stream = UUID(case_id)
    except ValueError:
        return None
    return stream if str(stream) == case_id and stream not in STREAMS.values() else None
