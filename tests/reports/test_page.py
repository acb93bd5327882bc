"""月报 on paper: the page says every number, of when it is and by which definitions; a name stays a name; charts."""

from __future__ import annotations

import csv
import re
from io import BytesIO, StringIO
from xml.etree import ElementTree

import httpx
import pytest
import python_calamine

from api.reports.charts import Chart, drawn
from api.reports.files import as_csv, as_xlsx, harmless
from api.reports.page import as_page
from api.reports.tables import duration
from projections.monthly import MonthlySheet
from tests.api.visitor import STAFF, Visitor
from tests.lives import RESIDENT
from tests.reports import reading_back
from tests.reports.asking import MONTHLY, ask, sheet_of
from tests.reports.reading_back import near

SVG = "{http://www.w3.org/2000/svg}"
BLANK = dict.fromkeys(Chart, "<svg/>")


@pytest.fixture(scope="module")
def page(press: Visitor) -> httpx.Response:
    return ask(press, f"{MONTHLY}.html")


def test_every_number_of_the_page_is_that_of_the_api(press: Visitor, page: httpx.Response) -> None:
    assert near(reading_back.from_page(page.content)) == near(reading_back.expected(sheet_of(press)))


def test_a_sheet_says_of_when_it_is_and_by_which_definitions(press: Visitor, page: httpx.Response) -> None:
    sheet = sheet_of(press)
    head = ("三角坪社区月报", "2026年3月", "本月未完", "2026-03-20 10:00（北京时间）")
    versions = (f"<b>{one['label']}</b>（第{one['version']}版）" for one in sheet["definitions"])
    for said in (*head, f"<dd>{sheet['position']}</dd>", f"as_of={sheet['told_at']}", *sheet["views"], *versions):
        assert said in page.text
    assert not [name for name in (*STAFF, *(one.name for one in STAFF.values()), RESIDENT) if name in page.text]


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(page: httpx.Response) -> None:
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|\bon\w+=|src=", page.text)
    addresses = set(re.findall(r"https?://[^\s\"'<]+", page.text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


@pytest.mark.parametrize("chart", Chart)
def test_a_chart_is_drawn_with_words_that_stay_words(press: Visitor, chart: Chart) -> None:
    answer = ask(press, f"{MONTHLY}/{chart}.svg")
    assert answer.headers["Content-Type"] == "image/svg+xml"
    svg = ElementTree.fromstring(answer.content)  # noqa: S314 - our own service's
    words = "".join(text for one in svg.iter(f"{SVG}text") for text in one.itertext())
    assert svg.tag == f"{SVG}svg"
    assert chart.label in words
    labels = {"on-time": "2026-03", "daily": "新增", "response-times": "三角坪社区", "burden": "床单厂小区网格"}
    assert labels[chart] in words


NAMES = ["=1+1", "+86", "-1", "@SUM(A1)", '=HYPERLINK("x")', "\tx", "<b>&\"'", "</style><script>alert(1)</script>"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_name_wherever_it_is_printed(press: Visitor, name: str) -> None:
    told = sheet_of(press)
    for row in (*told["rows"], *told["grids"]):
        row["place"]["name"] = name
    told["place"]["name"] = name
    sheet = MonthlySheet.model_validate(told)
    name = sheet.place.name  # a blank at its end is none of it
    rows = list(csv.reader(StringIO(as_csv(sheet).decode("utf-8-sig"), newline="")))
    assert not [cell for row in rows for cell in row[:4] + row[-1:] if cell[:1] in tuple("=+-@\t")]
    assert harmless(name) in {row[3] for row in rows}
    book = python_calamine.CalamineWorkbook.from_filelike(BytesIO(as_xlsx(sheet)))
    assert book.get_sheet_by_name("工作量·做了多少").to_python()[1][0] == name
    assert "<script" not in as_page(sheet, BLANK).decode()
    assert as_page(sheet, BLANK).decode().count("</style>") == 1


def test_a_name_is_a_name_in_charts(press: Visitor) -> None:
    told = sheet_of(press)
    for one, name in zip((*told["rows"], *told["grids"]), NAMES * 9, strict=False):
        one["place"]["name"] = name
    for svg in drawn(MonthlySheet.model_validate(told), Chart).values():
        tags = {one.tag.removeprefix(SVG) for one in ElementTree.fromstring(svg).iter()}  # noqa: S314 - our own
        assert tags <= {"svg", "g", "path", "text", "rect", "line", "title", "defs", "tspan"}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0秒"),
        (0.4, "0秒"),
        (59.6, "1分"),
        (3900, "1小时5分"),
        (3605, "1小时"),
        (86400, "1天"),
        (9 * 86400 + 3 * 3600, "9天3小时"),
    ],
)
def test_durations_as_people_read_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words
