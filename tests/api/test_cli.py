"""The command line as an operator uses it: what it prints, and its exit codes."""

from __future__ import annotations

import io
import os
import socket
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from rich.console import Console
from typer.testing import CliRunner, Result

from api.__main__ import app, main
from api.demo.stories import STORIES
from api.opening import open_case_files
from api.settings import Settings
from api.timeline import print_timeline
from domain.casework.books import published_calendar
from domain.casework.recording import RecordedEvent
from domain.model import Minor, Person
from tests.api.terminal import Terminal
from tests.casework.stores import opening
from tests.stored.fictional import line
from tests.stores import Store


@pytest.fixture(scope="module")
def terminal(lasting_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A store with the three stories in it."""
    terminal = Terminal(lasting_store.settings(tmp_path_factory.mktemp("store")))
    told = terminal.run("demo")
    assert told.exit_code == 0, told.output
    return terminal


@pytest.fixture
def case(terminal: Terminal) -> str:
    """The case of the first story."""
    with closing(open_case_files(terminal.settings)) as files:
        [reported] = files.store.select_notifications(None, 1, topics=("incident.reported",))
    return str(reported.originator_id)


def stored(settings: Settings) -> int:
    """How many events there are."""
    with closing(open_case_files(settings)) as files:
        return files.store.max_notification_id() or 0


def bidao(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_the_demo_tells_all_three_stories_and_writes_them_once(terminal: Terminal) -> None:
    before = stored(terminal.settings)
    told = terminal.run("demo")
    assert stored(terminal.settings) == before
    assert all(title in told.output for title in STORIES)
    assert "葛岳辉垫付800.00元" in told.output


def test_replay_says_who_when_what_and_by_which_rules(terminal: Terminal, case: str) -> None:
    told = terminal.run("replay", case)
    assert told.exit_code == 0
    assert "2020-01-24 20:22  葛岳辉（网格员）　到达现场" in told.output
    assert "曾竹英（居民）　回访" in told.output
    assert "依据 must-attend-first、dispute-needs-meeting" in told.output


@pytest.mark.parametrize(
    ("until", "last", "gone"),
    [
        (("--version", "3"), "到达现场", "垫资"),
        (("--as-of", "2020-01-24T21:00:00"), "采取措施", "垫资"),
        (("--version", "5", "--as-of", "2020-01-24T20:25:00"), "到达现场", "采取措施"),
    ],
)
def test_replay_stops_where_it_is_told(
    terminal: Terminal, case: str, until: tuple[str, ...], last: str, gone: str
) -> None:
    told = terminal.run("replay", case, *until)
    assert last in told.output
    assert gone not in told.output


@pytest.mark.parametrize("words", [("no-such-case",), ("{case}", "--as-of", "2019-01-01T00:00:00")])
def test_what_is_not_there_is_not_found(terminal: Terminal, case: str, words: tuple[str, ...]) -> None:
    assert terminal.run("replay", *(word.format(case=case) for word in words)).exit_code == 3


def test_what_is_asked_wrongly_is_a_usage_error(terminal: Terminal, case: str) -> None:
    assert terminal.run("replay", case, "--version", "0").exit_code == 2
    assert bidao("reply", case).exit_code == 2


def test_a_rebuild_equals_what_stood(terminal: Terminal) -> None:
    first, again = terminal.run("rebuild"), terminal.run("rebuild")
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "相同" in again.output


def test_the_doctor_finds_a_good_store_good(terminal: Terminal) -> None:
    terminal.run("rebuild")
    with time_machine.travel(datetime(max(published_calendar().years), 11, 2, tzinfo=UTC)):
        told = terminal.run("doctor")
    assert told.exit_code == 0, told.output
    assert "异常" not in told.output


def test_the_doctor_warns_in_a_year_whose_calendar_nobody_imported(terminal: Terminal) -> None:
    with time_machine.travel(datetime(2099, 3, 2, tzinfo=UTC)):
        told = terminal.run("doctor")
    assert told.exit_code == 1
    assert "异常 2099年工作日历未载入" in told.output


def test_the_doctor_finds_an_event_that_cannot_be_read(lasting_store: Store, tmp_path: Path) -> None:
    terminal = Terminal(lasting_store.settings(tmp_path))
    with closing(open_case_files(terminal.settings)) as files:
        files.store.insert_events(opening())
    told = terminal.run("doctor")
    assert told.exit_code == 1
    assert "异常" in told.output


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("BIDAO_PORT", "eighty", ["bidao", "doctor"]),
        ("BIDAO_HEADER_IDENTITY", "1", ["bidao", "serve", "--host", "0.0.0.0"]),  # noqa: S104 - refused
    ],
)
def test_settings_that_cannot_be_are_said_not_thrown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, words: list[str]
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert "Traceback" not in capsys.readouterr().out


def test_a_case_is_found_however_its_number_is_written(terminal: Terminal, case: str) -> None:
    assert terminal.run("replay", case.upper()).exit_code == 0


def test_what_looks_like_markup_is_said_as_it_was_typed(terminal: Terminal) -> None:
    told = terminal.run("replay", "[/]x[bold]")
    assert (told.exit_code, told.exception.__class__) == (3, SystemExit)
    assert "没有编号为 [/]x[bold] 的案件" in told.output


@pytest.mark.parametrize("words", [("doctor",), ("replay", "x")])
def test_looking_makes_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    told = bidao(*words, "--data", str(tmp_path / "typo"))
    assert told.exit_code in (1, 3)
    assert list(tmp_path.iterdir()) == []


def test_where_there_is_no_store_nothing_is_rebuilt_and_a_database_is_thought_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for word in ("rebuild", "doctor"):
        assert run(monkeypatch, word, "--data", str(tmp_path / "typo")) == 1
        told = capsys.readouterr().out.replace("\n", "")
        assert "没有事件库" in told
        assert "BIDAO_DATABASE_URL" in told
    assert list(tmp_path.iterdir()) == []


def test_without_a_registry_a_new_store_is_not_begun(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("BIDAO_REGISTRY", str(tmp_path / "none.json"))
    assert run(monkeypatch, "serve", "--port", "0", "--data", str(tmp_path / "data")) == 1
    told = capsys.readouterr().out.replace("\n", "")
    assert "没有辖区文件" in told
    assert "bidao territory registry" in told


def test_the_doctor_makes_no_views(lasting_store: Store, tmp_path: Path) -> None:
    terminal = Terminal(lasting_store.settings(tmp_path))
    open_case_files(terminal.settings).close()
    for _ in range(2):
        assert "视图还没有建立" in terminal.run("doctor").output


def test_a_port_in_use_is_said_before_anything_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(monkeypatch, "serve", "--port", str(port), "--data", str(tmp_path / "data")) == 1
    told = capsys.readouterr().out
    assert f"不能在 127.0.0.1 的 {port} 端口上提供服务" in told.replace("\n", "")
    assert "服务地址" not in told


def test_a_store_that_cannot_be_opened_is_said_before_anything_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "events.db").write_bytes(b"no database" * 1000)
    assert run(monkeypatch, "serve", "--port", "0", "--data", str(tmp_path)) == 1
    told = capsys.readouterr().out
    assert "不是数据库" in told.replace("\n", "")
    assert "服务地址" not in told


def test_what_is_written_is_for_the_operator_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It holds personal data."""
    data = tmp_path / "data"
    for words in (("demo",), ("rebuild",)):
        assert run(monkeypatch, *words, "--data", str(data)) == 0
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (data, *data.iterdir())}
    assert {"events.db", "views.db", "secret.key"} <= modes.keys()
    assert {name for name, mode in modes.items() if mode & 0o077} == set()


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The console script as it is installed; gives its exit code."""
    monkeypatch.setattr("sys.argv", ["bidao", *words])
    before = os.umask(0o022)
    try:
        with pytest.raises(SystemExit) as end:
            main()
    finally:
        os.umask(before)
    return int(end.value.code or 0)


def test_no_text_passes_for_a_line_of_the_file_and_no_minor_is_named() -> None:
    """Line breaks are indented; what is sensitive is covered on a terminal as over HTTP."""
    forged = "积水\n  9  2026-03-02 09:00  李核查员（核查员）　核查通过"
    child = Minor(subject="s-child", name="小名", guardian=Person(subject="s-mother", name="母\n亲"))
    reported = line("incident.reported")
    assert isinstance(reported, RecordedEvent)
    event = reported.event.model_copy(update={"description": forged, "on_behalf_of": child})
    console = Console(file=io.StringIO(), width=200)
    print_timeline(console, [reported.model_copy(update={"event": event, "actor": "s-mother"})], {})
    written = console.file.getvalue() if isinstance(console.file, io.StringIO) else ""
    assert "小名" not in written
    first, *rest = written.splitlines()
    assert "母 亲（" in first
    assert all(text.startswith("     ") for text in rest)
