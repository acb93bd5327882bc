"""bidao territory, as an operator uses it: sheets in, the tree out, and exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.commands.territory import app


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that took in the generated registry."""
    folder = tmp_path_factory.mktemp("hecheng")
    assert CliRunner().invoke(app, ["generate", "--seed", "1", str(folder / "sheets")]).exit_code == 0
    sheets = sorted((folder / "sheets").glob("*.csv"))
    taken = territory("import", *map(str, sheets), data=folder)
    assert (taken.exit_code, "已登记" in taken.output) == (0, True), taken.output
    return folder


def territory(*words: str, data: Path) -> Result:
    return CliRunner().invoke(app, [*words, "--data", str(data)], env={"COLUMNS": "200"})


def sheet(tmp_path: Path, text: str) -> str:
    path = tmp_path / "sheet.csv"
    path.write_text(text, "gb18030")
    return str(path)


def test_the_generated_registry_is_taken_in_and_taken_back_unchanged(data: Path) -> None:
    shown = territory("show", data=data).output
    assert "街道7　社区65　小区392　网格411　楼栋924" in shown
    assert "网格员430　楼栋长3307" in shown
    assert "没有网格员" not in shown
    again = territory("import", *map(str, sorted((data / "sheets").glob("*.csv"))), data=data)
    assert "没有新增记录" in again.output


def test_a_dry_run_tells_and_writes_nothing(data: Path) -> None:
    words = ("split", "grid-yunjian-3", "--into", "gx=东网格", "--into", "gy=西网格")
    told = territory(*words, "--dry-run", data=data)
    assert "撤销“云箭社区第三网格”，改设东网格、西网格" in told.output
    assert territory("show", "gx", data=data).exit_code == 3


def test_a_grid_is_split_joined_again_renamed_and_manned(data: Path) -> None:
    building = "building-chuangdan-1-2"
    split = ("split", "grid-chuangdan-1", "--into", f"ga=东网格:{building}", "--into", "gb=西网格")
    assert territory(*split, data=data).exit_code == 0
    assert "没有网格员：西网格" in territory("show", data=data).output
    assert territory("appoint", "officer-new", "新人", "grid_officer", "gb", data=data).exit_code == 0
    assert territory("join", "ga", "gb", "--into", "gc=大网格", data=data).exit_code == 0
    assert territory("rename", "gc", "阳光网格", data=data).exit_code == 0
    assert territory("release", "officer-new", "--successor", "officer-ge", data=data).exit_code == 0
    shown = territory("show", "gc", data=data).output
    assert "床单厂小区 › 阳光网格" in shown
    assert "曾用 大网格" in shown
    assert "葛岳辉" in shown
    assert "新人" not in shown
    assert "床单厂小区网格" in territory("show", building, "--at", "2020-01-24T20:00", data=data).output


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
def test_what_cannot_be_is_said(data: Path, words: tuple[str, ...], code: int, said: str) -> None:
    told = territory(*words, data=data)
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
def test_a_sheet_that_will_not_do_is_told_row_by_row(data: Path, tmp_path: Path, text: str, said: str) -> None:
    told = territory("import", sheet(tmp_path, text), data=data)
    assert (told.exit_code, said in told.output) == (1, True), told.output
