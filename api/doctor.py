"""体检: what an operator wants to know before trusting a store."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from api.opening import open_case_files, open_territory
from api.settings import Settings, is_loopback
from domain.casework.application import CaseFiles
from domain.casework.books import books
from domain.clocks import SHANGHAI
from domain.territory import Level, Territory
from projections.engine import Views

PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is fine, and a sentence for the operator."""

    fine: bool
    sentence: str


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; one failing look does not hide the others."""
    looks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (_store, _registry, _calendar, _doors)
    return [finding for look in looks for finding in _safely(look, settings)]


def _safely(look: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    try:
        yield from look(settings)
    except Exception as trouble:  # whatever is broken is a finding
        yield Finding(False, str(trouble))


def _store(settings: Settings) -> Iterator[Finding]:
    files = open_case_files(settings)
    try:
        with closing(sqlite3.connect(settings.events_db)) as database:
            [answer] = database.execute("PRAGMA integrity_check(1)").fetchone()
        yield Finding(answer == "ok", f"事件库文件检查：{answer}")
        yield Finding(True, f"事件库可读，共{_readable(files)}条事件，逐条解读无误")
        with closing(Views(files, settings.views_db)) as views:
            head = files.store.max_notification_id()
            yield Finding(views.position >= head, f"视图已跟到第{views.position}条，共{head}条")
    finally:
        files.close()


def _readable(files: CaseFiles) -> int:
    """Read every stored event with today's models; raises on the first that cannot be read."""
    position = 0
    while page := files.store.select_notifications(position + 1, PAGE):
        for row in page:
            files.mapper.to_domain_event(row)
        position = page[-1].id
    return position


def _registry(settings: Settings) -> Iterator[Finding]:
    territory = open_territory(settings)
    uncovered = _uncovered(territory)
    yield Finding(not uncovered, f"没有网格员的网格：{'、'.join(uncovered)}" if uncovered else "每个网格都有网格员")


def _uncovered(territory: Territory) -> list[str]:
    covered = {member.scope for member in territory.staff}
    return [node.name for node in territory.nodes if node.level is Level.GRID and node.id not in covered]


def _calendar(_: Settings) -> Iterator[Finding]:
    year = datetime.now(SHANGHAI).year
    years = books().calendar.years
    yield Finding(year in years, f"{year}年工作日历{'已' if year in years else '未'}载入")
    if year + 1 not in years:
        yield Finding(True, f"{year + 1}年工作日历尚未公布：要用到它的时限显示“未定”")


def _doors(settings: Settings) -> Iterator[Finding]:
    secret = settings.secret_key
    if secret.exists():
        private = stat.S_IMODE(secret.stat().st_mode) & 0o077 == 0
        yield Finding(private, f"密钥文件{'仅本人可读' if private else '他人可读，请改为 0600'}")
    if settings.header_identity:
        local = is_loopback(settings.host)
        yield Finding(local, "请求头身份只在本机可用" if local else "请求头身份不得用于非本机地址")
