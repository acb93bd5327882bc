"""重演 over HTTP: who may read it, what it says, and that a case printed carries what proves it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.test_case_files import CHILD, path_of
from tests.api.visitor import Visitor, identity
from tests.lives import CHECKED, LIVES, OFFICER, RESIDENT, SECRETARY

READINGS = ("known", "corrected")
PAGES = ("/replay", "/replay.html")
OUTSIDER = {"Bidao-Actor": "officer-zhang; role=grid_officer; scope=grid-yunjian-3"}


def replay_of(door: Visitor, case: str, query: str = "") -> dict[str, Any]:
    answer = door.read(path_of(case, f"/replay{query}"), "auditor-wang")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def corrected(door: Visitor) -> str:
    """A hardship that was first filed as something else, and corrected as its third line."""
    case: str = door.report(kind="ordinary", urgency=4).json()["incident_id"]
    wrong = {"kind": "hardship", "description": "床头墙面裂缝", "reason": "现场核实"}
    for who, command, body in ((OFFICER, "request-correction", wrong), (SECRETARY, "grant-correction", {})):
        door.clock.forward(0.1)
        assert door.ask(who, command, body, case).is_success
    return case


def test_each_step_says_who_when_what_changed_by_which_rule_and_the_clocks(door: Visitor) -> None:
    case = door.case(CHECKED)
    told = replay_of(door, case)
    history = door.read(path_of(case, "/history")).json()["events"]
    assert (told["incident_id"], told["version"], told["reading"]) == (case, 5, "known")
    for step, line in zip(told["steps"], history, strict=True):
        same = step.keys() & line.keys() - {"rules"}
        assert {name: step[name] for name in same} == {name: line[name] for name in same}
        assert [rule["rule"] for rule in step["rules"]] == line["rules"]
    resolved = told["steps"][3]
    changes = {one["field"]: (one["before"], one["after"], one["after_said"]) for one in resolved["changes"]}
    assert changes["stage"] == ("handling", "resolved", "待核查")
    assert resolved["rules"][0] == {"rule": "must-attend-first", "sentence": "三必到事件须先到现场，方可办结。"}
    assert resolved["allowed"] == "“办结”可以在处置中时办；当时是处置中。"
    handle, check = resolved["clocks"]
    assert (handle["label"], handle["light_label"], handle["left"][:4]) == ("处置", "绿灯", "停住，还")
    assert (check["label"], check["stopped_at"], check["left"]) == ("核查", None, "还剩1小时")


def test_no_rule_is_told_with_a_blank_left_in_its_sentence(door: Visitor) -> None:
    rules = [rule for step in replay_of(door, door.case(LIVES["archive"]))["steps"] for rule in step["rules"]]
    assert [rule for rule in rules if "{" in rule["sentence"]] == []
    assert any("…" in rule["sentence"] for rule in rules)


@pytest.mark.parametrize("command", LIVES)
def test_a_life_with_any_command_can_be_replayed_and_printed_both_ways(door: Visitor, command: str) -> None:
    case = door.case(LIVES[command])
    for how in READINGS:
        steps = replay_of(door, case, f"?as={how}")["steps"]
        assert all(step["changes"] or step["note"] for step in steps)
        page = door.read(path_of(case, f"/replay.html?as={how}"), "auditor-wang")
        assert (page.status_code, page.text.count('<section class="step"')) == (200, len(steps))


def test_as_known_then_and_as_corrected_since(door: Visitor) -> None:
    case = corrected(door)
    first = {how: replay_of(door, case, f"?as={how}")["steps"][0]["changes"] for how in READINGS}
    known, since = ({one["field"]: one for one in first[how]} for how in READINGS)
    kind, told = known["standing/kind"], since["standing/kind"]
    assert (kind["after"], kind["corrected_by"], kind["recorded"]) == ("ordinary", None, None)
    assert (told["after"], told["corrected_by"], told["recorded_said"]) == ("hardship", 3, "一般事件")
    assert since["description"]["after_said"] == "床头墙面裂缝"
    assert since["standing/urgency"]["corrected_by"] is None
    assert replay_of(door, case, "?as=corrected")["steps"][2]["corrects"] == [1]
    page = door.read(path_of(case, "/replay.html?as=corrected"), "auditor-wang").text
    assert "<mark>更正</mark> <small>第3步更正，当时所记：一般事件</small>" in page
    assert "<mark>更正</mark>" not in door.read(path_of(case, "/replay.html"), "auditor-wang").text


def test_a_step_entered_later_says_by_which_time_it_counts(door: Visitor) -> None:
    case = door.report().json()["incident_id"]
    door.clock.forward(1)
    early = (door.clock() - timedelta(minutes=10)).isoformat()
    assert door.ask(OFFICER, "arrive", {"occurred_at": early}, case).is_success
    door.clock.forward(2)
    late = (door.clock() - timedelta(minutes=50)).isoformat()
    assert door.ask(OFFICER, "take-action", {"note": "清理", "occurred_at": late}, case).is_success
    steps = replay_of(door, case)["steps"]
    assert [step["timing"][-7:] for step in steps] == ["", "按办理的时间计", "按办理的时间计", "按记入的时间计"]


def test_it_can_be_read_as_of_a_version_or_a_moment(door: Visitor) -> None:
    case = corrected(door)
    before = replay_of(door, case, "?as_of_version=2&as=corrected")
    assert (before["version"], len(before["steps"])) == (2, 2)
    assert [one for step in before["steps"] for one in step["changes"] if one["corrected_by"]] == []
    assert before["steps"] == replay_of(door, case, "?as=known&as_of_version=2")["steps"]


@pytest.mark.parametrize("page", PAGES)
def test_staff_in_charge_and_auditors_read_it_and_nobody_else(door: Visitor, page: str) -> None:
    case = door.case(CHECKED)
    assert [door.read(path_of(case, page), who).status_code for who in (OFFICER, SECRETARY, "auditor-wang")] == [
        200
    ] * 3
    assert door.client.get(path_of(case, page), headers=OUTSIDER).status_code == 404
    assert door.read(path_of(case, page), "s-curious").status_code == 404
    own = door.read(path_of(case, page), RESIDENT)
    assert (own.status_code, own.json()["code"]) == (403, "forbidden")
    assert door.read(path_of("00000000-0000-8000-8000-000000000000", page)).status_code == 404
    assert door.read(path_of(case, f"{page}?as=guessed")).status_code == 422


@pytest.mark.parametrize("page", PAGES)
def test_what_is_sensitive_stays_covered(door: Visitor, page: str) -> None:
    case = door.report(on_behalf_of=CHILD).json()["incident_id"]
    spot = {"longitude": 109.977, "latitude": 27.553, "crs": "gcj02"}
    assert door.ask(OFFICER, "arrive", {"position": spot}, case).is_success
    said = door.read(path_of(case, page), "auditor-wang").text
    assert "代：***" in said
    assert not [secret for secret in ("小名", "109.977", "27.553", "13900000000", "13800000000") if secret in said]


@pytest.mark.parametrize("page", PAGES)
def test_what_has_not_changed_is_not_sent_again(door: Visitor, page: str) -> None:
    case = corrected(door)
    seen = door.read(path_of(case, page))
    again = door.read(path_of(case, page), **{"If-None-Match": seen.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert door.read(path_of(case, f"{page}?as=corrected")).headers["ETag"] != seen.headers["ETag"]
    assert seen.headers["Cache-Control"] == "private, no-cache"


def test_a_page_needs_nothing_from_elsewhere_and_runs_nothing_whatever_is_written_in_it(door: Visitor) -> None:
    nasty = "</style><script>alert(1)</script><img src=x onerror=alert(1)>"
    case = door.report(description=nasty).json()["incident_id"]
    page = door.client.get(path_of(case, "/replay.html"), headers=identity("auditor-wang"))
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert page.text.count("</style>") == 1
    assert "&lt;script&gt;" in page.text


def test_where_nothing_is_sealed_it_says_so(door: Visitor) -> None:
    case = corrected(door)
    told = replay_of(door, case)
    assert (told["proof"], told["unproved"]) == (None, "这里还没有封存，无从证明。")
    assert "这里还没有封存，无从证明。" in door.read(path_of(case, "/replay.html")).text
