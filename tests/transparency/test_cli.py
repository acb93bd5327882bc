"""bidao keys, seal, verify: an operator seals, an inspector verifies, and a rewritten row is named."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from api.settings import Settings
from tests.api.terminal import Terminal
from tests.server import settings_for
from tests.stores import Store


@pytest.fixture
def terminal(lasting_store: Store, tmp_path: Path) -> Terminal:
    terminal = Terminal(lasting_store.settings(tmp_path / "data"))
    assert terminal.run("demo").exit_code == 0
    return terminal


def test_what_is_sealed_verifies_also_against_what_others_kept(terminal: Terminal, tmp_path: Path) -> None:
    assert "没有密钥" in terminal.run("seal").output
    made = terminal.run("keys", "init", "hecheng.example.cn/bidao")
    assert (made.exit_code, "hecheng.example.cn/bidao+" in made.output) == (0, True)
    again = terminal.run("keys", "init", "another.example.cn")
    assert (again.exit_code, "没有改动" in again.output) == (1, True)
    assert "还没有封存过" in terminal.run("verify", "log").output
    sealed = terminal.run("seal")
    assert "已封存 86 条事件" in sealed.output
    kept = tmp_path / "kept"
    shutil.copy(terminal.settings.log_folder / "checkpoint", kept)
    verified = terminal.run("verify", "log", "--against", kept)
    assert (verified.exit_code, "86 条事件与封存时相同，与另存的 1 个检查点或声明相符" in verified.output) == (0, True)
    assert terminal.settings.log_key.stat().st_mode & 0o777 == 0o600


@pytest.fixture
def rewritten(tmp_path: Path) -> tuple[Terminal, Settings]:
    """A store that was sealed, and then rewritten by whoever owns its file."""
    settings = settings_for(tmp_path / "data")
    terminal = Terminal(settings)
    for words in (("demo",), ("keys", "init", "hecheng.example.cn/bidao"), ("seal",)):
        assert terminal.run(*words).exit_code == 0
    with sqlite3.connect(settings.events_db) as connection:
        connection.execute("UPDATE stored_events SET state = replace(state, '污水', '清水') WHERE rowid = 40")
    connection.close()
    return terminal, settings


def test_a_rewritten_event_is_named(rewritten: tuple[Terminal, Settings]) -> None:
    terminal, _ = rewritten
    answer = terminal.run("verify", "log")
    assert answer.exit_code == 1
    assert "第40条事件（incident.reported，第1版）与封存时不同" in answer.output
    assert "案卷 b5ecb7fa-97e6-5193-a7be-1217f817a8b9" in answer.output


def test_sealed_anew_it_does_not_agree_with_what_others_kept(
    rewritten: tuple[Terminal, Settings], tmp_path: Path
) -> None:
    """Even whoever has the key cannot take back what was handed out."""
    terminal, settings = rewritten
    kept = tmp_path / "kept"
    shutil.copy(settings.log_folder / "checkpoint", kept)
    shutil.rmtree(settings.log_folder / "tile")
    (settings.log_folder / "checkpoint").unlink()
    assert terminal.run("seal").exit_code == 0
    assert terminal.run("verify", "log").exit_code == 0
    answer = terminal.run("verify", "log", "--against", kept)
    assert (answer.exit_code, "日志和库一起被改动过" in answer.output) == (1, True)
