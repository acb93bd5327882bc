"""Sheets of the territory from files or requests: what they ask for, and every bad row by its own number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domain.casework.application import Casework
from domain.casework.asking import Caller
from domain.clocks import ALWAYS
from domain.register import RowsRefused
from domain.registry.commands import ImportTerritory
from domain.registry.drawing import drawn
from domain.registry.sheets import Sheet
from domain.territory import Territory

TITLES = {"nodes": "节点表", "units": "单位表", "staff": "人员表", "heads": "楼栋长表"}


def import_of(sheets: Iterable[Sheet]) -> ImportTerritory:
    """The one command that takes in all sheets or none."""
    rows: dict[str, list[object]] = {}
    for sheet in sheets:
        rows.setdefault(sheet.name, []).extend(sheet.rows)
    return ImportTerritory.model_validate({name: tuple(listed) for name, listed in rows.items()})


def listed_in(sheets: Iterable[Sheet]) -> Territory:
    """The territory of a new store that the sheets list. Raises `RowsRefused`."""
    nothing = Territory()
    return drawn(nothing, import_of(sheets).changes(nothing, ALWAYS), ALWAYS)


def faulty_rows(sheets: Sequence[Sheet], no: RowsRefused | None = None) -> list[str]:
    """What is wrong with each row that cannot be read and, by the refusal, each that does not fit, from the first on;
    numbered as in its own sheet."""
    found = [(nth, bad.row, bad.sentence) for nth, sheet in enumerate(sheets) for bad in sheet.bad]
    at: dict[str, list[tuple[int, int]]] = {}
    for nth, sheet in enumerate(sheets):
        at.setdefault(sheet.name, []).extend((nth, row) for row in sheet.at)
    found += [(*at[fault.sheet][fault.row], fault.sentence) for fault in (no.faults if no else ())]
    return [f"{TITLES[sheets[nth].name]}第{row}行：{sentence}" for nth, row, sentence in sorted(found)]


async def unfit(command: ImportTerritory, casework: Casework, caller: Caller) -> RowsRefused | None:
    """How the rows that can be read do not fit, if so: to be told together with those that cannot. Writes nothing.

    Raises any other `Refused`.
    """
    try:
        await casework.enact(command, caller, dry_run=True)
    except RowsRefused as no:
        return no
    return None
