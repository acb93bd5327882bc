"""Sheets of the territory from files or requests: what they ask for, and every bad row by its own number."""

from __future__ import annotations

from collections.abc import Iterable

from domain.registry.commands import ImportTerritory, RowsRefused
from domain.registry.sheets import Sheet

TITLES = {"nodes": "节点表", "units": "单位表", "staff": "人员表", "heads": "楼栋长表"}


def import_of(sheets: Iterable[Sheet]) -> ImportTerritory:
    """The one command that takes in all sheets or none."""
    rows: dict[str, list[object]] = {}
    for sheet in sheets:
        rows.setdefault(sheet.name, []).extend(sheet.rows)
    return ImportTerritory.model_validate({name: tuple(listed) for name, listed in rows.items()})


def bad_rows(sheet: Sheet) -> list[str]:
    """What is wrong with each row that cannot be read."""
    return [told(sheet.name, bad.row, bad.sentence) for bad in sheet.bad]


def refused_rows(no: RowsRefused, sheets: Iterable[Sheet]) -> list[str]:
    """What is wrong with each row that does not fit, numbered as in its own sheet."""
    at: dict[str, list[int]] = {}
    for sheet in sheets:
        at.setdefault(sheet.name, []).extend(sheet.at)
    return [told(fault.sheet, at[fault.sheet][fault.row], fault.sentence) for fault in no.faults]


def told(sheet: str, row: int, sentence: str) -> str:
    return f"{TITLES[sheet]}第{row}行：{sentence}"
