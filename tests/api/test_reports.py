"""月报 at the door: every number of every printed form is the API's; nobody sees a sheet beyond their place."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO, StringIO
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import httpx
import pytest
import python_calamine

from api.reports.charts import Chart, drawn
from api.reports.files import as_csv, as_xlsx, harmless
from api.reports.page import as_page
from api.reports.tables import duration
from projections.monthly import MonthlySheet
from tests.api import reading_back
from tests.api.reading_back import Read, Told
from tests.api.visitor import STAFF, START, Visitor, identity
from tests.lives import ACCEPTED, CLOSED, HANDLING, LIVES, RESIDENT
from tests.server import serving
from tests.stores import Store

MONTHLY = "/api/v1/reports/monthly"
COMMUNITY = "community-sanjiaoping"
PLACES = [COMMUNITY, "grid-chuangdan-1", "estate-chuangdan", "street-chengzhong", "district-hecheng", "city-huaihua"]
MONTHS = ["2026-02", "2026-03"]
RESTATED = ("grant-correction", "grant-void", "merge", "unmerge", "reopen", "exempt-timeout", "fail-check")
FORMS = {".csv": "text/csv", ".xlsx": None, ".html": "text/html"}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def service(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """With cases that were corrected, voided, merged, parted, reopened, exempted; the clock stands in March."""
    from tests.api.visitor import Clock

    clock = Clock(datetime(2026, 2, 25, 2, tzinfo=UTC))
    settings = store.settings(tmp_path_factory.mktemp("reports"), wait_timeout=20)
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=120) as client:
        visitor = Visitor(client, clock)
        visitor.play(CLOSED)
        clock.now = START
        for life in (HANDLING, CLOSED, ACCEPTED, *(LIVES[command] for command in RESTATED)):
            visitor.play(life)
        visitor.report("officer-zhang", grid="grid-yunjian-3", kind="hardship")
        clock.now = datetime(2026, 3, 20, 2, tzinfo=UTC)
        yield visitor


def ask(service: Visitor, path: str = MONTHLY, actor: str = "district-desk", **query: Any) -> httpx.Response:
    asked = {"territory": COMMUNITY, "month": "2026-03", **query}
    if "as_of" not in asked and "as_of_position" not in asked:
        asked["after"] = service.stored()
    return service.client.get(path, params=asked, headers=identity(actor))


def printed(service: Visitor, path: str, **query: Any) -> bytes:
    answer = ask(service, path, **query)
    assert answer.status_code == 200, answer.text
    return answer.content


def sheet_of(service: Visitor, **query: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(printed(service, MONTHLY, **query))
    return told


def view(service: Visitor, name: str, **query: Any) -> list[dict[str, Any]]:
    asked = {"from_day": "2026-03-01", "to_day": "2026-03-31", "after": service.stored(), **query}
    answer = service.client.get(f"/api/v1/views/{name}", params=asked, headers=identity("district-desk"))
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def near(found: Read) -> dict[Any, Any]:
    """To the microsecond, as spreadsheets keep times; of nothing neither side of the line is printed."""
    return {
        about: Told(*((one.numerator, one.denominator) if one.denominator else (None, None)), pytest.approx(one.value))
        if one.value is not None
        else Told(None, None, None)
        for about, one in found.items()
    }


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("place", PLACES)
def test_every_number_of_every_file_is_that_of_the_api(service: Visitor, place: str, month: str) -> None:
    query = {"territory": place, "month": month}
    expected = reading_back.expected(sheet_of(service, **query))
    assert near(reading_back.from_csv(printed(service, f"{MONTHLY}.csv", **query))) == near(expected)
    assert near(reading_back.from_xlsx(printed(service, f"{MONTHLY}.xlsx", **query))) == near(expected)


@pytest.mark.parametrize("place", [COMMUNITY, "district-hecheng"])
def test_every_number_of_the_page_is_that_of_the_api(service: Visitor, place: str) -> None:
    expected = reading_back.expected(sheet_of(service, territory=place))
    assert near(reading_back.from_page(printed(service, f"{MONTHLY}.html", territory=place))) == near(expected)


@pytest.mark.parametrize("place", PLACES)
def test_the_sheet_is_what_the_views_answer(service: Visitor, place: str) -> None:
    sheet = sheet_of(service, territory=place)
    own, level = sheet["rows"][0], sheet["below"]
    [whole] = view(service, "kpis", territory=place)
    assert own["kpis"]["figures"] == [_without_cases(one) for one in whole["figures"]]
    assert [own["workload"]] == view(service, "workload", territory=place, by=sheet["place"]["level"])
    for stage, told in own["response_times"].items():
        assert [told] == view(service, "response-times", territory=place, stage=stage)
    below = {(row["place"]["key"], row["place"]["community"]): row for row in sheet["rows"][1:]}
    for name, part in (("kpis", "kpis"), ("workload", "workload")):
        for row in view(service, name, territory=place, by=level):
            told = below[row["key"], row["community"]][part]
            assert told["name"] == row["name"]
            assert told.get("reported") == row.get("reported")
            if name == "kpis":
                assert told["figures"] == [_without_cases(one) for one in row["figures"]]


def _without_cases(figure: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in figure.items() if name != "cases"}


def test_a_row_for_every_place_below_in_the_order_of_the_tree(service: Visitor) -> None:
    names = [row["place"]["name"] for row in sheet_of(service, territory="district-hecheng")["rows"]]
    assert names[:3] == ["鹤城区", "城中街道", "坨院街道"]


def test_a_sheet_says_of_when_it_is_and_by_which_definitions(service: Visitor) -> None:
    page = printed(service, f"{MONTHLY}.html").decode()
    sheet = sheet_of(service)
    assert "三角坪社区月报" in page
    assert f"<dd>{sheet['position']}</dd>" in page
    assert "2026-03-20 10:00（北京时间）" in page
    assert "2026年3月" in page
    assert "本月未完" in page
    for one in sheet["definitions"]:
        assert f"<b>{one['label']}</b>（第{one['version']}版）" in page


def test_no_officer_and_no_resident_is_in_any_of_it(service: Visitor) -> None:
    people = [*STAFF, *(member.name for member in STAFF.values()), RESIDENT, "曾竹英"]
    for ending in ("", ".csv", ".html"):
        text = printed(service, f"{MONTHLY}{ending}", territory="district-hecheng").decode()
        assert [name for name in people if name in text] == []


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(service: Visitor) -> None:
    answer = ask(service, f"{MONTHLY}.html")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|\bon\w+=|src=", answer.text)
    assert set(re.findall(r"https?://[^\s\"'<]+", answer.text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


@pytest.mark.parametrize("ending", FORMS)
def test_files_have_a_name_in_chinese_and_stay_with_whoever_asked(service: Visitor, ending: str) -> None:
    answer = ask(service, f"{MONTHLY}{ending}")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["ETag"].startswith("W/")
    if ending != ".html":
        name = answer.headers["Content-Disposition"].partition("filename*=UTF-8''")[2]
        assert unquote(name) == f"三角坪社区2026-03月报{ending}"


@pytest.mark.parametrize("chart", Chart)
def test_a_chart_is_drawn_with_words_that_stay_words(service: Visitor, chart: Chart) -> None:
    answer = ask(service, f"{MONTHLY}/{chart}.svg")
    assert answer.headers["Content-Type"] == "image/svg+xml"
    svg = ElementTree.fromstring(answer.content)  # noqa: S314 - our own service's
    words = "".join(text for one in svg.iter(f"{SVG}text") for text in one.itertext())
    assert svg.tag == f"{SVG}svg"
    assert chart.label in words
    labels = {"on-time": "2026-03", "daily": "新增", "response-times": "三角坪社区", "burden": "床单厂小区网格"}
    assert labels[chart] in words


@pytest.mark.parametrize("path", [MONTHLY, *(f"{MONTHLY}{ending}" for ending in FORMS), f"{MONTHLY}/daily.svg"])
@pytest.mark.parametrize(
    ("actor", "place", "status"),
    [
        ("secretary-sanjiaoping", "street-chengzhong", 403),
        ("secretary-sanjiaoping", "community-yunjian", 403),
        ("secretary-sanjiaoping", "nowhere", 422),
        (RESIDENT, COMMUNITY, 403),
    ],
)
def test_nobody_gets_a_sheet_beyond_their_place(
    service: Visitor, path: str, actor: str, place: str, status: int
) -> None:
    assert ask(service, path, actor, territory=place).status_code == status


def test_whoever_is_responsible_gets_theirs_and_those_below(service: Visitor) -> None:
    for place in (COMMUNITY, "grid-chuangdan-1"):
        assert ask(service, MONTHLY, "secretary-sanjiaoping", territory=place).status_code == 200


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"month": "2026-13"}, "month"),
        ({"month": "2026"}, "month"),
        ({"month": "2026-04"}, "month"),
        ({"month": ""}, "month"),
        ({"territory": "nowhere"}, "territory"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_asked_wrongly_is_said_in_chinese(service: Visitor, query: dict[str, str], parameter: str) -> None:
    answer = ask(service, **query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    [fault] = answer.json()["errors"]
    assert fault["parameter"] == parameter
    assert re.search("[\u4e00-\u9fff]", fault["detail"])


NAMES = ["=1+1", "+86", "-1", "@SUM(A1)", '=HYPERLINK("x")', "\tx", "<b>&\"'", "</style><script>alert(1)</script>"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_name_wherever_it_is_printed(service: Visitor, name: str) -> None:
    told = sheet_of(service)
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
    page = as_page(sheet, drawn(sheet, Chart)).decode()
    assert "<script" not in page
    assert page.count("</style>") == 1


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
