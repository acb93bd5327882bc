"""The same thing sent twice is done once, and answered alike."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.incident.commands import Resolve
from tests.api.visitor import Visitor
from tests.lives import CALM, HANDLING, OFFICER, REPORT, REPORTED, RESIDENT, SECRETARY


def test_no_command_without_a_key(door: Visitor) -> None:
    case, before = door.case(REPORTED), door.stored()
    for answer in (
        door.ask(OFFICER, "report", REPORT, headers={"Idempotency-Key": None}),
        door.ask(OFFICER, "arrive", {}, case, headers={"Idempotency-Key": None}),
    ):
        assert answer.status_code == 400
        assert answer.json()["code"] == "idempotency-key-required"
    assert door.stored() == before


@pytest.mark.parametrize("key", ["", "a b", "钥匙", "k" * 129, 'q"' + "q" * 128])
def test_a_key_is_up_to_128_visible_ascii_characters(door: Visitor, key: str) -> None:
    answer = door.ask(OFFICER, "report", REPORT, headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"detail": answer.json()["errors"][0]["detail"], "parameter": "Idempotency-Key"},
    ]


def test_a_report_sent_again_opens_no_second_case(door: Visitor) -> None:
    key = {"Idempotency-Key": door.new_key()}
    first = door.ask(OFFICER, "report", REPORT, headers=key)
    before = door.stored()
    again = door.ask(OFFICER, "report", REPORT, headers=key)
    assert (again.status_code, again.json(), again.headers["Location"]) == (
        201,
        first.json(),
        first.headers["Location"],
    )
    assert door.stored() == before


def test_a_command_sent_again_gets_its_first_receipt_though_the_case_moved_on(door: Visitor) -> None:
    case = door.case(REPORTED)
    key = {"Idempotency-Key": door.new_key(), "If-Match": '"1"'}
    first = door.ask(OFFICER, "arrive", {"note": "已到"}, case, headers=key)
    door.ask(OFFICER, "resolve", Resolve.example, case)
    again = door.ask(OFFICER, "arrive", {"note": "已到"}, case, headers=key)
    assert again.status_code == 200
    assert again.json() == first.json()
    assert again.headers["ETag"] == first.headers["ETag"] == '"3"'


@pytest.mark.parametrize(("plain", "quoted"), [("a", '"a"'), ('b"b', r'"b\"b"'), ("c\\c", r'"c\\c"')])
def test_a_key_may_come_quoted(door: Visitor, plain: str, quoted: str) -> None:
    first = door.ask(OFFICER, "report", REPORT, headers={"Idempotency-Key": plain})
    before = door.stored()
    again = door.ask(OFFICER, "report", REPORT, headers={"Idempotency-Key": quoted})
    assert again.json() == first.json()
    assert door.stored() == before


def test_a_key_with_another_body_is_refused(door: Visitor) -> None:
    key = {"Idempotency-Key": door.new_key()}
    door.ask(OFFICER, "report", REPORT, headers=key)
    before = door.stored()
    answer = door.ask(OFFICER, "report", {**REPORT, "urgency": 2}, headers=key)
    assert answer.status_code == 422
    assert answer.json()["code"] == "key-reused"
    assert door.stored() == before


def test_a_key_belongs_to_whoever_used_it(door: Visitor) -> None:
    key = {"Idempotency-Key": door.new_key()}
    mine = door.ask(OFFICER, "report", REPORT, headers=key).json()
    theirs = door.ask(RESIDENT, "report", REPORT, headers=key).json()
    assert mine["incident_id"] != theirs["incident_id"]


def test_a_key_made_long_ago_opens_no_case(door: Visitor) -> None:
    made = f"{int((door.clock() - timedelta(hours=25)).timestamp() * 1000):012x}"
    stale = f"{made[:8]}-{made[8:]}-7000-8000-000000000000"
    answer = door.ask(OFFICER, "report", REPORT, headers={"Idempotency-Key": stale})
    assert answer.status_code == 409
    assert answer.json()["code"] == "key-stale"


def test_a_command_that_changes_nothing_leaves_its_key_unused(door: Visitor) -> None:
    case = door.case((*CALM, *HANDLING[1:]))
    key = {"Idempotency-Key": door.new_key()}
    assert door.ask(SECRETARY, "accept", {}, case, headers=key).json()["changed"] is False
    used = door.ask(SECRETARY, "escalate", {"to": "community"}, case, headers=key)
    assert used.status_code == 200
    assert used.json()["changed"] is True
