"""A monthly sheet read back from what was printed of it, by other libraries than wrote it, and what it should say."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import time, timedelta
from html.parser import HTMLParser
from io import BytesIO, StringIO
from typing import Any, NamedTuple

import python_calamine

WORK = ("新增", "受理", "指派", "首次到场", "协调会", "上报", "退回", "办结", "返工", "结案", "在办")
COUNTS = ("reported", "accepted", "assigned", "arrived", "meetings", "escalated", "returned", "resolved", "reworked")
COUNTS += ("closed", "open_now")
STAGES = {
    "accept": "反映到受理",
    "arrive": "反映到首次到场",
    "resolve": "反映到办结",
    "close": "办结到结案",
}
SPREAD = {"p50": "一半不超过", "p90": "九成不超过", "p95": "九成五不超过"}


class Told(NamedTuple):
    """One figure: what stands above and below the line where it has one, and what comes of it (None: nothing)."""

    numerator: int | None
    denominator: int | None
    value: float | None


Read = dict[tuple[str, int, str], Told]
"""By table, line and column."""


def expected(sheet: dict[str, Any]) -> Read:
    """From the JSON of the sheet."""
    found: Read = {}
    for table, rows in (("各项指标", [row["kpis"] for row in sheet["rows"]]), ("按事件性质", sheet["kinds"])):
        for nth, row in enumerate(rows):
            of = {one["kpi"]: one for one in row["figures"]} if row else {}
            for one in sheet["definitions"]:
                figure = of.get(one["kpi"], {"numerator": 0, "denominator": 0, "value": None})
                found[table, nth, one["label"]] = Told(figure["numerator"], figure["denominator"], figure["value"])
    for nth, row in enumerate(sheet["rows"]):
        work = row["workload"] or dict.fromkeys(COUNTS, 0)
        for label, name in zip(WORK, COUNTS, strict=True):
            found["做了多少", nth, label] = Told(None, None, work[name])
        for stage, label in STAGES.items():
            times = row["response_times"][stage] or {"n": 0, **dict.fromkeys(SPREAD)}
            found[label, nth, "件数"] = Told(None, None, times["n"])
            found |= {(label, nth, words): Told(None, None, times[share]) for share, words in SPREAD.items()}
    return found


def names(sheet: dict[str, Any]) -> list[str]:
    return [row["place"]["name"] for row in sheet["rows"]]


def from_csv(file: bytes) -> Read:
    assert file.startswith(b"\xef\xbb\xbf"), "Excel takes it for something else"
    found: Read = {}
    lines: dict[tuple[str, str], list[str]] = {}
    for row in csv.DictReader(StringIO(file.decode("utf-8-sig"), newline="")):
        if row["部分"] == "说明":
            continue
        seen = lines.setdefault((row["表"], row["项目"]), [])
        seen.append(row["名称"])
        sides = [int(row[side]) if row[side] else None for side in ("分子", "分母")]
        found[row["表"], len(seen) - 1, row["项目"]] = Told(*sides, float(row["数值"]) if row["数值"] else None)
    return found


def from_xlsx(file: bytes) -> Read:
    book = python_calamine.CalamineWorkbook.from_filelike(BytesIO(file))
    found: Read = {}
    for name in book.sheet_names[1:]:
        header, *lines = book.get_sheet_by_name(name).to_python()
        table = name.partition("·")[2]
        for nth, line in enumerate(lines):
            cells = dict(zip(map(str, header), line, strict=True))
            for label, value in list(cells.items())[1:]:
                if label.endswith((" 分子", " 分母")):
                    continue
                sides = [_whole(cells.get(f"{label} {side}")) for side in ("分子", "分母")]
                found[table, nth, label] = Told(*sides, _number(value))
    return found


def from_page(file: bytes) -> Read:
    """The page as it is printed; `data-value` holds what the words round."""
    reader = _Page()
    reader.feed(file.decode())
    return dict(reader.figures())


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._table, self._within = "", ""
        self._heads: dict[str, list[str]] = {}
        self._lines: dict[str, list[list[list[Any]]]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self._table = given["data-table"] or ""
            self._heads[self._table], self._lines[self._table] = [], []
        elif tag == "th":
            self._within = given["scope"] or ""
        elif tag == "tr" and "data-key" in given:
            self._lines[self._table].append([])
        elif (tag == "td" and "data-value" in given) or (tag == "td" and self._lines[self._table]):
            self._within = "value"
            value = given.get("data-value")
            self._lines[self._table][-1].append([float(value) if value else None, "", ""])
        elif tag == "small":
            self._within = "small"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "table"):
            self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within == "col":
            self._heads[self._table].append(data)
        elif self._within == "value":
            self._lines[self._table][-1][-1][1] += data.strip()
        elif self._within == "small":
            self._lines[self._table][-1][-1][2] += data

    def figures(self) -> Iterator[tuple[tuple[str, int, str], Told]]:
        for table, lines in self._lines.items():
            for nth, line in enumerate(lines):
                for head, (value, words, sides) in zip(self._heads[table][1:], line, strict=True):
                    assert says(words, value, head), (table, head, words, value)
                    above, below = map(int, sides.split("/")) if sides else (None, None)
                    yield (table, nth, head), Told(above, below, value)


def says(words: str, value: float | None, head: str) -> bool:
    """Whether the words on paper are the number behind them, as far as they are rounded."""
    if value is None:
        return words == "—"
    if words.endswith("%"):
        return abs(float(words[:-1]) / 100 - value) <= 0.00005 + 1e-9
    if words[-1] in "天时分秒":
        return abs(seconds(words) - value) <= 3600 * 0.5 + 0.05 * value
    return abs(float(words) - value) <= 0.005


def seconds(words: str) -> float:
    total, number = 0, ""
    for one in words.replace("小时", "时"):
        if one.isdigit():
            number += one
        else:
            total += int(number) * {"天": 86400, "时": 3600, "分": 60, "秒": 1}[one]
            number = ""
    return total


def _whole(value: Any) -> int | None:
    return None if value in ("", None) else int(value)


def _number(value: Any) -> float | None:
    """A number, or a length of time in seconds; None for words."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, time):
        return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
    return None if isinstance(value, str) else float(value)
