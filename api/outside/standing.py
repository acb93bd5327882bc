"""What an operator is told of the places outside: which checkpoint each has, and what to do where it is behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import monotonic, sleep, time

from api.outside.handing import Handed, handed, newest_of, places_of
from api.outside.places import Place
from api.settings import Settings

MAY_TAKE = 3.0
"""Seconds for the running service to hand over what is due."""


def standing_of(settings: Settings) -> Iterator[tuple[bool, str]]:
    """Of each place whether all is well, and a sentence. Raises `NoteInvalid`, `KeyInvalid`."""
    places = places_of(settings)
    newest = newest_of(settings.log_folder) if places else None
    if places and newest is None:
        yield False, "设了外部留存或时间戳，却还没有检查点：请运行 bidao keys init，并启动服务"
    if newest is None:
        return
    ends = monotonic() + MAY_TAKE
    records = _records(settings, places)
    while any(_behind(*one, newest[0]) for one in records) and monotonic() < ends:
        sleep(MAY_TAKE / 30)
        records = _records(settings, places)
    yield from (_told(place, has, newest[0]) for place, has in records)


def _records(settings: Settings, places: Sequence[Place]) -> list[tuple[Place, Handed]]:
    return [(place, handed(settings.outside, place)) for place in places]


def _behind(place: Place, has: Handed, size: int) -> bool:
    """Whether it should have been handed more by now."""
    return has.error is None and has.size < size and time() - has.at > place.every


def _told(place: Place, has: Handed, size: int) -> tuple[bool, str]:
    got = f"{place.name} {f'有封存{has.size}条的检查点' if has.size else '还没有检查点'}，共封存{size}条"
    if has.error:
        remedy = "请核对 BIDAO_HOLDERS、BIDAO_STAMP_URL 和 BIDAO_TSA_CERT，或与对方联系"
        return False, f"{got}；最近{has.tries}次没有交到：{has.error}。{remedy}"
    if _behind(place, has, size):
        return False, f"{got}，没有进展：请启动服务，仍不前进请看它的日志"
    return True, got
