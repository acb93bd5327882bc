"""A service with a month behind it, and asking it for the sheet of a place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.api.visitor import START, Clock, Visitor, identity
from tests.lives import ACCEPTED, CLOSED, HANDLING, LIVES
from tests.server import serving
from tests.stores import Store

MONTHLY = "/api/v1/reports/monthly"
COMMUNITY = "community-sanjiaoping"
RESTATED = ("grant-correction", "grant-void", "merge", "unmerge", "reopen", "exempt-timeout", "fail-check")
"""What changes the figures afterwards."""
MAYOR = {"Bidao-Actor": "mayor; role=auditor; scope=city-huaihua"}


@contextmanager
def lived(store: Store, folder: Path) -> Iterator[Visitor]:
    """With cases that were corrected, voided, merged, parted, reopened, exempted; it is the 20th of March."""
    clock = Clock(datetime(2026, 2, 25, 2, tzinfo=UTC))
    settings = store.settings(folder, wait_timeout=20)
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=120) as client:
        visitor = Visitor(client, clock)
        visitor.play(CLOSED)
        clock.now = START
        for life in (HANDLING, CLOSED, ACCEPTED, *(LIVES[command] for command in RESTATED)):
            visitor.play(life)
        visitor.report("officer-zhang", grid="grid-yunjian-3", kind="hardship")
        clock.now = datetime(2026, 3, 20, 2, tzinfo=UTC)
        yield visitor


def ask(service: Visitor, path: str = MONTHLY, actor: str = "district-desk", **query: Any) -> httpx.Response:
    """What has caught up with everything stored, or as it was then."""
    asked = {"territory": COMMUNITY, "month": "2026-03", **query}
    if not asked.keys() & {"as_of", "as_of_position"}:
        asked["after"] = service.stored()
    whose = MAYOR if asked["territory"] == "city-huaihua" else identity(actor)
    return service.client.get(path, params=asked, headers=whose)


def printed(service: Visitor, path: str, **query: Any) -> bytes:
    answer = ask(service, path, **query)
    assert answer.status_code == 200, answer.text
    return answer.content


def sheet_of(service: Visitor, **query: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(printed(service, MONTHLY, **query))
    return told
