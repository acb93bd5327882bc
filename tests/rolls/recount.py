"""What is owed and what was done, counted the slow way from every line: day by day, without any view."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from domain.casework.recording import RollLine
from domain.clocks import SHANGHAI
from domain.territory import Place

DUTY = {"must_visited": "must_visit", "covered": "coverage", "served": "service"}
MONTHS = {"must_visited": 1, "covered": 12, "served": 6}


class Due(NamedTuple):
    """One who owed or was owed something in a period."""

    entry: str
    last: date
    place: Place
    done: bool


def day_of(line: RollLine) -> date:
    return line.effective_at.astimezone(SHANGHAI).date()


class Spell(NamedTuple):
    """For how long it was owed: from a day on, and no longer on another (None: it still is)."""

    entry: str
    place: Place
    since: date
    until: date | None


def due(code: str, lines: Sequence[RollLine], now: date) -> list[Due]:
    """Whoever counts in a figure, once for each period that is over."""
    found = []
    for spell in spells(DUTY[code], lines):
        for first, last in periods(MONTHS[code], spell.since):
            if last >= now or (spell.until and spell.until <= last):
                break
            if spell.since <= (last if code == "covered" else first):
                done = any(first <= day_of(line) <= last for line in deeds(DUTY[code], spell.entry, lines))
                found.append(Due(spell.entry, last, spell.place, done))
    return found


def deeds(duty: str, entry: str, lines: Sequence[RollLine]) -> Iterator[RollLine]:
    for line in lines:
        served = line.event.type == "member.served" and duty == "service"
        visited = line.event.type == "household.visited" and duty != "service" and line.event.met
        if line.entry == entry and (served or visited):
            yield line


def spells(duty: str, lines: Sequence[RollLine]) -> list[Spell]:
    """The times for which it was owed, by replaying each entry."""
    open_: dict[str, Spell] = {}
    groups: dict[str, set[str]] = {}
    ended: list[Spell] = []

    at: dict[str, datetime] = {}

    def begin(line: RollLine) -> None:
        before = next((one for one in reversed(ended) if one.entry == line.entry), None)
        place = line.standing.place
        if (
            before
            and line.effective_at - at[line.entry] <= timedelta(days=31)
            and before.place.community == place.community
        ):
            ended.remove(before)
            open_[line.entry] = before._replace(place=place, until=None)
        else:
            open_[line.entry] = Spell(line.entry, place, day_of(line), None)

    def end(line: RollLine) -> None:
        ended.append(open_.pop(line.entry)._replace(until=day_of(line)))
        at[line.entry] = line.effective_at

    def listed(line: RollLine) -> None:
        of = groups.setdefault(line.entry, set())
        if not of:
            begin(line)
        of.add(line.event.group)  # type: ignore[union-attr] # of such an event

    def delisted(line: RollLine) -> None:
        groups[line.entry].remove(line.event.group)  # type: ignore[union-attr] # the same
        if not groups[line.entry]:
            end(line)

    told: dict[str, dict[str, Callable[[RollLine], None]]] = {
        "coverage": {"household.enrolled": begin, "household.left": end},
        "service": {"member.checked_in": begin, "member.checked_out": end},
        "must_visit": {"household.must_visit_listed": listed, "household.must_visit_delisted": delisted},
    }
    for line in lines:
        if happens := told[duty].get(line.event.type):
            happens(line)
    return [*ended, *open_.values()]


def periods(months: int, since: date) -> Iterator[tuple[date, date]]:
    """Every period of the calendar from the one a day lies in, a day at a time."""
    first = date(since.year, 1, 1)
    while True:
        after = first
        for _ in range(months):
            after = (after.replace(day=28) + timedelta(days=4)).replace(day=1)
        if after > since:
            yield first, after - timedelta(days=1)
        first = after
