"""bidao rules, bidao calendar: show the versions, import a new one, or see first what it would change."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer

from api.books import calendars, effects, rule_tables
from api.commands.enacting import (
    Afterwards,
    Data,
    DryRun,
    File,
    console,
    enact,
    read_json,
    settings_with,
    with_casework,
)
from api.opening import open_views
from domain.books import AdoptRuleTable, PublishCalendar
from domain.casework.application import Casework
from domain.casework.asking import RegisterReceipt
from domain.clocks import RuleTable
from domain.model import Model
from domain.telling import local

rules = typer.Typer(help="时限表：各版和导入", no_args_is_help=True)
calendar = typer.Typer(help="工作日历：各版和导入", no_args_is_help=True)


async def _rule_tables(casework: Casework) -> Model:
    return rule_tables(casework.clocks, casework.registers.now)


async def _calendars(casework: Casework) -> Model:
    return calendars(casework.clocks, casework.registers.now)


@rules.command("show")
def show_rules(data: Data = None) -> None:
    """各版时限表和现在所用的一版（JSON）。"""
    console.print_json(with_casework(data, _rule_tables).model_dump_json())


@calendar.command("show")
def show_calendars(data: Data = None) -> None:
    """各版工作日历和现在所用的一版（JSON）。"""
    console.print_json(with_casework(data, _calendars).model_dump_json())


@rules.command("import")
def import_rules(file: File, dry_run: DryRun = False, data: Data = None) -> None:
    """启用新的时限表（JSON）：只管此后反映的案件。"""
    command = AdoptRuleTable(table=read_json(file, RuleTable))
    enact(data, file, command, dry_run=dry_run, afterwards=effects_told(data))


@calendar.command("import")
def import_calendar(file: File, dry_run: DryRun = False, data: Data = None) -> None:
    """发布工作日历（JSON：version、years、holidays、made_up，可有 valid_from）。"""
    command = read_json(file, PublishCalendar)
    enact(data, file, command, dry_run=dry_run, afterwards=effects_told(data))


def effects_told(data: Path | None) -> Afterwards:
    """Says what a dry run would do to open cases."""
    settings = settings_with(data)

    async def tell(casework: Casework, receipt: RegisterReceipt) -> None:
        views = open_views(settings, casework.files)
        try:
            await asyncio.to_thread(views.catch_up)
            found = await effects(casework, views, receipt)
        finally:
            views.close()
        console.print(f"在办案件：{found.determined} 件会得到时限，{found.unchanged} 件仍按原有版本计时")
        for due in found.due_times:
            console.print(f"　{due.incident_id}　{due.clock_label}　{local(due.due_at)}")

    return tell
