"""A case is read as it is, as it was, and only by those it concerns."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.visitor import Visitor, identity
from tests.lives import CALLED, CHECKED, DISPATCHED, HANDLING, LIVES, OFFICER, REPORT, REPORTED, RESIDENT, TWICE

CHILD = {
    "subject": "s-child",
    "name": "小名",
    "guardian": {"subject": "s-mother", "name": "母亲", "phone": "13900000000"},
}


def path_of(case: str, then: str = "") -> str:
    return f"/api/v1/incidents/{case}{then}"


def file_of(door: Visitor, case: str, query: str = "", actor: str = "district-desk") -> dict[str, Any]:
    file: dict[str, Any] = door.read(path_of(case, query), actor).json()
    return file


def test_the_case_file_tells_the_case(door: Visitor) -> None:
    case = door.case(CHECKED)
    answer = door.read(path_of(case))
    file = answer.json()
    assert (answer.status_code, answer.headers["ETag"], file["version"]) == (200, '"5"', 5)
    assert (file["stage_label"], file["kind_label"], file["outcome_code"]) == ("待结案", "突发事件", "solved")
    assert file["place_names"]["grid"] == "床单厂小区网格"
    assert file["reporter"] == REPORT["reporter"]


def test_the_history_tells_who_did_what_when_by_which_rule(door: Visitor) -> None:
    case = door.case(CHECKED)
    history = door.read(path_of(case, "/history")).json()
    assert (history["incident_id"], history["version"]) == (case, 5)
    assert [line["label"] for line in history["events"]] == ["反映", "受理立案", "到达现场", "办结", "核查通过"]
    resolved = history["events"][3]
    assert resolved["version"] == 4
    assert resolved["sentence"].endswith("管道已疏通，化粪池已修好")
    assert (resolved["type"], resolved["command"]) == ("incident.resolved", "resolve")
    assert (resolved["actor"], resolved["actor_name"], resolved["role"]) == (OFFICER, "葛岳辉", "grid_officer")
    assert "must-attend-first" in resolved["rules"]
    assert resolved["data"] == {"outcome_code": "solved", "outcome": "管道已疏通，化粪池已修好"}
    positions = [line["position"] for line in history["events"]]
    assert positions == sorted(positions)


@pytest.mark.parametrize(("version", "stage"), [(1, "reported"), (2, "accepted"), (3, "handling"), (9, "checked")])
def test_as_of_a_version(door: Visitor, version: int, stage: str) -> None:
    case = door.case(CHECKED)
    answer = door.read(path_of(case, f"?as_of_version={version}"))
    assert answer.json()["stage"] == stage
    assert answer.headers["ETag"] == f'"{min(version, 5)}"'
    history = door.read(path_of(case, f"/history?as_of_version={version}")).json()
    assert (history["version"], len(history["events"])) == (min(version, 5),) * 2


def test_as_of_a_moment(door: Visitor) -> None:
    before = door.clock()
    case = door.case(REPORTED)
    then = door.clock()
    door.clock.forward(1)
    door.ask(OFFICER, "arrive", {}, case)
    query = {"as_of": then.isoformat()}
    answer = door.client.get(path_of(case), params=query, headers=identity("district-desk"))
    assert answer.json()["version"] == 1
    assert file_of(door, case)["version"] == 3
    not_yet = door.client.get(path_of(case), params={"as_of": before.isoformat()}, headers=identity("district-desk"))
    assert (not_yet.status_code, not_yet.json()["detail"]) == (404, "那时还没有这个案件。")


@pytest.mark.parametrize("then", ["", "/history", "?as_of_version=2"])
def test_what_has_not_changed_is_not_sent_again(door: Visitor, then: str) -> None:
    case = door.case(HANDLING)
    tag = door.read(path_of(case, then)).headers["ETag"]
    for seen in (tag, f"W/{tag}", f'"99", {tag}', "*"):
        again = door.read(path_of(case, then), **{"If-None-Match": seen})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert door.read(path_of(case, then), **{"If-None-Match": '"99"'}).status_code == 200


def test_an_answer_is_for_its_asker_only(door: Visitor) -> None:
    answer = door.read(path_of(door.case(REPORTED)))
    assert answer.headers["Vary"] == "Bidao-Actor"
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_who_has_to_do_with_the_case_may_read_it(door: Visitor) -> None:
    case = door.case((*DISPATCHED, *CALLED[-1:], *LIVES["assign"][-1:]))
    in_charge = ("officer-ge", "secretary-sanjiaoping", "street-desk", "district-desk", "auditor-wang")
    handed = ("property-desk", "expert-yi")
    assert [door.read(path_of(case), who).status_code for who in (*in_charge, *handed)] == [200] * 7


def status_for(door: Visitor, case: str, claim: str) -> list[int]:
    headers = {"Bidao-Actor": claim}
    answers: list[httpx.Response] = [door.client.get(path_of(case, at), headers=headers) for at in ("", "/history")]
    return [answer.status_code for answer in answers]


def test_whom_a_case_was_handed_to_may_read_it_from_elsewhere(door: Visitor) -> None:
    elsewhere = "scope=grid-yunjian-3"
    case = door.case(REPORTED)
    assert status_for(door, case, f"officer-zhang; role=grid_officer; {elsewhere}") == [404, 404]
    for turn in (*LIVES["assign"][1:], LIVES["hand-over"][-1], *LIVES["dispatch"][-1:], *LIVES["request-help"][-1:]):
        assert door.ask(turn.actor, turn.command, turn.asked, case).is_success
        if turn.command == "hand-over":
            assert status_for(door, case, f"officer-zhang; role=grid_officer; {elsewhere}") == [200, 200]
    assert status_for(door, case, f"expert-yi; role=department; {elsewhere}") == [200, 200]
    assert status_for(door, case, f"someone; role=department; unit=unit-property; {elsewhere}") == [200, 200]
    assert status_for(door, case, f"someone; role=department; unit=unit-urban; {elsewhere}") == [404, 404]


def test_a_grid_that_was_told_of_the_case_may_read_it(door: Visitor) -> None:
    case = door.report(also_grids=["grid-yunjian-3"]).json()["incident_id"]
    assert status_for(door, case, "officer-zhang; role=grid_officer; scope=grid-yunjian-3") == [200, 200]
    assert status_for(door, case, "officer-chen; role=grid_officer; scope=grid-changwanli-2") == [404, 404]


def test_staff_in_charge_of_nowhere_may_read_nothing(door: Visitor) -> None:
    assert status_for(door, door.case(REPORTED), "somebody; role=community") == [404, 404]


def test_residents_read_their_own_cases_and_no_others(door: Visitor) -> None:
    case = door.case(REPORTED)
    assert status_for(door, case, f"{RESIDENT}; role=resident") == [200, 200]
    assert status_for(door, case, "s-curious; role=resident") == [404, 404]
    assert status_for(door, case, f"{OFFICER}; role=grid_officer; scope=district-hecheng") == [200, 200]
    duplicate = door.case(LIVES["merge"])
    primary = file_of(door, duplicate)["merged_into"]
    assert status_for(door, duplicate, f"{RESIDENT}; role=resident") == [200, 200]
    assert status_for(door, primary, "s-curious; role=resident") == [404, 404]


def test_a_resident_does_not_see_other_residents(door: Visitor) -> None:
    old = {"subject": "s-old", "name": "老人", "phone": "13700000000"}
    case = door.report(on_behalf_of=old).json()["incident_id"]
    mine = file_of(door, case, actor="s-old")
    assert (mine["reporter"], mine["on_behalf_of"]) == (None, old)
    history = door.read(path_of(case, "/history"), "s-old")
    assert "曾竹英" not in history.text
    assert "13800000000" not in history.text
    assert file_of(door, case)["reporter"]["name"] == "曾竹英"


def test_sensitive_fields_are_covered_for_everybody(door: Visitor) -> None:
    case = door.report(on_behalf_of=CHILD).json()["incident_id"]
    place = {"longitude": 109.97, "latitude": 27.55, "crs": "wgs84"}
    assert door.ask(OFFICER, "arrive", {"position": place}, case).is_success
    for actor in ("district-desk", "s-mother"):
        for then in ("", "/history"):
            answer = door.read(path_of(case, then), actor)
            assert answer.status_code == 200
            assert "小名" not in answer.text
            assert "109.97" not in answer.text
    assert file_of(door, case)["on_behalf_of"]["name"] == "***"
    assert file_of(door, case, actor="s-mother")["on_behalf_of"]["guardian"]["name"] == "母亲"
    arrived = door.read(path_of(case, "/history")).json()["events"][-1]
    assert arrived["data"]["position"] == "***"


def test_a_merged_case_names_its_primary(door: Visitor) -> None:
    duplicate = door.case(LIVES["merge"])
    primary = file_of(door, duplicate)["merged_into"]
    assert file_of(door, primary)["duplicates"] == [duplicate]
    assert len(TWICE) == 2
