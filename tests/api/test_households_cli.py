"""bidao households: a community's households and whom to visit, from the sheet it keeps anyway."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.casework.asking import StoreUnavailable
from domain.casework.rolls import Rolls
from tests.api.terminal import Terminal
from tests.stores import Store

SHEET = """编号,网格,楼栋,必访
hh-1,grid-chuangdan-1,building-chuangdan-1-2,空巢老人、大病家庭
hh-2,grid-chuangdan-1,,unemployed
hh-3,grid-chuangdan-1,,
"""


@pytest.fixture
def terminal(lasting_store: Store, tmp_path: Path) -> Terminal:
    terminal = Terminal(lasting_store.settings(tmp_path / "data"))
    assert terminal.run("demo").exit_code == 0
    return terminal


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    file = tmp_path / "households.csv"
    file.write_text(SHEET, encoding="utf-8")
    return file


def test_a_sheet_is_imported_once_however_often_it_is(terminal: Terminal, sheet: Path) -> None:
    rehearsed = terminal.run("households", "import", sheet, "--dry-run")
    assert "试算：会有变化的 3 户，本来就是这样的 0 户" in rehearsed.output
    assert "有变化的 3 户，本来就是这样的 0 户" in terminal.run("households", "import", sheet).output
    sheet.write_text(SHEET.replace("hh-3,grid-chuangdan-1,,", "hh-3,grid-chuangdan-1,,困难家庭"), encoding="gb18030")
    answer = terminal.run("households", "import", sheet)
    assert (answer.exit_code, "有变化的 1 户，本来就是这样的 2 户" in answer.output) == (0, True), answer.output


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_of_a_sheet_with_refused_rows_all_are_told_and_none_is_taken(
    terminal: Terminal, sheet: Path, more: tuple[str, ...]
) -> None:
    sheet.write_text(SHEET.replace("hh-2,grid-chuangdan-1", "hh-2,grid-moon") + "hh-1,grid-chuangdan-1\n", "utf-8")
    answer = terminal.run("households", "import", sheet, *more)
    assert answer.exit_code == 1
    assert "第3行：“grid-moon”不是在册的网格" in answer.output
    assert "规则 roll-place" in answer.output
    assert "第5行：这个编号前面已经有一行" in answer.output
    assert "没有登记任何住户" in answer.output
    sheet.write_text(SHEET, encoding="utf-8")
    assert "会有变化的 3 户" in terminal.run("households", "import", sheet, "--dry-run").output


def test_of_a_sheet_with_one_household_twice_nothing_is_taken(terminal: Terminal, sheet: Path) -> None:
    sheet.write_text(f"{SHEET}hh-1,grid-chuangdan-1\n", encoding="utf-8")
    answer = terminal.run("households", "import", sheet)
    assert (answer.exit_code, "第5行：这个编号前面已经有一行" in answer.output) == (1, True)
    sheet.write_text(SHEET, encoding="utf-8")
    assert "会有变化的 3 户" in terminal.run("households", "import", sheet, "--dry-run").output


def test_a_store_that_does_not_answer_is_told(terminal: Terminal, sheet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object) -> None:
        raise StoreUnavailable("locked")

    monkeypatch.setattr(Rolls, "ask", fails)
    answer = terminal.run("households", "import", sheet)
    assert isinstance(answer.exception, SystemExit), "no traceback"
    assert (answer.exit_code, "案卷库没有应答" in answer.output) == (1, True), answer.output
    assert "再导入一次" in answer.output


@pytest.mark.parametrize("damage", ["hh 2", "hh-2,grid-chuangdan-1,,富裕家庭\n#"])
def test_a_sheet_with_a_row_that_is_no_household_is_not_taken_at_all(
    terminal: Terminal, sheet: Path, damage: str
) -> None:
    sheet.write_text(SHEET.replace("hh-2", damage), encoding="utf-8")
    answer = terminal.run("households", "import", sheet)
    assert answer.exit_code == 1
    assert "第3行不是一户" in answer.output
    assert "没有登记任何住户" in answer.output


def test_an_empty_sheet_is_told(terminal: Terminal, sheet: Path) -> None:
    sheet.write_text("", encoding="utf-8")
    assert "没有登记任何住户" in terminal.run("households", "import", sheet).output
