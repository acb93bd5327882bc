"""Whoever decides on what they read says which version they read; of two, the slower one is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.incident.commands import BY_NAME
from tests.api.visitor import Visitor
from tests.lives import HANDLING, LIVES, OFFICER, REPORTED, SECRETARY

NAMED = {"withdraw", "merge", "unmerge", "dispatch", "escalate", "close", "reopen", "archive"}
VERSIONED = {name for name in BY_NAME if name in NAMED or name.startswith("grant-")}


@pytest.mark.parametrize("command", BY_NAME)
def test_the_version_is_required_where_the_contract_says(door: Visitor, command: str) -> None:
    case = door.case(REPORTED)
    answer = door.ask(LIVES[command][-1].actor, command, BY_NAME[command].example, case, headers={"If-Match": None})
    assert (answer.status_code == 428) == (command in VERSIONED)
    if command in VERSIONED:
        assert answer.json()["code"] == "if-match-required"


def test_a_stale_version_is_told_what_happened_since(door: Visitor) -> None:
    case = door.case(HANDLING)
    before = door.stored()
    answer = door.ask(OFFICER, "escalate", {"to": "community"}, case, headers={"If-Match": '"1"'})
    assert answer.status_code == 412
    told = answer.json()
    assert (told["code"], told["version"], told["since"]) == ("version-stale", 3, ["受理立案", "到达现场"])
    assert answer.headers["ETag"] == '"3"'
    assert door.stored() == before


def test_a_version_that_is_not_yet_is_stale_too(door: Visitor) -> None:
    answer = door.ask(OFFICER, "arrive", {}, door.case(REPORTED), headers={"If-Match": '"999999999"'})
    assert (answer.status_code, answer.json()["since"]) == (412, [])


@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', "1", "*", '"x", "1"'])
def test_the_version_that_stands_is_accepted(door: Visitor, tag: str) -> None:
    answer = door.ask(OFFICER, "arrive", {}, door.case(REPORTED), headers={"If-Match": tag})
    assert answer.status_code == 200


@pytest.mark.parametrize("tag", ["", '"x"', '"0"', '"-1"', '"2", "7"', '"12345678901234567890"', "版本一"])
def test_any_other_tag_is_stale(door: Visitor, tag: str) -> None:
    answer = door.ask(OFFICER, "arrive", {}, door.case(REPORTED), headers={"If-Match": tag})
    assert (answer.status_code, answer.json()["version"]) == (412, 1)


def test_of_two_who_read_the_same_version_one_wins(door: Visitor) -> None:
    case = door.case(HANDLING)
    version = {"If-Match": door.read(f"/api/v1/incidents/{case}").headers["ETag"]}
    with ThreadPoolExecutor(8) as people:
        asked = [
            people.submit(door.ask, SECRETARY, "take-action", {"note": f"办法{n}"}, case, headers=version)
            for n in range(8)
        ]
    answers = [one.result() for one in asked]
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    assert {answer.json()["version"] for answer in answers} == {4}
    assert door.read(f"/api/v1/incidents/{case}").json()["version"] == 4
