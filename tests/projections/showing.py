"""What views say, in a form that can be compared: with other views, and with a recomputation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

from eventsourcing.persistence import Notification

from domain.casework.case_files import MEMORY_ENV, CaseFiles
from projections import ALL as ALL
from projections.docket import TIMES, Docket
from projections.engine import Views
from projections.holding import COUNTS as HELD
from projections.holding import Holding
from projections.projection import SUM
from projections.reading import Readable, moment
from projections.response_time import COUNTS, ResponseTime
from projections.stretches import FLAGS, Stretches
from projections.workload import WORK, Workload
from tests.histories import store
from tests.projections.recomputation import PATH, WORKLOAD
from tests.projections.rooms import Room
from tests.projections.timing import MEASURES

Rows = list[dict[str, Any]]


def shown(views: Readable) -> dict[str, Rows]:
    """Every row of every view and of the docket's counts, in order; what adds up to nothing is not there."""
    with views.reading() as transaction:
        found = {}
        for name in (*(view.name for view in ALL), "docket.v2 counted"):
            rows = transaction.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - our own names
            found[name] = sorted(map(dict, rows), key=repr)
    for view in ALL:
        if sums := view.merging(SUM):
            found[view.name] = [row for row in found[view.name] if any(row[column] for column in sums)]
    found["docket.v2 counted"] = [row for row in found["docket.v2 counted"] if row["n"]]
    return found


def workload(views: Views) -> Counter[tuple[Any, ...]]:
    rows = shown(views)[Workload.name]
    return Counter({(*(row[key] for key in WORKLOAD), what): row[what] for row in rows for what in WORK if row[what]})


def response_time(views: Views) -> dict[tuple[Any, ...], Counter[str]]:
    keys = ("stretch", "day", "kind", "officer", "unit", *MEASURES, *PATH)
    return _counted(shown(views)[ResponseTime.name], keys, COUNTS)


def holding(views: Views) -> dict[tuple[Any, ...], Counter[str]]:
    keys = ("day", "kind", "level", "unit", "officer", "lasted", *PATH)
    return _counted(shown(views)[Holding.name], keys, HELD)


def stretches(views: Views) -> dict[tuple[str, int, str], dict[str, Any]]:
    """Those that count."""
    times, same = ("ended_at", "claimed_at", "recorded_at", "due_at"), ("position", "day", "kind", "officer", "unit")
    return {
        (row["id"], row["cycle"], row["stretch"]): {
            **{column: row[column] for column in same},
            "path": tuple(row[level] for level in PATH),
            **{column: moment(row[column]) for column in times},
            **{measure: row[measure] if row[measure] >= 0 else None for measure in MEASURES},
            **{mark: bool(row[mark]) for mark in ("due", "on_time", "exempted", *FLAGS)},
        }
        for row in shown(views)[Stretches.name]
        if row["counted"]
    }


def _counted(rows: Rows, keys: Sequence[str], counts: Sequence[str]) -> dict[tuple[Any, ...], Counter[str]]:
    return {tuple(row[key] for key in keys): +Counter({count: row[count] for count in counts}) for row in rows}


def docket(views: Views) -> dict[str, dict[str, Any]]:
    rows = {}
    for row in shown(views)[Docket.name]:
        case_id, times = row.pop("id"), {column: moment(row[column]) for column in TIMES}
        rows[case_id] = {column: value if value != "" else None for column, value in row.items()} | times
    return rows


def cut(events: Sequence[Notification], draw: Random, room: Room) -> Views:
    """Views that saw the events come in stretches of any length, in pages of any length."""
    files = CaseFiles(env=MEMORY_ENV)
    views = Views(files, room.open(), page=draw.choice((9, 40, 1000)))
    left = list(events)
    while left:
        stretch = draw.choice((1, 20, 60, len(left)))
        store(files, left[:stretch])
        views.catch_up()
        left = left[stretch:]
    return views


def whole(events: Sequence[Notification], room: Room | None = None) -> Views:
    """Views that read all events as one page."""
    files = CaseFiles(env=MEMORY_ENV)
    store(files, events)
    views = Views(files, room.open() if room else None, page=len(events))
    views.catch_up()
    return views
