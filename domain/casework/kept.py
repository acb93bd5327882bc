"""A register as it was read, and what registers say once they are folded."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from domain.casework.asking import Caller, KeyReused, RegisterReceipt
from domain.casework.open_cases import Written
from domain.casework.recording import RegisterEvent, RegisterLine
from domain.clocks import Clocks
from domain.duty import Roster
from domain.model import Event
from domain.registry import drawn
from domain.registry.events import TerritoryEvent
from domain.retention import Erasures
from domain.territory import Territory

BEFORE_ALL = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Kept:
    """One register as of its `version`."""

    version: int = 0
    position: int = 0
    recorded_at: datetime = BEFORE_ALL
    events: list[RegisterEvent] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    """Of the events."""
    asked: list[tuple[str, datetime]] = field(default_factory=list)
    """Who asked for them, and when."""
    commands: dict[tuple[str, str], Written] = field(default_factory=dict)

    def extend(self, lines: Iterable[RegisterLine]) -> bool:
        """Take in the lines that follow; whether there were any."""
        before = self.version
        for line in lines:
            if line.version != self.version + 1:
                continue  # somebody who read at the same time was quicker
            self.events.append(line.event)
            self.positions.append(line.position)
            self.asked.append((line.actor, line.recorded_at))
            self.version, self.position, self.recorded_at = line.version, line.position, line.recorded_at
            self.commands[line.client, line.command_id] = Written(line.version, line.position, line.body_mac)
        return self.version > before

    def version_at(self, position: int) -> int:
        """How many lines it had when the store had come to that position; from any thread."""
        return bisect_right(self.positions, position)

    def receipt(self, events: tuple[Event, ...] = ()) -> RegisterReceipt:
        """The register as it stands; `events` are those it would get."""
        return RegisterReceipt(version=self.version, position=self.position, changed=bool(events), events=events)

    def same_again(self, caller: Caller, mac: str) -> RegisterReceipt | None:
        """The receipt this key was given before; None for a new key. Raises `KeyReused` for another body."""
        written = self.commands.get((caller.client, caller.key))
        if written is None:
            return None
        if written.body_mac != mac:
            raise KeyReused(caller.key)
        return RegisterReceipt(version=written.version, position=written.position, changed=True)


class Drawn:
    """The territory at any moment, drawn anew only when a change has come into force since it was last asked for."""

    def __init__(self, base: Territory, events: list[TerritoryEvent]) -> None:
        self._base, self._events = base, events
        self._changes = sorted({event.effective_from for event in events})
        self._last: tuple[int, Territory] | None = None

    def at(self, moment: datetime) -> Territory:
        """As drawn at that moment."""
        changes = bisect_right(self._changes, moment)
        if self._last is None or self._last[0] != changes:
            self._last = changes, drawn(self._base, self._events, moment)
        return self._last[1]


@dataclass(frozen=True, slots=True)
class Folded:
    """What the registers say, from their events up to some position of the store."""

    drawn: Drawn
    clocks: Clocks
    roster: Roster
    erasures: Erasures
