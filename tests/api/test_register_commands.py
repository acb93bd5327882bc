"""The same registers from the command line: shown, rehearsed, imported; a file imported again is nothing new."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer

from api.commands import books, duty
from domain.casework.books import RULES
from tests.api.terminal import Terminal
from tests.stores import Store

TABLE = {**json.loads(RULES.model_dump_json(exclude={"valid_from"})), "version": "rules-stricter", "returns": 1}
CALENDAR = {"version": "cn-2099", "years": [2099], "holidays": ["2099-01-01"], "made_up": []}
SHIFTS = "node,staff,starts,ends\ncommunity-yunjian,secretary-yunjian,2099-03-02T18:00,2099-03-03T08:00\n"
CHINESE = SHIFTS.replace("node,staff,starts,ends", "地方,人员,开始,结束")


@pytest.fixture
def terminal(lasting_store: Store, tmp_path: Path) -> Terminal:
    return Terminal(lasting_store.settings(tmp_path / "data"))


def written(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


@pytest.mark.parametrize(
    ("app", "content", "version"), [(books.rules, TABLE, "rules-stricter"), (books.calendar, CALENDAR, "cn-2099")]
)
def test_a_book_is_rehearsed_then_imported_once(
    tmp_path: Path, terminal: Terminal, app: typer.Typer, content: object, version: str
) -> None:
    file = written(tmp_path, "book.json", content)
    rehearsed = terminal.run("import", file, "--dry-run", app=app)
    assert rehearsed.exit_code == 0, rehearsed.output
    assert re.search("会登记 1 条", rehearsed.output)
    assert "0 件会得到时限" in rehearsed.output
    assert version not in terminal.run("show", app=app).output
    assert "已登记" in terminal.run("import", file, app=app).output
    assert version in terminal.run("show", app=app).output
    later = written(tmp_path, "again.json", json.dumps(content, indent=1))
    assert "没有新增记录" in terminal.run("import", later, app=app).output


@pytest.mark.parametrize(
    ("app", "content", "said"),
    [
        (books.rules, {**TABLE, "yellow": 2}, "/yellow"),
        (books.rules, {**TABLE, "handle": {}}, "limits-complete"),
        (books.rules, "not json", "JSON"),
        (books.calendar, {**CALENDAR, "holidays": ["2099-01-03"]}, "2099-01-03"),
        (duty.app, SHIFTS.replace("2099-03-03T08:00", "soon"), "第2行不是一个班次"),
        (duty.app, SHIFTS.replace("\n", "\n\n").replace("2099-03-03T08:00", "soon"), "第3行不是一个班次"),
        (duty.app, f"{SHIFTS}community-yunjian\n", "第3行不是一个班次"),
        (duty.app, SHIFTS.replace("08:00\n", "08:00,x\n"), "第2行不是一个班次"),
        (
            duty.app,
            SHIFTS.replace("secretary-yunjian", "nobody"),
            "第2行：“nobody”不是在岗的工作人员，不能排班。（规则 shift-staff）",
        ),
        (
            duty.app,
            f"{SHIFTS}\n,,\nmoon,secretary-yunjian,2099-03-04T18:00,2099-03-04T20:00\n",
            "第5行：“moon”不是在册的地方",
        ),
        (duty.app, '"', "请检查引号是否成对"),
        (duty.app, "node,staff,starts,ends\n", "没有登记任何班次"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    tmp_path: Path, terminal: Terminal, app: typer.Typer, content: object, said: str
) -> None:
    before = terminal.run("show", app=books.rules).output
    told = terminal.run("import", written(tmp_path, "file", content), app=app)
    assert told.exit_code == 1, told.output
    assert said in told.output
    assert terminal.run("show", app=books.rules).output == before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("sheet", [SHIFTS, CHINESE])
def test_shifts_come_from_a_sheet_in_any_of_three_encodings(
    tmp_path: Path, terminal: Terminal, sheet: str, encoding: str
) -> None:
    file = tmp_path / "shifts.csv"
    file.write_bytes(sheet.encode(encoding))
    assert terminal.run("import", file, app=duty.app).exit_code == 0
    there = "--territory", "community-yunjian"
    told = terminal.run("show", "--at", "2099-03-02T20:00", *there, app=duty.app).output
    assert "云箭社区书记（至2099-03-03 08:00）" in told
    assert "0 处无人值班" in told
    assert "2 处无人值班" in terminal.run("show", "--at", "2099-03-03T08:00", *there, app=duty.app).output
