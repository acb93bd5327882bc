"""What a resident reads of a case: their own words, what is about them, what all it affects may know; no more."""

from __future__ import annotations

from typing import Any

import pytest

from api.reading import COVERED, Eyes, as_read
from domain.casework.recording import RecordedEvent
from domain.incident.commands import BY_NAME
from domain.incident.events import BY_TYPE
from domain.privacy import privacy_of
from domain.telling import tell
from tests.api.test_case_files import CHILD, file_of, path_of
from tests.api.visitor import REGISTRY, Visitor
from tests.lives import GIVEN, MET, OFFICER, PAID, REPORT, RESIDENT, SECRETARY
from tests.stored.fictional import line

NEIGHBOUR, UNKNOWN = "s-neighbour", "00000000-0000-8000-8000-000000000000"
SHARED = {
    "incident.reported": {"description", "address", "position"},
    "incident.rejected": {"reason"},
    "incident.resolved": {"outcome"},
    "incident.correction_granted": {"description"},
}
"""What every resident a case affects may read of what others wrote: the report, and the official answer to it."""
KNOWN = {**REGISTRY.names, "expert-yi": "易杰"}


def written_by(name: str, actor: str = OFFICER) -> RecordedEvent:
    invented = line(name)
    assert isinstance(invented, RecordedEvent)
    return invented.model_copy(update={"actor": actor})


def at(data: Any, path: str) -> list[str]:
    """Whatever stands at a path, within lists too, as text."""
    if isinstance(data, list):
        return [found for item in data for found in at(item, path)]
    step, _, rest = path.partition(".")
    if not rest or not isinstance(data, dict):
        found = data.get(step) if isinstance(data, dict) else data
        return [str(one) for one in (found if isinstance(found, list) else [found]) if one]
    return at(data.get(step) or {}, rest)


def read_by(eyes: Eyes, line: RecordedEvent) -> dict[str, Any]:
    [seen] = as_read([line], eyes)
    return seen.event.model_dump(mode="json", warnings=False)


@pytest.mark.parametrize("name", BY_TYPE)
def test_of_what_others_wrote_a_resident_reads_only_what_is_shared(name: str) -> None:
    stranger = Eyes(KNOWN, frozenset({NEIGHBOUR}))
    told = written_by(name)
    written, read = told.event.model_dump(mode="json"), read_by(stranger, told)
    personal = {path for path, level in privacy_of(type(told.event)).items() if level}
    open_to_all = {path for path in personal if path.partition(".")[0] in SHARED.get(name, ())}
    for path in personal - open_to_all:
        assert set(at(read, path)) <= {COVERED}, path
    for path in open_to_all:
        assert at(read, path) == at(written, path)


@pytest.mark.parametrize("name", BY_TYPE)
def test_no_other_persons_number_is_read(name: str) -> None:
    [seen] = as_read([written_by(name, actor="s-0009")], Eyes(KNOWN, frozenset({NEIGHBOUR})))
    assert "s-000" not in seen.event.model_dump_json(warnings=False)
    assert "s-000" not in tell(seen.event, KNOWN)
    assert seen.actor == COVERED


@pytest.mark.parametrize("name", BY_TYPE)
def test_ones_own_words_are_read_as_they_were_written(name: str) -> None:
    told = written_by(name, actor="s-0001")
    read = read_by(Eyes(KNOWN, frozenset({"s-0001"})), told)
    levels = privacy_of(type(told.event))
    for path in (path for path, level in levels.items() if level == "personal" and "on_behalf_of" not in path):
        assert at(read, path) == at(told.event.model_dump(mode="json"), path)


@pytest.mark.parametrize("name", BY_TYPE)
def test_staff_read_everything_but_what_is_sensitive(name: str) -> None:
    told = written_by(name)
    written, read = told.event.model_dump(mode="json"), read_by(Eyes(KNOWN), told)
    for path, level in privacy_of(type(told.event)).items():
        assert at(read, path) == at(written, path) or (level == "sensitive" and set(at(read, path)) == {COVERED})


