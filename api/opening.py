"""From settings to the open store: territory, secret, case files and casework. Every door opens them here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from api.secret import secret_of
from api.settings import Settings
from domain.casework.application import CaseFiles, Casework, now, sqlite_env
from domain.casework.books import books
from domain.territory import Territory


def open_territory(settings: Settings) -> Territory:
    """The registry of places, units and staff in force."""
    return Territory.model_validate_json(settings.registry.read_bytes())


def open_case_files(settings: Settings) -> CaseFiles:
    """The event store under the data folder, made if it is not there yet. Raises `StoreUnusable`."""
    settings.data.mkdir(parents=True, exist_ok=True)
    return CaseFiles(env=sqlite_env(str(settings.events_db)))


def open_casework(settings: Settings, files: CaseFiles, clock: Callable[[], datetime] = now) -> Casework:
    """The way in for commands; use within a running event loop."""
    return Casework(files, books(), open_territory(settings), secret=secret_of(settings.secret_key), clock=clock)
