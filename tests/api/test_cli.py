"""The command line as an operator uses it: what it prints, and its exit codes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.__main__ import app, main
from api.demo.stories import STORIES


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the three stories in it."""
    data = tmp_path_factory.mktemp("store")
    told = bidao("demo", "--data", str(data))
    assert told.exit_code == 0, told.output
    return data


@pytest.fixture
def case(store: Path) -> str:
    """The case of the first story."""
    with closing(sqlite3.connect(store / "events.db")) as database:
        [name] = database.execute("SELECT originator_id FROM stored_events ORDER BY rowid LIMIT 1").fetchone()
    return f"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}"


def bidao(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_the_demo_tells_all_three_stories_and_writes_them_once(store: Path) -> None:
    with closing(sqlite3.connect(store / "events.db")) as database:
        before = database.execute("SELECT count(*) FROM stored_events").fetchone()
        told = bidao("demo", "--data", str(store))
        assert database.execute("SELECT count(*) FROM stored_events").fetchone() == before
    assert all(title in told.output for title in STORIES)
    assert "葛岳辉垫付800.00元" in told.output


def test_replay_says_who_when_what_and_by_which_rules(store: Path, case: str) -> None:
    told = bidao("replay", case, "--data", str(store))
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
def test_replay_stops_where_it_is_told(store: Path, case: str, until: tuple[str, ...], last: str, gone: str) -> None:
    told = bidao("replay", case, *until, "--data", str(store))
    assert last in told.output
    assert gone not in told.output


@pytest.mark.parametrize("words", [("no-such-case",), ("{case}", "--as-of", "2019-01-01T00:00:00")])
def test_what_is_not_there_is_not_found(store: Path, case: str, words: tuple[str, ...]) -> None:
    assert bidao("replay", *(word.format(case=case) for word in words), "--data", str(store)).exit_code == 3


def test_what_is_asked_wrongly_is_a_usage_error(store: Path, case: str) -> None:
    assert bidao("replay", case, "--version", "0", "--data", str(store)).exit_code == 2
    assert bidao("reply", case).exit_code == 2


def test_a_rebuild_equals_what_stood(store: Path) -> None:
    first, again = bidao("rebuild", "--data", str(store)), bidao("rebuild", "--data", str(store))
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "相同" in again.output


def test_the_doctor_finds_a_good_store_good(store: Path) -> None:
    bidao("rebuild", "--data", str(store))
    told = bidao("doctor", "--data", str(store))
    assert told.exit_code == 0, told.output
    assert "异常" not in told.output


def test_the_doctor_finds_an_event_that_cannot_be_read(store: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(store / "events.db")) as good, closing(sqlite3.connect(tmp_path / "events.db")) as bad:
        good.backup(bad)
        bad.execute("UPDATE stored_events SET state = '{}' WHERE rowid = 5")
        bad.commit()
    told = bidao("doctor", "--data", str(tmp_path))
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
