"""What a store begins with: the numbers and working days known here, and the registry it was given.

After that the store says what holds. Of what is known here only years it has no working days for are added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from typing import ClassVar

from domain.act import Act
from domain.books import AdoptRuleTable, PublishCalendar
from domain.casework.asking import Caller, KeyReused
from domain.casework.registers import Registers
from domain.clocks import ALWAYS, Calendar, Clocks
from domain.model import Role
from domain.register import RegisterCommand
from domain.registry.commands.importing import ImportTerritory
from domain.registry.events import TerritoryEvent
from domain.territory import Territory


class FoundTerritory(ImportTerritory):
    """建册：一个新库所用的辖区，对任何时候的案件都有效。"""

    name: ClassVar[str] = "found-territory"
    label: ClassVar[str] = "建册"

    def decide(self, act: Act) -> Iterator[TerritoryEvent]:
        yield from self.changes(act.territory, ALWAYS)


def furnish(registers: Registers, library: Clocks, registry: Callable[[], Territory]) -> None:
    """Write whatever is missing; asked again, or by several processes at once, nothing is written twice.

    The registry is asked for only where the store has none. Raises `Refused` (one that does not hold together),
    whatever asking for it raises, or the store's `PersistenceError`.
    """
    for what, command in _missing(registers, library, registry):
        key = f"furnish-{what}"
        caller = Caller(client="bidao", key=key, actor="bidao", role=Role.SYSTEM, channel="opening")
        with suppress(KeyReused):  # another process came first, with another library or registry
            registers.enact_at_once(command, caller)


def _missing(
    registers: Registers, library: Clocks, registry: Callable[[], Territory]
) -> Iterator[tuple[str, RegisterCommand]]:
    for table in library.tables.values() if not registers.clocks.tables else ():
        yield table.version, AdoptRuleTable(table=table.model_copy(update={"valid_from": table.valid_from}))
    for calendar in library.calendars.values():
        for command in _published(calendar, registers.clocks):
            yield calendar.version, command
    if not registers.version("territory"):
        yield "territory", FoundTerritory.of(registry())


def _published(calendar: Calendar, clocks: Clocks) -> Iterator[PublishCalendar]:
    """The years of a calendar that the newest one in the books has not."""
    known = list(clocks.calendars.values())
    years = calendar.years - known[-1].years if known else calendar.years
    if not years or calendar.version in clocks.calendars:
        return
    yield PublishCalendar(
        version=calendar.version,
        valid_from=None if known else calendar.valid_from,
        years=tuple(sorted(years)),
        holidays=_of(years, calendar.holidays),
        made_up=_of(years, calendar.made_up),
    )


def _of(years: frozenset[int], days: frozenset[date]) -> tuple[date, ...]:
    return tuple(sorted(day for day in days if day.year in years))
