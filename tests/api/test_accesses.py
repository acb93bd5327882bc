"""查阅留痕 over HTTP: who may read what is sensitive, that it is recorded, and who may know of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.test_case_files import path_of
from tests.api.visitor import Visitor
from tests.lives import OFFICER, REPORT, REPORTED, RESIDENT

AUDITOR, ELSEWHERE, GUARDIAN, SUBJECT, NAME = "auditor-wang", "officer-zhang", "s-mother", "s-child", "小名"
CHILD = {"subject": SUBJECT, "name": NAME, "guardian": {"subject": GUARDIAN, "name": "母亲"}}
HANDLING = {"purpose": "handling", "words": "上门前核对"}


def child(door: Visitor) -> str:
    case: str = door.report(on_behalf_of=CHILD).json()["incident_id"]
    return case


def accesses(door: Visitor, case: str, reader: str) -> list[dict[str, Any]]:
    answer = door.read(path_of(case, "/accesses"), reader)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_what_is_read_is_answered_with_a_receipt_and_kept_by_nobody_between(door: Visitor) -> None:
    case = child(door)
    before = door.read(path_of(case)).headers["ETag"]
    answer = door.ask(OFFICER, "reveal", HANDLING, case)
    told = answer.json()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert told["position"] == door.stored()
    assert told["leaf_hash"]
    assert [(field["field"], field["subject"], field["value"]) for field in told["fields"]] == [
        ("on_behalf_of.name", SUBJECT, NAME)
    ]
    assert answer.headers["ETag"] == door.read(path_of(case)).headers["ETag"] == before


def test_reading_stays_covered_and_writes_nothing(door: Visitor) -> None:
    case = child(door)
    assert door.ask(OFFICER, "reveal", HANDLING, case).is_success
    before = door.stored()
    for reader in (OFFICER, AUDITOR, RESIDENT, GUARDIAN):
        for then in ("", "/history"):
            assert NAME not in door.read(path_of(case, then), reader).text, (reader, then)
    for reader in (AUDITOR, GUARDIAN):
        assert NAME not in str(accesses(door, case, reader))
    assert door.stored() == before


def test_the_views_take_it_in_and_stay_as_they_are(door: Visitor) -> None:
    case = child(door)
    before = door.read(f"/api/v1/incidents?after={door.stored()}").json()
    position = door.ask(OFFICER, "reveal", HANDLING, case).json()["position"]
    after = door.read(f"/api/v1/incidents?after={position}")
    assert (after.status_code, after.json()["items"]) == (200, before["items"])


def test_auditors_know_of_all_and_a_resident_of_their_own(door: Visitor) -> None:
    case = child(door)
    for reader in (OFFICER, AUDITOR):
        assert door.ask(reader, "reveal", HANDLING, case).is_success
    everyone = accesses(door, case, AUDITOR)
    assert [(one["actor"], one["actor_name"], one["subject"], one["purpose"]) for one in everyone] == [
        (OFFICER, "葛岳辉", SUBJECT, "handling"),
        (AUDITOR, "王审计", SUBJECT, "handling"),
    ]
    assert accesses(door, case, GUARDIAN) == everyone
    assert accesses(door, case, RESIDENT) == [], "who reported it for another's child"
    assert door.read(path_of(case, "/accesses"), OFFICER).status_code == 403
    for stranger in ("s-curious", ELSEWHERE):
        assert door.read(path_of(case, "/accesses"), stranger).status_code == 404


def refused(answer: httpx.Response) -> tuple[int, str | None]:
    told = answer.json()
    assert NAME not in answer.text
    return answer.status_code, told.get("rule") or told["code"]


@pytest.mark.parametrize(
    ("actor", "body", "headers", "told"),
    [
        (OFFICER, {}, {}, (409, "access-purpose")),
        (OFFICER, {"purpose": None}, {}, (409, "access-purpose")),
        (OFFICER, {"purpose": "other"}, {}, (409, "access-purpose")),
        (OFFICER, {"purpose": "curiosity"}, {}, (422, "invalid")),
        (OFFICER, {**HANDLING, "fields": "all"}, {}, (422, "invalid")),
        (OFFICER, HANDLING, {"Idempotency-Key": None}, (400, "idempotency-key-required")),
        (ELSEWHERE, HANDLING, {}, (404, "not-found")),
        ("s-curious", HANDLING, {}, (404, "not-found")),
        (RESIDENT, HANDLING, {}, (409, "keeper-only")),
        (GUARDIAN, HANDLING, {}, (409, "keeper-only")),
    ],
)
def test_whoever_may_not_is_shown_nothing_and_nothing_is_written(
    door: Visitor, actor: str, body: dict[str, Any], headers: dict[str, str | None], told: tuple[int, str]
) -> None:
    case = child(door)
    before = door.stored()
    assert refused(door.ask(actor, "reveal", body, case, headers)) == told
    assert door.stored() == before


def test_where_nothing_is_sensitive_nothing_is_recorded(door: Visitor) -> None:
    case = door.case(REPORTED)
    assert REPORT["reporter"]["name"]  # personal, and no secret to whoever is in charge
    assert refused(door.ask(OFFICER, "reveal", HANDLING, case)) == (409, "access-nothing")
    assert accesses(door, case, AUDITOR) == []


def test_the_same_key_is_recorded_once(door: Visitor) -> None:
    case, key = child(door), {"Idempotency-Key": door.new_key()}
    first, again = (door.ask(OFFICER, "reveal", HANDLING, case, key) for _ in range(2))
    assert again.json() == first.json()
    assert len(accesses(door, case, AUDITOR)) == 1
    assert refused(door.ask(OFFICER, "reveal", {"purpose": "checking"}, case, key)) == (422, "key-reused")
