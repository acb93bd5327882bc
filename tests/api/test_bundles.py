"""GET /incidents/{id}/bundle: for staff in charge and auditors, once it is sealed, with keys of what they may read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import cast
from uuid import UUID

import httpx
import orjson
import pytest

from api.commands.sealing import in_turn
from api.field_keys import seen_in
from api.reading import Eyes, as_read
from api.settings import Settings
from domain.casework.recording import RecordedEvent
from projections.transparency.bundle_checking import Checked, check
from projections.transparency.bundle_reading import lines_of
from projections.transparency.bundles import read
from projections.transparency.notes import Verifier
from tests.api.visitor import Clock, Visitor, identity
from tests.histories import history, of_case
from tests.lives import CHECKED, HANDLING, OFFICER, REPORTED, RESIDENT
from tests.sealing import seal_beside
from tests.server import serving
from tests.stores import Store
from tests.transparency.operator import operator

AUDITOR = {"Bidao-Actor": "auditor-wang; role=auditor; scope=district-hecheng"}
STRANGER = {"Bidao-Actor": "officer-x; role=grid_officer; scope=grid-yunjian-3"}


@pytest.fixture(scope="module")
def settings(lasting_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return lasting_store.settings(tmp_path_factory.mktemp("service"))


@pytest.fixture(scope="module")
def door(settings: Settings) -> Iterator[Visitor]:
    clock = Clock()
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield Visitor(client, clock)


def asked(door: Visitor, case: str, who: dict[str, str] = AUDITOR, *, tag: str = '""') -> httpx.Response:
    return door.client.get(f"/api/v1/incidents/{case}/bundle", headers={**who, "If-None-Match": tag})


def checked(answer: httpx.Response, key: Verifier) -> Checked:
    assert answer.status_code == 200, answer.text
    return check(read(BytesIO(answer.content)), key)


def test_without_a_key_there_is_no_log(tmp_path: Path) -> None:
    settings = Store("sqlite").settings(tmp_path / "data")
    with serving(settings, Clock()) as url, httpx.Client(base_url=url, timeout=60) as client:
        door = Visitor(client, Clock())
        never = asked(door, door.case(REPORTED))
    assert (never.status_code, never.json()["code"]) == (409, "not-sealed")
    assert "没有启用封存" in never.json()["detail"]
    assert str(settings.data) not in never.text


def test_nothing_is_handed_out_before_it_is_sealed(door: Visitor, settings: Settings) -> None:
    case = door.case(HANDLING)
    seal_beside(settings)
    assert asked(door, case).status_code == 200
    with in_turn(settings):  # the service itself seals nothing meanwhile
        door.ask(OFFICER, "take-action", {"note": "再看看"}, case)
        since = asked(door, case)
    assert (since.status_code, since.headers["Retry-After"]) == (409, "1")
    assert "第4版还没有封存。请稍后再取。" in since.json()["detail"]


def test_whoever_is_in_charge_gets_a_file_that_holds(door: Visitor, settings: Settings) -> None:
    case = door.case(CHECKED)
    key = seal_beside(settings)
    for who in (identity("district-desk"), identity(OFFICER), AUDITOR):
        answer = asked(door, case, who)
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{case}.jsonl"'
        assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("private, no-cache", "Bidao-Actor")
        lines = lines_of(checked(answer, key))
        assert [line.event.label for line in lines if line] == ["反映", "受理立案", "到达现场", "办结", "核查通过"]
        again = asked(door, case, who, tag=answer.headers["ETag"])
        assert (again.status_code, again.content) == (304, b"")
    tag = asked(door, case).headers["ETag"]
    door.case(REPORTED)
    seal_beside(settings)  # as of a later checkpoint it is another file
    assert asked(door, case, tag=tag).status_code == 200


def test_residents_and_strangers_do_not(door: Visitor, settings: Settings) -> None:
    """The stored bytes name other residents by their ids, which are no secret among staff only."""
    case = door.case(CHECKED)
    seal_beside(settings)
    assert (asked(door, case, identity(RESIDENT)).status_code, asked(door, case, STRANGER).status_code) == (403, 404)
    assert asked(door, case, identity("s-somebody")).status_code == 404
    assert asked(door, "00000000-0000-8000-8000-000000000000").status_code == 404
    assert asked(door, case, {}).status_code == 401


def leaves(log: Path) -> Path:
    return next((log / "tile" / "0").rglob("[0-9]*.p/*"))


def overwritten(path: Path) -> None:
    path.write_bytes(bytes(len(path.read_bytes())))


def without_hand_over(log: Path) -> None:
    (log / "keys").write_bytes(b"\xff anything\n")


DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a tile is gone": (lambda log: leaves(log).unlink(), "日志缺了 tile/0/000"),
    "a tile is changed": (lambda log: overwritten(leaves(log)), "与封存时不同"),
    "the checkpoint is no note": (lambda log: overwritten(log / "checkpoint"), "不是签过名的文本"),
    "the keys are nobody's": (without_hand_over, "换钥声明"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_log_that_is_damaged_gives_no_bundle_and_no_proof(tmp_path: Path, damage: str) -> None:
    """It is said what is wrong; what does not need what is damaged is answered."""
    settings = Store("sqlite").settings(tmp_path / "data")
    inclusion = "/api/v1/audit/inclusion?event_position=1"
    with serving(settings, Clock()) as url, httpx.Client(base_url=url, timeout=60) as client:
        door = Visitor(client, Clock())
        case = door.case(HANDLING)
        seal_beside(settings)
        before = asked(door, case), client.get(inclusion, headers=AUDITOR)
        with in_turn(settings):
            damaged, said = DAMAGE[damage]
            damaged(settings.log_folder)
            after = asked(door, case), client.get(inclusion, headers=AUDITOR)
            assert client.get(f"/api/v1/incidents/{case}", headers=AUDITOR).status_code == 200
    assert [answer.status_code for answer in before] == [200, 200]
    for answer in after:
        assert (answer.status_code, answer.json()["code"]) == (409, "not-as-sealed"), answer.text
        assert said in answer.json()["detail"]
        assert str(tmp_path) not in answer.text


def lines_with(sensitive: str) -> Sequence[RecordedEvent]:
    """A case of a random history in which something is sensitive at that path."""
    files = operator(3).files
    for case in operator(3).cases:
        plain = [row for row in history(3) if of_case(row) and row.originator_id == case]
        lines = [cast(RecordedEvent, files.mapper.to_domain_event(row)) for row in plain]
        if orjson.loads(plain[0].state)["event"].get(sensitive):
            return lines
    raise LookupError(sensitive)


def test_keys_go_out_only_for_what_these_eyes_read() -> None:
    """Staff: all but what is sensitive; a resident: their own. Every sealed field is asked about."""
    lines = lines_with("on_behalf_of")
    rows = operator(3).files.store.select_case(UUID(lines[0].case_id))
    for eyes in (Eyes({}), Eyes({}, frozenset({"s-zeng"})), Eyes({}, frozenset())):
        seen = as_read(lines, eyes)
        readable = seen_in(lines, seen)
        assert readable(rows[0], "description")
        assert not readable(rows[0], "on_behalf_of.name")
        assert readable(rows[0], "reporter.phone") == eyes.theirs("s-zeng")
        assert not seen_in(lines[1:], seen[1:])(rows[0], "description")
