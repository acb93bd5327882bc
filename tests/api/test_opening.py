"""A store is furnished when it is opened: once, whoever opens it, and for good."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import sleep

import httpx

from api.opening import open_case_files, open_casework, open_territory
from api.settings import Settings
from domain.casework.application import Casework
from domain.casework.books import RULES, books
from domain.territory import Territory
from tests.api.visitor import Clock, Visitor
from tests.server import serving, settings_for


def lines(settings: Settings) -> list[str]:
    with closing(sqlite3.connect(settings.events_db)) as database:
        return [name for (name,) in database.execute("SELECT topic FROM stored_events ORDER BY rowid")]


def opened(settings: Settings, look: Callable[[Casework], object]) -> object:
    async def work() -> object:
        casework = open_casework(settings, open_case_files(settings))
        try:
            return look(casework)
        finally:
            await casework.aclose()

    return asyncio.run(work())


def test_a_new_store_says_itself_what_it_was_given(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    given = open_territory(settings)
    assert opened(settings, lambda casework: casework.territory.names) == given.names
    assert opened(settings, lambda casework: casework.clocks) == books()
    listed = len(given.nodes) + len(given.units) + len(given.staff)
    assert len(lines(settings)) == listed + 2


def test_after_that_the_registry_file_says_nothing_any_more(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    names = opened(settings, lambda casework: casework.territory.names)
    before = lines(settings)
    other = tmp_path / "other.json"
    other.write_text(Territory(nodes=open_territory(settings).nodes[:2]).model_dump_json(), "utf-8")
    changed = settings_for(tmp_path, registry=other)
    assert opened(changed, lambda casework: casework.territory.names) == names
    assert lines(changed) == before


def open_at_once(folder: Path, go: Connection) -> None:
    """In a process of its own: open the store when told to, and say what its rules are called."""
    settings = settings_for(folder)
    go.send("ready")
    go.recv()
    go.send(opened(settings, lambda casework: [*casework.clocks.tables, *sorted(casework.territory.names)]))
    go.close()


def test_processes_that_open_a_new_store_at_once_furnish_it_once(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    open_case_files(settings).close()
    spawn = get_context("spawn")
    ends = [spawn.Pipe() for _ in range(2)]
    processes = [spawn.Process(target=open_at_once, args=(tmp_path, theirs)) for _, theirs in ends]
    for process in processes:
        process.start()
    for ours, _ in ends:
        assert ours.recv() == "ready"
    for ours, _ in ends:
        ours.send("go")
    said = [ours.recv() for ours, _ in ends]
    for process in processes:
        process.join()
        process.close()
    given = open_territory(settings)
    assert said == [[RULES.version, *sorted(given.names)]] * 2
    assert len(lines(settings)) == len(given.names) + 2


def test_what_another_process_writes_is_in_force_soon(tmp_path: Path) -> None:
    settings, clock = settings_for(tmp_path), Clock()
    table = {**json.loads(RULES.model_dump_json(exclude={"valid_from"})), "version": "rules-elsewhere"}
    with (
        serving(settings, clock) as here,
        serving(settings, clock) as there,
        httpx.Client(base_url=here) as one,
        httpx.Client(base_url=there) as other,
    ):
        written = Visitor(one, clock).enact("books", "adopt-rule-table", {"table": table})
        assert written.is_success, written.text
        seen = ""
        for _ in range(100):
            seen = Visitor(other, clock).read("/api/v1/books/rule-tables").json()["in_force"]
            if seen == "rules-elsewhere":
                break
            sleep(0.05)
    assert seen == "rules-elsewhere"
