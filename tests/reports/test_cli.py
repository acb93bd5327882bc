"""bidao report: the same sheet at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.terminal import Terminal
from tests.reports import reading_back
from tests.stores import Store

READING = {"csv": reading_back.from_csv, "xlsx": reading_back.from_xlsx, "html": reading_back.from_page}


@pytest.fixture
def terminal(lasting_store: Store, tmp_path: Path) -> Terminal:
    """With the article's cases, of January and March 2020."""
    terminal = Terminal(lasting_store.settings(tmp_path / "data"))
    assert terminal.run("demo").exit_code == 0
    return terminal


def test_every_form_of_a_sheet_is_written(terminal: Terminal, tmp_path: Path) -> None:
    read = {}
    for form, reading in (
        ("csv", reading_back.from_csv),
        ("xlsx", reading_back.from_xlsx),
        ("html", reading_back.from_page),
    ):
        file = tmp_path / f"sheet.{form}"
        answer = terminal.run("report", "三角坪社区", "2020-01", "--format", form, "--out", file)
        assert answer.exit_code == 0, answer.output
        assert f"三角坪社区 2020-01 月报写在 {file}" in answer.output
        read[form] = reading_back.near(reading(file.read_bytes()))
    assert read["csv"] == read["xlsx"] == read["html"]
    assert read["csv"]["做了多少", 0, "新增"] == (None, None, 1)


def test_a_sheet_is_written_as_it_was_known_then(terminal: Terminal, tmp_path: Path) -> None:
    """Of the article's first case nothing was known the evening before; and what is to come nobody knows."""
    new = {}
    for then in ("2020-01-24T12:00", "2020-01-25T12:00"):
        file = tmp_path / "sheet.csv"
        asked = ("report", "三角坪社区", "2020-01", "--format", "csv", "--out", file, "--as-of", then)
        assert terminal.run(*asked).exit_code == 0
        new[then] = reading_back.near(reading_back.from_csv(file.read_bytes())).get(("做了多少", 0, "新增"))
    assert new["2020-01-25T12:00"] == (None, None, 1)
    assert new["2020-01-24T12:00"] != (None, None, 1)
    assert terminal.run("report", "三角坪社区", "2020-01", "--as-of", "2099-01-01T00:00").exit_code == 2


@pytest.mark.parametrize(
    ("place", "month", "sentence"),
    [
        ("无此社区", "2020-01", "辖区里没有“无此社区”"),
        ("community-sanjiaoping", "一月", "不是年和月：一月，应如 2020-01"),
        ("community-sanjiaoping", "2099-01", "还没有到这个月。"),
    ],
)
def test_what_is_asked_wrongly_is_said(terminal: Terminal, place: str, month: str, sentence: str) -> None:
    answer = terminal.run("report", place, month)
    assert answer.exit_code == 1
    assert sentence in answer.output
