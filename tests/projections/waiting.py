"""Waiting until something comes to hold."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep

import psycopg

from tests.projections.rooms import Home

SOON = 30.0
"""Seconds after which something that should come at once is given up; nothing is measured."""


def until(holds: Callable[[], bool]) -> None:
    began = monotonic()
    while not holds():
        assert monotonic() - began < SOON, "it does not come to hold"
        sleep(0.01)


def waits_for_readers(home: Home) -> bool:
    """Whether somebody wants a table for itself and has to wait."""
    with psycopg.connect(home.room.url) as other:
        waiting = other.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'")
        return waiting.fetchall() != [(0,)]
