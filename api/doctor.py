"""体检: what an operator wants to know before trusting a store."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.opening import has_case_files, look_into, open_case_files, open_territory
from api.settings import Settings, is_loopback
from domain.casework.application import CaseFiles
from domain.casework.books import books
from domain.clocks import SHANGHAI, Clocks
from domain.territory import Territory
from projections.engine import Views

PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is fine, and a sentence for the operator."""

    fine: bool
    sentence: str


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; one failing look does not hide the others. Nothing is made that is not there."""
    if not has_case_files(settings):
        return [Finding(False, f"数据目录 {settings.data} 里没有事件库，请核对 --data 或 BIDAO_DATA。")]
    looks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (_store, _registers, _doors)
    return [finding for look in looks for finding in _safely(look, settings)]


def _safely(look: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    try:
        yield from look(settings)
    except Exception as trouble:  # whatever is broken is a finding
        yield Finding(False, str(trouble))


def _store(settings: Settings) -> Iterator[Finding]:
    files = open_case_files(settings)
    try:
        if settings.database_url is None:
            yield _file(settings.events_db)
        yield Finding(True, f"事件库可读，共{_readable(files)}条事件，逐条解读无误")
        if not settings.views_db.exists():
            yield Finding(True, "视图还没有建立，启动服务时自动建立")
            return
        with closing(Views(files, settings.views_db)) as views:
            head = files.store.max_notification_id()
            yield Finding(views.position >= head, f"视图已跟到第{views.position}条，共{head}条")
    finally:
        files.close()


def _file(path: Path) -> Finding:
    with closing(sqlite3.connect(path)) as database:
        [answer] = database.execute("PRAGMA integrity_check(1)").fetchone()
    return Finding(answer == "ok", f"事件库文件检查：{answer}")


def _readable(files: CaseFiles) -> int:
    """Read every stored event with today's models; raises on the first that cannot be read."""
    position = 0
    while page := files.store.select_notifications(position + 1, PAGE):
        for row in page:
            files.mapper.to_domain_event(row)
        position = page[-1].id
    return position


def _registers(settings: Settings) -> Iterator[Finding]:
    files = open_case_files(settings)
    try:
        kept = look_into(files)
        yield from _territory(kept.territory if kept.version("territory") else open_territory(settings))
        yield from _calendar(kept.clocks if kept.clocks.calendars else books())
    finally:
        files.close()


def _territory(territory: Territory) -> Iterator[Finding]:
    bare = "、".join(grid.name for grid in territory.uncovered)
    yield Finding(not bare, f"没有网格员的网格：{bare}" if bare else "每个网格都有网格员")


def _calendar(clocks: Clocks) -> Iterator[Finding]:
    now = datetime.now(SHANGHAI)
    years = clocks.calendar_at(now).years
    yield Finding(now.year in years, f"{now.year}年工作日历{'已' if now.year in years else '未'}载入")
    if now.year + 1 not in years:
        yield Finding(True, f"{now.year + 1}年工作日历尚未公布：要用到它的时限显示“未定”")


def _doors(settings: Settings) -> Iterator[Finding]:
    secret = settings.secret_key
    if secret.exists():
        private = stat.S_IMODE(secret.stat().st_mode) & 0o077 == 0
        yield Finding(private, f"密钥文件{'仅本人可读' if private else '他人可读，请改为 0600'}")
    if settings.header_identity:
        local = is_loopback(settings.host)
        yield Finding(local, "请求头身份只在本机可用" if local else "请求头身份不得用于非本机地址")
