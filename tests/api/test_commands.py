"""Every command has its door, and a life in which it is granted."""

from __future__ import annotations

import pytest

from domain.incident import commands
from domain.incident.commands import BY_NAME
from tests.api.visitor import Visitor
from tests.lives import LIVES, OFFICER, REPORTED

WAITING = {"redraw", "determine-deadlines"}
"""There is nothing for them to do as long as map and calendar stay as they are."""


def test_there_is_a_life_for_every_command() -> None:
    assert LIVES.keys() == {"report", *BY_NAME}


@pytest.mark.parametrize("command", LIVES)
def test_a_command_answers_with_a_receipt(door: Visitor, command: str) -> None:
    answer = door.play(LIVES[command])
    receipt = answer.json()
    assert answer.status_code == (201 if command == "report" else 200)
    offered = {"alike"} if command == "report" else set()
    proven = {"leaf_hash", "signature"}
    assert receipt.keys() == {"incident_id", "version", "position", "changed"} | proven | offered
    assert receipt["changed"] is (command not in WAITING)
    assert answer.headers["ETag"] == f'"{receipt["version"]}"'


def test_a_report_says_where_its_case_file_is(door: Visitor) -> None:
    answer = door.report()
    location = answer.headers["Location"]
    assert location == f"/api/v1/incidents/{answer.json()['incident_id']}"
    assert door.read(location).json()["version"] == 1


def test_asking_for_what_is_so_already_changes_nothing(door: Visitor) -> None:
    case = door.case(LIVES["accept"])
    before = door.stored()
    answer = door.ask(OFFICER, "accept", case=case)
    assert answer.status_code == 200
    assert answer.json()["changed"] is False
    assert answer.headers["ETag"] == '"2"'
    assert door.stored() == before


def test_a_refusal_names_its_rule_and_says_why(door: Visitor) -> None:
    case = door.case(REPORTED)
    answer = door.ask(OFFICER, "resolve", commands.Resolve.example, case)
    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert (told["code"], told["rule"], told["status"]) == ("refused", "stage", 409)
    assert told["detail"] == "案件现处于“待受理”，不能办结。"
