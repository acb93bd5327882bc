"""时限表与日历 over HTTP: what holds, what may be seen before it is done, and what then becomes of open cases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.books import AdoptRuleTable, PublishCalendar
from domain.casework.books import RULES
from tests.api.visitor import Clock, Visitor
from tests.server import serving
from tests.stores import Store

YEAR_END = datetime(2026, 12, 28, 2, 0, tzinfo=UTC)
"""A Monday from which no fifteen working days are published yet."""
CN_2027 = {"version": "cn-2027", "years": [2027], "holidays": ["2027-01-01"]}
TABLE = {**json.loads(RULES.model_dump_json(exclude={"valid_from"})), "version": "rules-stricter", "returns": 1}


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Iterator[Visitor]:
    """A service of one's own at the end of a year; the watch is asleep, so that nothing happens by itself."""
    clock = Clock(YEAR_END)
    with serving(store.settings(tmp_path), clock) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield Visitor(client, clock)


def versions(desk: Visitor, books: str) -> tuple[str, list[str]]:
    told = desk.read(f"/api/v1/books/{books}").json()
    return told["in_force"], [version["version"] for version in told["versions"]]


def open_case(desk: Visitor, urgency: int) -> str:
    case: str = desk.report(kind="ordinary", urgency=urgency).json()["incident_id"]
    accepted = desk.ask("district-desk", "accept", {}, case)
    assert accepted.is_success, accepted.text
    return case


def test_both_books_are_told_with_what_is_in_force(desk: Visitor) -> None:
    assert versions(desk, "rule-tables") == (RULES.version, [RULES.version])
    assert versions(desk, "calendars") == ("cn-2026", ["cn-2026"])
    calendar = desk.read("/api/v1/books/calendars").json()["versions"][0]
    assert calendar["years"][-1] == 2026
    assert "2026-02-14" in calendar["made_up"]
    assert calendar["holidays"] == sorted(calendar["holidays"])


@pytest.mark.parametrize("books", ["rule-tables", "calendars"])
def test_what_did_not_change_is_not_sent_again(desk: Visitor, books: str) -> None:
    path = f"/api/v1/books/{books}"
    tag = desk.read(path).headers["ETag"]
    assert desk.read(path, **{"If-None-Match": tag}).status_code == 304
    assert desk.enact("books", "publish-calendar", CN_2027).is_success
    assert desk.read(path, **{"If-None-Match": tag}).status_code == 200


def test_a_new_table_is_in_force_for_new_cases(desk: Visitor) -> None:
    answer = desk.enact("books", "adopt-rule-table", {"table": TABLE}, key="k")
    told = {name: answer.json()[name] for name in ("version", "position", "changed")}
    assert told == {"version": 3, "position": desk.stored(), "changed": True}
    assert answer.headers["ETag"] == '"3"'
    assert versions(desk, "rule-tables") == ("rules-stricter", [RULES.version, "rules-stricter"])
    assert desk.enact("books", "adopt-rule-table", {"table": TABLE}, key="k").json() == answer.json()
    assert desk.enact("books", "adopt-rule-table", {"table": TABLE}).json()["changed"] is False


def test_a_dry_run_tells_the_due_times_that_open_cases_would_get(desk: Visitor) -> None:
    waiting, _settled = open_case(desk, 4), open_case(desk, 2)
    before = desk.stored()
    told = desk.enact("books", "publish-calendar", CN_2027, dry_run=True).json()
    assert told["changed"]
    assert told["would"] == ["发布2027年工作日历cn-2027，自2026-12-28 10:00起适用"]
    effects: dict[str, Any] = told["effects"]
    assert (effects["determined"], effects["unchanged"]) == (1, 1)
    [due] = effects["due_times"]
    assert (due["incident_id"], due["clock"]) == (waiting, "handle")
    assert (desk.stored(), versions(desk, "calendars")) == (before, ("cn-2026", ["cn-2026"]))


def test_what_the_dry_run_told_is_what_then_happens(desk: Visitor) -> None:
    waiting = open_case(desk, 4)
    [due] = desk.enact("books", "publish-calendar", CN_2027, dry_run=True).json()["effects"]["due_times"]
    assert desk.enact("books", "publish-calendar", CN_2027).json()["changed"]
    system = {"Bidao-Actor": "admin-1; role=admin; scope=district-hecheng"}
    receipt = desk.ask("district-desk", "determine-deadlines", {}, waiting, headers=system)
    assert receipt.is_success, receipt.text
    found = desk.read(f"/api/v1/incidents?after={receipt.json()['position']}").json()["items"]
    assert datetime.fromisoformat(found[0]["handle_due_at"]) == datetime.fromisoformat(due["due_at"])
    again = desk.enact("books", "publish-calendar", CN_2027, dry_run=True).json()
    assert again == {**again, "changed": False, "count": 0, "would": []}
    assert again["effects"]["determined"] == 0


def test_a_new_table_changes_no_open_case(desk: Visitor) -> None:
    open_case(desk, 4)
    effects = desk.enact("books", "adopt-rule-table", {"table": TABLE}, dry_run=True).json()["effects"]
    assert effects == {"determined": 0, "due_times": [], "unchanged": 1}


@pytest.mark.parametrize(
    ("actor", "status", "rule"), [("s-zeng", 409, "keeper-only"), ("secretary-yunjian", 409, "keeper-only")]
)
def test_only_keepers_write(desk: Visitor, actor: str, status: int, rule: str) -> None:
    answer = desk.enact("books", "publish-calendar", CN_2027, actor)
    assert (answer.status_code, answer.json()["rule"]) == (status, rule)


@pytest.mark.parametrize(
    ("command", "body", "pointer"),
    [
        ("adopt-rule-table", {"table": {**TABLE, "yellow": 1.2}}, "#/table/yellow"),
        (
            "adopt-rule-table",
            {"table": {**TABLE, "accept": {"kind": "work_hours", "amount": 0}}},
            "#/table/accept/amount",
        ),
        ("publish-calendar", {**CN_2027, "years": []}, "#/years"),
    ],
)
def test_what_makes_no_sense_is_told_where(desk: Visitor, command: str, body: object, pointer: str) -> None:
    answer = desk.enact("books", command, body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("command", [AdoptRuleTable, PublishCalendar])
def test_the_examples_are_granted(desk: Visitor, command: type[AdoptRuleTable | PublishCalendar]) -> None:
    assert desk.enact("books", command.name, command.example).json()["changed"]
