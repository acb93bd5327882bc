"""`bidao follow`: keeps the views of one store, and serves nobody."""

from __future__ import annotations

import signal
from contextlib import closing
from threading import Event

import typer
from rich.console import Console
from rich.markup import escape

from api.commands.enacting import WRONG, Data, settings_with
from api.logs import configure
from api.opening import has_case_files, open_case_files, open_views

console = Console(highlight=False)


def follow(data: Data = None) -> None:
    """只维护视图，不提供接口；可以运行多个，同一时间由一个维护，它停了由别的接替。"""
    settings = settings_with(data)
    if not has_case_files(settings):
        console.print(f"[red]数据目录 {escape(str(settings.data))} 里没有事件库，请核对 --data 或 BIDAO_DATA。[/]")
        raise typer.Exit(WRONG)
    asked_to_end = Event()
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda *_: asked_to_end.set())
    configure()
    with closing(open_case_files(settings)) as files, closing(open_views(settings, files)) as views:
        views.start()
        console.print(f"必到 视图从第{views.position}条事件起维护")
        asked_to_end.wait()
