"""bidao territory, as an operator uses it: sheets in, the tree out, and exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.commands.territory import app
from tests.api.terminal import Terminal
from tests.server import settings_for
from tests.stores import Store


@pytest.fixture(scope="module")
def terminal(lasting_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A store that took in the generated registry."""
    terminal = Terminal(lasting_store.settings(tmp_path_factory.mktemp("hecheng")))
    folder = terminal.settings.data / "sheets"
    assert CliRunner().invoke(app, ["generate", "--seed", "1", str(folder)]).exit_code == 0
    taken = terminal.run("import", *sheets(terminal), app=app)
    assert (taken.exit_code, "已登记" in taken.output) == (0, True), taken.output
    return terminal


def sheets(terminal: Terminal) -> list[Path]:
    """The generated ones."""
    return sorted((terminal.settings.data / "sheets").glob("*.csv"))


def sheet(tmp_path: Path, text: str) -> str:
    path = tmp_path / "sheet.csv"
    path.write_text(text, "gb18030")
    return str(path)


def test_the_generated_registry_is_taken_in_and_taken_back_unchanged(terminal: Terminal) -> None:
    shown = terminal.run("show", app=app).output
    assert "街道7　社区65　小区392　网格411　楼栋924" in shown
    assert "网格员430　楼栋长3307" in shown
    assert "没有网格员" not in shown
    again = terminal.run("import", *sheets(terminal), app=app)
    assert "没有新增记录" in again.output


def test_a_new_store_begins_with_the_registry_made_of_the_sheets(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, new = tmp_path / "registry.json", Terminal(settings_for(tmp_path / "data"))
    words = ["registry", str(file), *map(str, sheets(terminal))]
    made = CliRunner().invoke(app, words)
    assert made.exit_code == 0, made.output
    assert "街道7　社区65　小区392　网格411　楼栋924" in made.output
    assert CliRunner().invoke(app, words).exit_code == 1, "no file is covered"
    monkeypatch.setenv("BIDAO_REGISTRY", str(file))
    shown = new.run("show", app=app).output
    assert shown == made.output
    again = new.run("import", *sheets(terminal), app=app)
    assert "没有新增记录" in again.output


def test_no_registry_is_made_of_a_sheet_that_will_not_do(tmp_path: Path) -> None:
    bad = sheet(tmp_path, "编号,层级,名称,上级编号\ng9,大院,九,\ng8,网格,八,nowhere\n")
    told = CliRunner().invoke(app, ["registry", str(tmp_path / "registry.json"), bad])
    assert told.exit_code == 1
    assert "节点表第2行：“层级”应为" in told.output
    assert "节点表第3行：上级“nowhere”不在册" in told.output
    assert not (tmp_path / "registry.json").exists()


def test_a_dry_run_tells_and_writes_nothing(terminal: Terminal) -> None:
    words = ("split", "grid-yunjian-3", "--into", "gx=东网格", "--into", "gy=西网格")
    told = terminal.run(*words, "--dry-run", app=app)
    assert "撤销“云箭社区第三网格”，改设东网格、西网格" in told.output
    assert terminal.run("show", "gx", app=app).exit_code == 3


def test_a_grid_is_split_joined_again_renamed_and_manned(terminal: Terminal) -> None:
    building = "building-chuangdan-1-2"
    split = ("split", "grid-chuangdan-1", "--into", f"ga=东网格:{building}", "--into", "gb=西网格")
    assert terminal.run(*split, app=app).exit_code == 0
    assert "没有网格员：西网格" in terminal.run("show", app=app).output
    assert terminal.run("appoint", "officer-new", "新人", "grid_officer", "gb", app=app).exit_code == 0
    assert terminal.run("join", "ga", "gb", "--into", "gc=大网格", app=app).exit_code == 0
    assert terminal.run("rename", "gc", "阳光网格", app=app).exit_code == 0
    assert terminal.run("release", "officer-new", "--successor", "officer-ge", app=app).exit_code == 0
    shown = terminal.run("show", "gc", app=app).output
    assert "床单厂小区 › 阳光网格" in shown
    assert "曾用 大网格" in shown
    assert "葛岳辉" in shown
    assert "新人" not in shown
    assert "床单厂小区网格" in terminal.run("show", building, "--at", "2020-01-24T20:00", app=app).output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("rename", "nowhere", "新名"), 1, "“nowhere”不在册，或已经撤销。（规则 node-open）"),
        (("rename", "不是编号", "新名"), 1, "#/node　格式不对"),
        (("show", "nowhere"), 3, "没有编号为 nowhere 的节点"),
        (("join", "a", "b", "--into", "c=丙", "--into", "d=丁"), 2, "合并只有一个新网格"),
        (("split", "a", "--into", "c=丙"), 1, "#/into　太少，至少 2 项"),
    ],
)
def test_what_cannot_be_is_said(terminal: Terminal, words: tuple[str, ...], code: int, said: str) -> None:
    told = terminal.run(*words, app=app)
    assert (told.exit_code, said in told.output) == (code, True), told.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("编号,层级,名称\ng9,大院,九\n", "节点表第2行：“层级”应为"),
        ("编号,层级,名称,上级编号\ng9,网格,九,nowhere\n", "节点表第2行：上级“nowhere”不在册"),
        ("编号,层级,名称,上级编号\ng9,大院,九,\ng8,网格,八,nowhere\n", "节点表第3行：上级“nowhere”不在册"),
        ("编号,年龄\n", "sheet.csv：看不出是哪张表"),
        ("id,name\nu1,区城管局\n", "sheet.csv：编码无法识别"),
    ],
)
def test_a_sheet_that_will_not_do_is_told_row_by_row(terminal: Terminal, tmp_path: Path, text: str, said: str) -> None:
    told = terminal.run("import", sheet(tmp_path, text), app=app)
    assert (told.exit_code, said in told.output) == (1, True), told.output
