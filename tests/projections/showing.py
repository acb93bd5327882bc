"""What views say, in a form that can be compared: with other views, and with a recomputation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

from eventsourcing.persistence import Notification

from domain.casework.application import MEMORY_ENV, CaseFiles
from projections.docket import TIMES, Docket
from projections.engine import Views
from projections.projection import SUM
from projections.reading import Readable, moment
from projections.response_time import ResponseTime
from projections.workload import WORK, Workload
from tests.histories import store
from tests.projections.recomputation import RESPONSE_TIME, WORKLOAD
from tests.projections.rooms import Room

Rows = list[dict[str, Any]]
ALL = (Docket, Workload, ResponseTime)


def shown(views: Readable) -> dict[str, Rows]:
    """Every row of every view and of the docket's counts, in order; what adds up to nothing is not there."""
    with views.reading() as transaction:
        found = {}
        for name in (*(view.name for view in ALL), "docket.v2 counted"):
            rows = transaction.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - our own names
            found[name] = sorted(map(dict, rows), key=repr)
    for view in (Workload, ResponseTime):
        sums = view.merging(SUM)
        found[view.name] = [row for row in found[view.name] if any(row[column] for column in sums)]
    found["docket.v2 counted"] = [row for row in found["docket.v2 counted"] if row["n"]]
    return found


def workload(views: Views) -> Counter[tuple[Any, ...]]:
    rows = shown(views)[Workload.name]
    return Counter({(*(row[key] for key in WORKLOAD), what): row[what] for row in rows for what in WORK if row[what]})


def response_time(views: Views) -> Counter[tuple[Any, ...]]:
    return Counter({tuple(row[key] for key in RESPONSE_TIME): row["n"] for row in shown(views)[ResponseTime.name]})


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
