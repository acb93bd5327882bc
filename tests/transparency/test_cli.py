"""bidao keys, seal, verify: an operator seals, an inspector verifies, and a rewritten row is named."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from api.settings import Settings
from projections.transparency.sealing import Log
from tests.api.terminal import Terminal
from tests.server import serving, settings_for
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
        connection.execute(
            "UPDATE stored_events SET state = replace(state, 'officer-ge', 'officer-gi') WHERE rowid = 40"
        )
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


def test_the_key_is_changed_while_the_service_runs(lasting_store: Store, tmp_path: Path) -> None:
    terminal = Terminal(lasting_store.settings(tmp_path / "data"))
    key = terminal.settings.log_key
    for words in (("demo",), ("keys", "init", "hecheng.example.cn/bidao")):
        assert terminal.run(*words).exit_code == 0
    old, public = key.read_text(), tmp_path / "public"
    shutil.copy(terminal.settings.log_folder / "key", public)
    with serving(terminal.settings):
        rotated = terminal.run("keys", "rotate")
        assert "旧的签到第 86 条为止" in rotated.output
        assert (terminal.settings.log_folder / "key").read_text().strip() in rotated.output
        assert key.read_text() != old
        assert "已封存 86 条" in terminal.run("seal").output
    assert not list(terminal.settings.data.glob("log.key.*"))
    for trusted in (public, terminal.settings.log_folder / "key"):
        assert "86 条事件与封存时相同" in terminal.run("verify", "log", "--key", trusted).output
    key.write_text(old)
    assert "不是日志现在用的" in terminal.run("seal").output


@pytest.mark.parametrize("left", ["linked", "replaced"])
def test_a_change_of_keys_that_was_broken_off_is_completed(
    rewritten: tuple[Terminal, Settings], left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, settings = rewritten
    name = settings.log_key.name

    def fail(*_: object) -> None:
        raise OSError("the power is gone")

    with monkeypatch.context() as broken:
        broken.setattr(*((Log, "rotate", fail) if left == "replaced" else (Path, "replace", fail)))
        assert terminal.run("keys", "rotate").exit_code == 1
    assert settings.log_key.with_name(f"{name}.old").exists()
    assert (terminal.run("seal").exit_code == 0) is (left == "linked")
    assert "已换钥" in terminal.run("keys", "rotate").output
    assert not settings.log_key.with_name(f"{name}.old").exists()
    assert terminal.run("seal").exit_code == 0


def test_the_doctor_tells_what_is_not_sealed(rewritten: tuple[Terminal, Settings]) -> None:
    terminal, settings = rewritten
    assert "已封存到第86条，共86条" in terminal.run("doctor").output
    (settings.log_folder / "checkpoint").unlink()
    assert "已封存到第0条，共86条，没有进展" in terminal.run("doctor").output
    settings.log_key.write_text("nonsense")
    assert "不是这把密钥签的" in terminal.run("doctor").output
    settings.log_key.unlink()
    assert "没有封存用的密钥" in terminal.run("doctor").output


def test_a_key_from_long_ago_hands_nothing_over(terminal: Terminal) -> None:
    """As it comes back with an old backup: the log would get a key that nobody handed it over to."""
    settings = terminal.settings
    for words in (("keys", "init", "hecheng.example.cn/bidao"), ("seal",)):
        assert terminal.run(*words).exit_code == 0
    former = settings.log_key.read_bytes()
    assert terminal.run("keys", "rotate").exit_code == 0
    settings.log_key.write_bytes(former)
    before = {path.name: path.read_bytes() for path in settings.log_folder.glob("key*")}
    told = terminal.run("keys", "rotate")
    assert (told.exit_code, "以前用的密钥" in told.output) == (1, True), told.output
    assert settings.log_key.read_bytes() == former
    assert {path.name: path.read_bytes() for path in settings.log_folder.glob("key*")} == before
