"""A store is furnished when it is opened: once, whoever opens it, and for good."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import sleep

import httpx
import pytest

from api.opening import RegistryUnusable, open_case_files, open_casework, open_territory
from api.settings import Settings
from domain.casework.application import Casework
from domain.casework.books import RULES, books
from domain.territory import Territory
from tests.api.visitor import Clock, Visitor
from tests.server import serving
from tests.stores import Store


@pytest.fixture
def settings(lasting_store: Store, tmp_path: Path) -> Settings:
    """Of an empty store in a file, then of one in PostgreSQL."""
    return lasting_store.settings(tmp_path)


def lines(settings: Settings) -> list[str]:
    files = open_case_files(settings)
    try:
        return [row.topic for row in files.store.select_notifications(None, 100_000)]
    finally:
        files.close()


def opened(settings: Settings, look: Callable[[Casework], object]) -> object:
    async def work() -> object:
        casework = open_casework(settings, open_case_files(settings))
        try:
            return look(casework)
        finally:
            await casework.aclose()

    return asyncio.run(work())


def test_a_new_store_says_itself_what_it_was_given(settings: Settings) -> None:
    given = open_territory(settings)
    assert opened(settings, lambda casework: casework.territory.names) == given.names
    assert opened(settings, lambda casework: casework.clocks) == books()
    listed = len(given.nodes) + len(given.units) + len(given.staff)
    assert len(lines(settings)) == listed + 2


def test_after_that_the_registry_file_says_nothing_any_more(settings: Settings, tmp_path: Path) -> None:
    names = opened(settings, lambda casework: casework.territory.names)
    before = lines(settings)
    other = tmp_path / "other.json"
    other.write_text(Territory(nodes=open_territory(settings).nodes[:2]).model_dump_json(), "utf-8")
    changed = settings.model_copy(update={"registry": other})
    assert opened(changed, lambda casework: casework.territory.names) == names
    assert lines(changed) == before


def test_nor_need_it_be_there(settings: Settings, tmp_path: Path) -> None:
    gone = settings.model_copy(update={"registry": tmp_path / "none.json"})
    with pytest.raises(RegistryUnusable, match="没有辖区文件"):
        opened(gone, lambda casework: casework.territory)
    names = opened(settings, lambda casework: casework.territory.names)
    assert opened(gone, lambda casework: casework.territory.names) == names


@pytest.mark.parametrize("content", ["", "[]", '{"nodes": [{"id": "g1"}]}'])
def test_a_file_that_is_no_registry_is_refused(settings: Settings, tmp_path: Path, content: str) -> None:
    other = tmp_path / "other.json"
    other.write_text(content, "utf-8")
    with pytest.raises(RegistryUnusable, match="不合要求"):
        opened(settings.model_copy(update={"registry": other}), lambda casework: casework.territory)


def open_at_once(settings: Settings, go: Connection) -> None:
    """In a process of its own: open the store when told to, and say what its rules are called."""
    go.send("ready")
    go.recv()
    go.send(opened(settings, lambda casework: [*casework.clocks.tables, *sorted(casework.territory.names)]))
    go.close()


def test_processes_that_open_a_new_store_at_once_furnish_it_once(settings: Settings) -> None:
    spawn = get_context("spawn")
    ends = [spawn.Pipe() for _ in range(2)]
    processes = [spawn.Process(target=open_at_once, args=(settings, theirs)) for _, theirs in ends]
    for process, (_, theirs) in zip(processes, ends, strict=True):
        process.start()
        theirs.close()  # so that one that dies is heard of
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


def test_what_another_process_writes_is_in_force_soon(settings: Settings) -> None:
    clock = Clock()
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