def bring_to_result(door: Visitor, case: str) -> None:
    for command in ("arrive", "resolve"):
        assert door.ask(OFFICER, command, BY_NAME[command].example, case).is_success


def test_a_resident_reads_what_was_decided_and_not_what_others_said(door: Visitor) -> None:
    case = door.case((*MET, *PAID[2:], *GIVEN[2:]))
    assert door.ask(OFFICER, "resolve", {"outcome_code": "solved", "outcome": "已修好"}, case).is_success
    for then in ("", "/history"):
        told = door.read(path_of(case, then), RESIDENT).text
        assert "已修好" in told
        assert REPORT["description"] in told
        for others in ("改门业主", "恢复原门", "党员中心户", "疏通修复", "化粪池维修费"):
            assert others not in told, then
    file = file_of(door, case, actor=RESIDENT)
    assert (file["money"]["paid"], file["money"]["contributed"]) == (80000, 10000)
    assert file["meetings"][0]["failed"] is False


def test_one_affected_resident_does_not_read_the_others_answer(door: Visitor) -> None:
    old = {"subject": "s-old-2", "name": "老人"}
    case = door.report(on_behalf_of=old).json()["incident_id"]
    bring_to_result(door, case)
    for person, note in ((RESIDENT, "来得快"), ("s-old-2", "腿还疼着")):
        said = {"person": person, "answer": "satisfied", "note": note}
        assert door.ask(person, "follow-up", said, case).is_success
    notes = {
        reader: [(note["person"], note["note"]) for note in file_of(door, case, actor=reader)["follow_ups"]]
        for reader in (RESIDENT, "s-old-2", "district-desk")
    }
    mine, others, all_of_it = notes.values()
    assert mine == [(RESIDENT, "来得快"), (COVERED, COVERED)]
    assert others == [(COVERED, COVERED), ("s-old-2", "腿还疼着")]
    assert all_of_it == [(RESIDENT, "来得快"), ("s-old-2", "腿还疼着")]
    actors = [line["actor"] for line in door.read(path_of(case, "/history"), "s-old-2").json()["events"]]
    assert RESIDENT not in actors


def test_a_guardian_reads_what_was_said_for_the_child(door: Visitor) -> None:
    case = door.report(on_behalf_of=CHILD).json()["incident_id"]
    bring_to_result(door, case)
    said = {"person": "s-child", "answer": "unsatisfied", "note": "孩子还怕"}
    assert door.ask("s-mother", "follow-up", said, case).is_success
    [note] = file_of(door, case, actor="s-mother")["follow_ups"]
    assert (note["person"], note["note"]) == ("s-child", "孩子还怕")


def test_ones_own_evidence_keeps_its_caption(door: Visitor) -> None:
    case = door.report().json()["incident_id"]
    for actor, caption in ((RESIDENT, "我拍的"), (OFFICER, "网格员拍的")):
        body = {"digest": "0" * 64, "media_type": "image/jpeg", "size": 1, "caption": caption}
        assert door.ask(actor, "add-evidence", body, case).is_success
    shown = [one["caption"] for one in file_of(door, case, actor=RESIDENT)["evidence"]]
    assert shown == ["我拍的", COVERED]


def test_a_resident_cannot_be_called_like_staff(door: Visitor) -> None:
    """The registry's word for an id stands before whatever a report says of it."""
    person = {"subject": SECRETARY, "name": "冒名的人"}
    refused = door.report(reporter=person)
    assert (refused.status_code, refused.json()["rule"]) == (409, "person-not-registered")


@pytest.mark.parametrize("command", ["withdraw", "follow-up", "add-evidence", "accept"])
def test_asking_tells_a_stranger_no_more_than_reading(door: Visitor, command: str) -> None:
    case = door.report().json()["incident_id"]
    assert door.ask(OFFICER, "arrive", {}, case).is_success
    for version in ('"1"', "*"):
        body, seen = BY_NAME[command].example, {"If-Match": version}
        there, nowhere = (door.ask("s-curious", command, body, id, seen) for id in (case, UNKNOWN))
        assert (there.status_code, there.json()) == (404, nowhere.json())
