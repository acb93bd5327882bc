"""bidao demo, replay: a case told step by step, and the article's cases in a store that has no others."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape

from api.commands.enacting import NOT_FOUND, WRONG, Data, console, settings_with
from api.demo.replaying import NotAlone, StoryClock, Told, holds_stories, replay_stories
from api.opening import has_case_files, open_case_files, open_casework
from api.settings import Settings
from api.timeline import print_timeline
from domain.casework.asking import NotFound
from domain.casework.case_file import as_known
from domain.casework.recording import RecordedEvent
from domain.casework.redactions import shown
from domain.clocks import SHANGHAI
from domain.model import Role


def demo(data: Data = None) -> None:
    """把文章里的三件事重放进空库（已有则不重复），逐步讲给你看。"""
    settings = settings_with(data)
    try:
        stories = asyncio.run(tell_stories(settings, only_if_empty=False))
    except NotAlone:
        console.print("[red]库里已有别的记录，演示案件只放进空库：请用 --data 另给一个目录。[/]")
        raise typer.Exit(WRONG) from None
    for story in stories:
        console.rule(story.title)
        print_timeline(console, *asyncio.run(read(settings, story.incident_id)))


async def tell_stories(settings: Settings, *, only_if_empty: bool) -> list[Told]:
    """Into a store that is empty or holds them already: recorded when they happened, they would come before all else.

    Raises `NotAlone` for any other, unless they are wanted `only_if_empty`.
    """
    files = open_case_files(settings)
    with closing(files):
        there = files.store.max_notification_id() > 0
        if there and only_if_empty:
            return []
        if there and not holds_stories(files):
            raise NotAlone
    clock = StoryClock()
    casework = open_casework(settings, open_case_files(settings), clock)
    try:
        return await replay_stories(casework, clock)
    finally:
        await casework.aclose()


def replay(
    case: Annotated[str, typer.Argument(help="案件编号")],
    version: Annotated[int | None, typer.Option(min=1, help="只看到这个版本")] = None,
    as_of: Annotated[datetime | None, typer.Option(help="只看到这个时刻已记下的，如 2020-01-24T21:00:00")] = None,
    data: Data = None,
) -> None:
    """重放一个案卷：谁、何时、做了什么、依据哪条规则。"""
    settings = settings_with(data)
    try:
        lines, names = asyncio.run(read(settings, case.lower()))
    except NotFound:
        console.print(f"[red]没有编号为 {escape(case)} 的案件。[/]")
        raise typer.Exit(NOT_FOUND) from None
    moment = as_of.replace(tzinfo=SHANGHAI) if as_of and as_of.tzinfo is None else as_of
    known = as_known(lines, version, moment)
    if not known:
        console.print("[red]那时还没有这个案件。[/]")
        raise typer.Exit(NOT_FOUND)
    print_timeline(console, known, names)


async def read(settings: Settings, case: str) -> tuple[list[RecordedEvent], dict[str, str]]:
    """The lines of a case, and what to call whoever they name. Raises `NotFound`; where nothing is, nothing is made."""
    if not has_case_files(settings):
        raise NotFound(case)
    files = open_case_files(settings)
    casework = open_casework(settings, files)
    try:
        lines = shown(await casework.history(case), casework.registers.erasures, Role.ADMIN)
        return lines, casework.territory.names
    finally:
        await casework.aclose()
