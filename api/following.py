"""`bidao follow`: keeps the views of one store, and serves nobody."""

from __future__ import annotations

import signal
from contextlib import closing
from threading import Event

from rich.console import Console

from api.commands.enacting import Data, settings_with
from api.logs import configure
from api.opening import open_case_files, open_views, require_case_files

LOOK = 0.5
"""Seconds between two looks at whether this process leads."""
LEADS, STANDS_BY = "必到 视图从第{}条事件起由本进程维护", "必到 待命：视图由别的进程维护，它停了由本进程接替"
console = Console(highlight=False)


def follow(data: Data = None) -> None:
    """只维护视图，不提供接口；可以运行多个，同一时间由一个维护，它停了由别的接替。"""
    settings = settings_with(data)
    require_case_files(settings)
    asked_to_end = Event()
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda *_: asked_to_end.set())
    configure()
    with closing(open_case_files(settings)) as files, closing(open_views(settings, files)) as views:
        views.start(grace=settings.views_grace)
        told = None
        while not asked_to_end.wait(LOOK):
            if told != views.leads:
                told = views.leads
                console.print(LEADS.format(views.position) if told else STANDS_BY)
