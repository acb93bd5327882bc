"""查找当事人 over HTTP: who may look for whom, and that what was asked is told to nobody."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pytest

from projections import finding
from tests.api.visitor import Visitor, identity
from tests.lives import OFFICER, RESIDENT

ELSEWHERE, DESK, AUDITOR = "officer-zhang", "district-desk", "auditor-wang"
PATH = "/api/v1/incidents/search"
CHILD = {
    "subject": "s-xiaoming",
    "name": "小铭",
    "guardian": {"subject": "s-tan", "name": "覃母", "phone": "13612340001"},
}


def ask(door: Visitor, body: Any, actor: str = DESK) -> httpx.Response:
    return door.client.post(PATH, json=body, headers=identity(actor))


def found(door: Visitor, actor: str = DESK, **wanted: str) -> list[str]:
    answer = ask(door, wanted, actor)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return [row["incident_id"] for row in answer.json()["items"]]


def reported(door: Visitor, name: str, phone: str, **more: Any) -> str:
    person = {"subject": f"s-{phone}", "name": name, "phone": phone}
    case: str = door.report(reporter=person, **more).json()["incident_id"]
    return case


def test_found_by_phone_and_by_name_as_soon_as_it_is_reported(door: Visitor) -> None:
    first, second = (reported(door, "向晓芙", "13611110001") for _ in range(2))
    assert found(door, phone="+86 136-1111-0001") == found(door, name="向 晓芙") == [second, first]
    assert found(door, phone="13611110002") == found(door, name="向晓") == []


def test_the_rows_are_those_of_the_docket(door: Visitor) -> None:
    case = reported(door, "舒望", "13611110003")
    [row] = ask(door, {"phone": "13611110003"}).json()["items"]
    listed = door.read(f"/api/v1/incidents?after={door.stored()}").json()["items"]
    assert row == next(one for one in listed if one["incident_id"] == case)
    assert "舒望" not in str(row)


def test_a_child_is_found_by_the_guardian_alone(door: Visitor) -> None:
    case = door.report(on_behalf_of=CHILD, reporter=None).json()["incident_id"]
    assert found(door, name="覃母") == found(door, phone="13612340001") == [case]
    assert found(door, name="小铭") == []


def test_staff_find_within_their_scope_and_residents_nobody(door: Visitor) -> None:
    case = reported(door, "滕青", "13611110004")
    for actor, answer in ((OFFICER, [case]), (AUDITOR, [case]), (ELSEWHERE, [])):
        assert found(door, actor, phone="13611110004") == answer, actor
    for resident in (RESIDENT, "s-13611110004"):
        assert ask(door, {"phone": "13611110004"}, resident).json()["code"] == "forbidden"
    assert door.client.post(PATH, json={"phone": "13611110004"}).status_code == 401


@pytest.mark.parametrize(
    "written", ["86 13611110014", "136.1111.0014", "（136）11110014", "+86 (136) 1111-0014", "１３６．１１１１００１４"]
)
def test_a_phone_is_found_however_it_is_written(door: Visitor, written: str) -> None:
    case = reported(door, "滕另", "13611110014")
    assert case in found(door, OFFICER, phone=written)


def test_more_than_are_shown_is_said(door: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [reported(door, "粟多", "13611110005") for _ in range(3)]
    monkeypatch.setattr(finding, "MOST", 2)
    answer = ask(door, {"phone": "13611110005"}).json()
    assert [row["incident_id"] for row in answer["items"]] == [cases[2], cases[1]]
    assert answer["capped"] is True
    monkeypatch.setattr(finding, "MOST", 3)
    assert ask(door, {"phone": "13611110005"}).json()["capped"] is False


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"phone": "13699990001", "name": "璩秘"},
        {"phone": None},
        {"name": ""},
        {"phone": "璩秘13699990001"},
        {"name": "璩秘" * 40},
        {"璩秘": "13699990001"},
        ["璩秘", "13699990001"],
    ],
)
def test_what_was_asked_is_repeated_nowhere(door: Visitor, log: io.StringIO, body: Any) -> None:
    refused = ask(door, body)
    assert refused.status_code == 422
    answered = ask(door, {"phone": "13699990001"})
    assert answered.json() == {"items": [], "capped": False}
    said = refused.text + answered.text + log.getvalue() + door.client.get("/metrics").text
    assert PATH in log.getvalue(), "else nothing is shown"
    assert not any(secret in said for secret in ("璩", "1369999"))


def test_it_is_a_question_with_a_body(door: Visitor) -> None:
    answer = door.read(PATH)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    before = door.stored()
    assert ask(door, {"name": "谁也不是"}).is_success
    assert door.stored() == before
