"""What a district takes: memory of a service that was asked about all of it, and room on the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import psycopg

from tests.bench.client import asking, load
from tests.bench.report import Budget, Contender, Row
from tests.bench.service import Served, service
from tests.bench.stores import Place, Store
from tests.bench.town import Town, drawn_now

BUDGET = 300
"""MB, of one process of the service (performance.md)."""
DESK = {"Bidao-Actor": "desk-of-the-district; role=district; scope=district"}


def row(store: Store, large: Town) -> Row:
    """A service that answered every kind of question about a district, beside one that has nothing to tell."""
    with store.place() as empty, store.place() as other:
        for place in (large.place, empty):
            place.settings.registry.write_text(drawn_now().model_dump_json())
        asked = _resident(Served(large.place, other), [asking(path, DESK) for path in _paths()])
        idle = _resident(Served(empty, other), [])
    found = Row.of(
        f"memory of a service asked about {large.events:,} events",
        "MB ↓",
        Contender.of("32 connections, every kind of question", [asked]),
        Contender.of("a service just started, with nothing", [idle]),
    )
    found.budgets = [Budget.at_most(BUDGET, asked, "MB")]
    return found


def on_disk(large: Town) -> Row:
    """The views with their indices, beside the events with theirs."""
    views, events = _sizes(large.place)
    return Row.of(
        "room of all views on the disk",
        "MB ↓",
        Contender.of("tables and indices of the views", [views]),
        Contender.of("the events with their indices", [events]),
    )


def _sizes(place: Place) -> tuple[float, float]:
    if place.url is None:
        return tuple(path.stat().st_size / 1e6 for path in (place.settings.views_db, place.settings.events_db))  # type: ignore[return-value]
    size = (
        "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = %s::regnamespace"
    )
    with closing(psycopg.connect(place.url)) as server:
        views, events = (
            float(server.execute(size, (schema,)).fetchone()[0]) / 1e6  # type: ignore[index]
            for schema in (place.settings.views_schema, "public")
        )
    return views, events


def _paths() -> Iterator[str]:
    """All KPIs, workload and response times of the year by every level, then and now; pages of lists."""
    for drawn in ("then", "now"):
        for by in ("all", "grid", "building", "community", "day", "month", "unit", "kind"):
            yield f"/api/v1/views/kpis?{urlencode({'by': by, 'drawn': drawn})}"
        for by in ("grid", "building", "officer", "unit"):
            yield f"/api/v1/views/workload?{urlencode({'by': by, 'drawn': drawn})}"
        for by in ("grid", "building", "day"):
            yield f"/api/v1/views/response-times?{urlencode({'by': by, 'drawn': drawn})}"
        for part in ("denominator", "missed"):
            asked = {"kpi": "handled_on_time", "part": part, "drawn": drawn, "limit": 200}
            yield f"/api/v1/views/kpis/cases?{urlencode(asked)}"
    for sort in ("reported_at", "-updated_at", "due_at", "light"):
        yield f"/api/v1/incidents?{urlencode({'sort': sort, 'limit': 200})}"


def _resident(served: Served, requests: list[bytes]) -> float:
    """MB that the service has in memory after these requests, as the system counts them."""
    with service(served, 0) as running:
        if requests:
            asyncio.run(load([running.port], requests))
        status = Path(f"/proc/{running.pid}/status").read_text()
    [resident] = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return int(resident) / 1024
