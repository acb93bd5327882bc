"""A monthly sheet read back from what was printed of it, by other libraries than wrote it, and what it should say."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import time, timedelta
from html.parser import HTMLParser
from io import BytesIO, StringIO
from typing import Any, NamedTuple

import pytest
import python_calamine

WORK = {
    "新增": "reported",
    "受理": "accepted",
    "指派": "assigned",
    "首次到场": "arrived",
    "协调会": "meetings",
    "上报": "escalated",
    "退回": "returned",
    "办结": "resolved",
    "返工": "reworked",
    "结案": "closed",
    "处置超时": "overdue",
    "在办": "open_now",
    "在办超时": "overdue_now",
}
LOAD = {
    "户数": "households",
    "网格员": "officers",
    "新增": "reported",
    "每千户新增": "per_1000_households",
    "每名网格员新增": "per_officer",
    "各处中位数的几倍": "times_median",
}
SPAN = {
    "几处": "places",
    "最少": "min",
    "四分之一处不超过": "p25",
    "中位数": "median",
    "四分之三处不超过": "p75",
    "九成处不超过": "p90",
    "最多": "max",
    "基尼系数": "gini",
    "最忙一成所占": "busiest_tenth",
}
STAGES = {
    "accept": "反映到受理",
    "arrive": "反映到到场",
    "resolve": "反映到办结",
    "close": "办结到结案",
}
SPREAD = {"一半不超过": "p50", "九成不超过": "p90", "九成五不超过": "p95", "最长": "max"}


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
    for nth, row in enumerate(sheet["rows"]):
        of = {one["kpi"]: one for one in row["kpis"]["figures"]} if row["kpis"] else {}
        for one in sheet["definitions"]:
            figure = of.get(one["kpi"], {"numerator": 0, "denominator": 0, "value": None})
            found["各项指标", nth, one["label"]] = Told(figure["numerator"], figure["denominator"], figure["value"])
        work = row["workload"]
        found |= _plain("做了多少", nth, WORK, work or dict.fromkeys(WORK.values(), 0))
        found |= _plain("担子", nth, LOAD, work or {})
        for stage, label in STAGES.items():
            times = row["response_times"][stage] or {"n": 0, "due": 0, "on_time": 0, "on_time_share": None}
            found[label, nth, "件数"] = Told(None, None, times["n"])
            found[label, nth, "按时率"] = Told(times["on_time"], times["due"], times["on_time_share"])
            for measure, words in {"gross": "", "net": "扣挂账"}.items():
                found |= _plain(
                    label, nth, {f"{words}{share}": name for share, name in SPREAD.items()}, times.get(measure) or {}
                )
    for nth, row in enumerate(sheet["workload_by_kind"]):
        found |= _plain("工作量按性质", nth, WORK, row)
    for nth, row in enumerate(sheet["kpis_by_kind"]):
        for one in row["figures"]:
            found["指标按性质", nth, one["label"]] = Told(one["numerator"], one["denominator"], one["value"])
    spans = sheet["distribution"] or {}
    over = [spans.get(name) for name in ("reported", "open_now", "per_1000_households", "per_officer")]
    for nth, span in enumerate(filter(None, over)):
        found |= _plain("在各网格的分布", nth, SPAN, span)
    return found


def _plain(table: str, nth: int, names: dict[str, str], told: dict[str, Any]) -> Read:
    return {(table, nth, label): Told(None, None, told.get(name)) for label, name in names.items()}


def near(found: Read) -> dict[Any, Any]:
    """As spreadsheets keep numbers; of nothing neither side of the line is printed."""
    told = {}
    for about, (above, below, value) in found.items():
        sides = (above, below) if below else (None, None)
        told[about] = (*sides, None if value is None else pytest.approx(value, abs=1e-3 if value > 60 else 1e-9))
    return told


def from_csv(file: bytes) -> Read:
    assert file.startswith(b"\xef\xbb\xbf"), "Excel takes it for something else"
    found: Read = {}
    lines: dict[tuple[str, str], list[str]] = {}
    for row in csv.DictReader(StringIO(file.decode("utf-8-sig"), newline="")):
        if row["部分"] == "说明":
            continue
        seen = lines.setdefault((row["表"], row["项目"]), [])
        seen.append(row["名称"])
        above, below = (_whole(row[side]) for side in ("分子", "分母"))
        found[row["表"], len(seen) - 1, row["项目"]] = Told(above, below, float(row["数值"]) if row["数值"] else None)
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
                above, below = (_whole(cells.get(f"{label} {side}")) for side in ("分子", "分母"))
                found[table, nth, label] = Told(above, below, _number(value))
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
        return words in ("—", "不公布")
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
