"""月报 at the door: every number of every file is that of the views; nobody sees a sheet beyond their place."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import pytest

from tests.api.visitor import STAFF, Visitor
from tests.lives import RESIDENT
from tests.reports import reading_back
from tests.reports.asking import COMMUNITY, MAYOR, MONTHLY, ask, printed, sheet_of

PLACES = [COMMUNITY, "grid-chuangdan-1", "estate-chuangdan", "street-chengzhong", "district-hecheng", "city-huaihua"]
MONTHS = ["2026-02", "2026-03"]


def view(service: Visitor, name: str, **query: Any) -> list[dict[str, Any]]:
    asked = {"from_day": "2026-03-01", "to_day": "2026-03-31", "after": service.stored(), **query}
    answer = service.client.get(f"/api/v1/views/{name}", params=asked, headers=MAYOR)
    assert answer.status_code == 200, answer.text
    return [{name: value for name, value in row.items() if name != "cases"} for row in answer.json()["rows"]]


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("place", PLACES)
def test_every_number_of_every_file_is_that_of_the_api(service: Visitor, place: str, month: str) -> None:
    query = {"territory": place, "month": month}
    expected = reading_back.expected(sheet_of(service, **query))
    assert reading_back.near(reading_back.from_csv(printed(service, f"{MONTHLY}.csv", **query))) == reading_back.near(
        expected
    )
    assert reading_back.near(reading_back.from_xlsx(printed(service, f"{MONTHLY}.xlsx", **query))) == reading_back.near(
        expected
    )


@pytest.mark.parametrize("place", PLACES)
def test_the_sheet_is_what_the_views_answer(service: Visitor, place: str) -> None:
    sheet = sheet_of(service, territory=place)
    own, level = sheet["rows"][0], sheet["below"]
    [whole] = view(service, "kpis", territory=place)
    assert own["kpis"]["figures"] == [_without_cases(one) for one in whole["figures"]]
    assert [own["workload"]] == view(service, "workload", territory=place, by=sheet["place"]["level"])
    for stage, told in own["response_times"].items():
        assert [told] == view(service, "response-times", territory=place, stage=stage, exact=True)
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


def test_no_officer_and_no_resident_is_in_any_of_it(service: Visitor) -> None:
    people = [*STAFF, *(member.name for member in STAFF.values()), RESIDENT, "曾竹英"]
    for ending in ("", ".csv"):
        text = printed(service, f"{MONTHLY}{ending}", territory="district-hecheng").decode()
        assert [name for name in people if name in text] == []


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_files_have_a_name_in_chinese_and_stay_with_whoever_asked(service: Visitor, ending: str) -> None:
    answer = ask(service, f"{MONTHLY}{ending}")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["ETag"].startswith("W/")
    name = answer.headers["Content-Disposition"].partition("filename*=UTF-8''")[2]
    assert unquote(name) == f"三角坪社区2026-03月报{ending}"


@pytest.mark.parametrize("form", ["", ".csv", ".xlsx", ".html", "/daily.svg"])
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
    service: Visitor, form: str, actor: str, place: str, status: int
) -> None:
    assert ask(service, f"{MONTHLY}{form}", actor, territory=place).status_code == status


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


def test_a_chart_there_is_none_of_is_an_address_there_is_none_of(service: Visitor) -> None:
    answer = ask(service, f"{MONTHLY}/ranking.svg")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-path")
