"""bidao export as an operator uses it, on either kind of store."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from api.__main__ import app
from api.opening import open_case_files
from tests.api.terminal import Terminal
from tests.casework.stores import opening
from tests.server import settings_for
from tests.stores import Store

FORMS = ("log.json", "log.jsonocel", "log.sqlite", "log.xes", "life.pnml")


@pytest.fixture(scope="module")
def terminal(lasting_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A store with the article's cases in it."""
    terminal = Terminal(lasting_store.settings(tmp_path_factory.mktemp("stories") / "data"))
    assert terminal.run("demo").exit_code == 0
    return terminal


def words(file: Path) -> list[str | Path]:
    """How a file of this name is asked for."""
    form = {".xes": "xes", ".pnml": "life"}.get(file.suffix, "ocel")
    return ["export", form, file]


def test_every_form_is_written_and_nothing_else(terminal: Terminal, tmp_path: Path) -> None:
    for name in FORMS[:-1]:
        told = terminal.run(*words(tmp_path / name))
        assert told.exit_code == 0, told.output
        assert "已导出" in told.output
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FORMS[:-1])
    with closing(open_case_files(terminal.settings)) as files:
        head = files.store.max_notification_id()
    assert len(json.loads((tmp_path / "log.json").read_text("utf-8"))["events"]) == head
    assert (tmp_path / "log.json").read_bytes() == (tmp_path / "log.jsonocel").read_bytes()
    with closing(sqlite3.connect(tmp_path / "log.sqlite")) as log:
        assert log.execute("SELECT count(*) FROM event").fetchall() == [(head,)]
    traces = ElementTree.parse(tmp_path / "log.xes").findall("{*}trace")  # noqa: S314 - we wrote it
    assert len(traces) == 5


@pytest.mark.parametrize("name", FORMS[:-1])
def test_a_file_that_is_there_is_not_covered(terminal: Terminal, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("somebody's")
    told = terminal.run(*words(tmp_path / name))
    assert told.exit_code == 1
    assert "已经存在" in told.output
    assert [path.read_text() for path in tmp_path.iterdir()] == ["somebody's"]


@pytest.mark.parametrize(("name", "sentence"), [("log.txt", "不知道 log.txt 要什么"), ("none/log.json", "没有目录")])
def test_what_cannot_be_written_is_said(terminal: Terminal, tmp_path: Path, name: str, sentence: str) -> None:
    told = terminal.run(*words(tmp_path / name))
    assert told.exit_code == 1
    assert sentence in told.output.replace("\n", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FORMS[:-1])
def test_an_event_that_cannot_be_read_leaves_no_half_file(lasting_store: Store, tmp_path: Path, name: str) -> None:
    terminal = Terminal(lasting_store.settings(tmp_path / "data"))
    with closing(open_case_files(terminal.settings)) as files:
        files.store.insert_events(opening())
        [row] = files.store.select_notifications(None, 1)
        files.store.insert_events([row.__class__(row.originator_id, 2, "incident.reported", b"{}", 2)])
    told = terminal.run(*words(tmp_path / name))
    assert told.exit_code == 1
    assert "不能解读" in told.output
    assert {path.name for path in tmp_path.iterdir()} <= {"data"}


def test_where_there_is_no_store_none_is_made(tmp_path: Path) -> None:
    told = Terminal(settings_for(tmp_path / "typo")).run(*words(tmp_path / "log.json"))
    assert told.exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_the_life_needs_no_store(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, [str(word) for word in words(tmp_path / "life.pnml")])
    assert told.exit_code == 0, told.output
    ElementTree.parse(tmp_path / "life.pnml")  # noqa: S314 - we wrote it
