"""值班表 over HTTP: whoever answers for a place says who is on duty there, and everybody sees what is uncovered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.visitor import Visitor, identity

NODE, STAFF = "community-yunjian", "secretary-yunjian"


def shift(door: Visitor, **changes: Any) -> dict[str, Any]:
    """Tonight, from six to eight in the morning."""
    starts = door.clock.now + timedelta(hours=8)
    said = {
        "node": NODE,
        "staff": STAFF,
        "starts": starts.isoformat(),
        "ends": (starts + timedelta(hours=14)).isoformat(),
    }
    return {**said, **changes}


def duty_at(door: Visitor, at: str, territory: str = NODE, actor: str = "district-desk") -> dict[str, Any]:
    answer = door.client.get("/api/v1/duty", params={"at": at, "territory": territory}, headers=identity(actor))
    assert answer.is_success, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture
def tonight(door: Visitor) -> dict[str, Any]:
    door.clock.forward(48)  # no shift of another test is in the way
    return shift(door)


def test_whoever_is_assigned_is_on_duty_for_the_place_and_all_below(door: Visitor, tonight: dict[str, Any]) -> None:
    assert duty_at(door, tonight["starts"])["uncovered"] == 2
    assert door.enact("duty", "assign-shifts", {"shifts": [tonight]}, STAFF).json()["changed"]
    told = duty_at(door, tonight["starts"])
    assert [(node["node"], node["by"], node["uncovered"]) for node in told["nodes"]] == [
        (NODE, NODE, False),
        ("grid-yunjian-3", NODE, False),
    ]
    assert told["nodes"][1]["on_duty"][0]["staff"] == STAFF
    assert duty_at(door, tonight["ends"])["uncovered"] == 2


def test_a_cancelled_shift_leaves_the_place_uncovered(door: Visitor, tonight: dict[str, Any]) -> None:
    door.enact("duty", "assign-shifts", {"shifts": [tonight]})
    cancelled = {"staff": STAFF, "starts": tonight["starts"], "reason": "请假"}
    assert door.enact("duty", "cancel-shift", cancelled, dry_run=True).json()["would"]
    assert duty_at(door, tonight["starts"])["uncovered"] == 0
    assert door.enact("duty", "cancel-shift", cancelled).json()["changed"]
    assert duty_at(door, tonight["starts"])["uncovered"] == 2


def test_one_bad_shift_and_none_is_assigned(door: Visitor, tonight: dict[str, Any]) -> None:
    before = door.stored()
    answer = door.enact("duty", "assign-shifts", {"shifts": [tonight, {**tonight, "staff": "nobody"}]})
    assert (answer.status_code, answer.json()["rule"]) == (409, "shift-staff")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/shifts/1"]
    assert door.stored() == before


def test_a_community_assigns_for_itself_only(door: Visitor, tonight: dict[str, Any]) -> None:
    answer = door.enact("duty", "assign-shifts", {"shifts": [tonight]}, "secretary-huafeng")
    assert answer.json()["rule"] == "shift-own-node"


def test_nobody_sees_beyond_their_own_part(door: Visitor) -> None:
    asked = {"territory": "community-huafeng"}
    assert door.client.get("/api/v1/duty", params=asked, headers=identity(STAFF)).status_code == 422
    assert door.client.get("/api/v1/duty", headers=identity("s-zeng")).status_code == 403
    own = door.client.get("/api/v1/duty", headers=identity(STAFF)).json()
    assert {node["node"] for node in own["nodes"]} == {NODE, "grid-yunjian-3"}


@pytest.mark.parametrize("at", ["1767225600", "2026-03-02T09:00:00"])
def test_a_moment_is_written_out_with_its_zone(door: Visitor, at: str) -> None:
    assert door.read(f"/api/v1/duty?at={at}").status_code == 422


def test_what_did_not_change_is_not_sent_again(door: Visitor) -> None:
    tag = door.read("/api/v1/duty").headers["ETag"]
    assert door.read("/api/v1/duty", **{"If-None-Match": tag}).status_code == 304
