"""材料文件 over HTTP: what is handed in is found out, sealed, and given out to whom it concerns; nothing else is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from time import time
from typing import Any
from uuid import UUID

import httpx
import pytest
from PIL import Image
from typer.testing import CliRunner

from api.__main__ import app
from api.opening import open_case_files
from api.settings import Settings
from domain.casework.evidence_files import EvidenceFiles
from tests.api.test_case_files import file_of, path_of
from tests.api.visitor import Clock, Visitor
from tests.backup.operating import environment
from tests.lives import LIVES, OFFICER, RESIDENT
from tests.photographs import MINUTES, PLACE, WORDS, commented, many_scans, photograph
from tests.server import serving
from tests.stores import Store

AUDITOR, ELSEWHERE = "auditor-wang", "officer-zhang"
HANDLING = {"purpose": "handling", "words": "核对拍摄地点"}
LIMIT = 300_000
BOMB = 12_000
"""Pixels of a side: far more than the file has bytes."""


@dataclass
class Desk:
    """A service of its own, and where it keeps its files."""

    visitor: Visitor
    settings: Settings

    def hand_in(self, actor: str, case: str, content: bytes, **asked: Any) -> httpx.Response:
        """One upload; `named` is what the file is called, `headers` and `data` as of the client."""
        file = {"file": (asked.pop("named", "a.jpg"), content, "text/plain")}
        return self.visitor.ask(actor, "evidence", case=case, files=file, **asked)

    def given(self, case: str, version: int, reader: str = OFFICER) -> httpx.Response:
        return self.visitor.read(path_of(case, f"/evidence/{version}"), reader)

    @property
    def kept(self) -> list[str]:
        return list(EvidenceFiles(self.settings.evidence_folder).addresses())

    def run(self, *arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, [*arguments, "--data", str(self.settings.data)], env=environment(self.settings))
        return done.exit_code, done.output.strip()


@pytest.fixture
def desk(lasting_store: Store, tmp_path: Path) -> Iterator[Desk]:
    settings, clock = lasting_store.settings(tmp_path / "data", evidence_limit=LIMIT), Clock()
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield Desk(Visitor(client, clock), settings)


@pytest.fixture
def case(desk: Desk) -> str:
    reported: str = desk.visitor.report().json()["incident_id"]
    return reported


@pytest.mark.parametrize(("form", "kind"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_a_photograph_is_looked_at_without_where_it_was_taken(desk: Desk, case: str, form: str, kind: str) -> None:
    content = photograph(form, (2400, 1600))
    answer = desk.hand_in(OFFICER, case, content, data={"caption": "修复后的盖板"}, named="minutes.pdf")
    told = answer.json()
    assert answer.status_code == 200, answer.text
    assert (told["digest"], told["size"]) == (sha256(content).hexdigest(), len(content))
    assert (told["media_type"], told["positioned"], told["changed"]) == (kind, True, True)
    assert told["leaf_hash"]
    [note] = file_of(desk.visitor, case)["evidence"]
    assert (note["caption"], note["there"], note["positioned"]) == ("修复后的盖板", True, True)
    shown = desk.given(case, note["version"])
    assert shown.headers["Content-Type"] == "image/jpeg"
    assert shown.headers["Cache-Control"] == "private, no-store"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    with Image.open(BytesIO(shown.content)) as image:
        assert not image.getexif(), "nothing beside the picture"
        assert image.size == (1365, 2048), "upright, and no larger than is looked at"
    assert WORDS.encode() in content
    assert WORDS.encode() not in shown.content


def test_the_original_is_given_for_a_purpose_that_is_recorded(desk: Desk, case: str) -> None:
    content = photograph()
    version = desk.hand_in(OFFICER, case, content).json()["version"]
    refused = desk.visitor.ask(OFFICER, f"evidence/{version}/original", {}, case)
    assert (refused.status_code, refused.json()["rule"]) == (409, "access-purpose")
    original = desk.visitor.ask(OFFICER, f"evidence/{version}/original", HANDLING, case)
    assert (original.status_code, original.content) == (200, content)
    assert original.headers["Cache-Control"] == "private, no-store"
    [access] = desk.visitor.read(path_of(case, "/accesses"), AUDITOR).json()["items"]
    assert (access["actor"], access["words"]) == (OFFICER, HANDLING["words"])
    assert access["fields"] == [{"version": version, "field": "file"}]


def test_where_it_was_taken_is_sensitive(desk: Desk, case: str) -> None:
    version = desk.hand_in(OFFICER, case, photograph()).json()["version"]
    for then in ("", "/history", "/replay"):
        assert str(PLACE[0]) not in desk.visitor.read(path_of(case, then)).text
    fields = desk.visitor.ask(OFFICER, "reveal", HANDLING, case).json()["fields"]
    [position] = [one["value"] for one in fields if (one["version"], one["field"]) == (version, "position")]
    assert (position["longitude"], position["latitude"], position["crs"]) == (*PLACE, "wgs84")
    assert not desk.hand_in(OFFICER, case, photograph(located=False)).json()["positioned"]


def test_minutes_come_back_as_they_were(desk: Desk, case: str) -> None:
    told = desk.hand_in(OFFICER, case, MINUTES, named="photo.jpg").json()
    shown = desk.given(case, told["version"])
    assert (told["media_type"], shown.headers["Content-Type"]) == ("application/pdf", "application/pdf")
    assert shown.content == MINUTES
    assert "sandbox" in shown.headers["Content-Security-Policy"]


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_words_beside_a_photograph_are_not_in_what_is_looked_at(desk: Desk, case: str, form: str) -> None:
    content = commented(form)
    version = desk.hand_in(OFFICER, case, content).json()["version"]
    assert WORDS.encode() in content
    assert WORDS.encode() not in desk.given(case, version).content


def test_a_pdf_with_a_photograph_as_cameras_write_it_is_given_for_a_purpose(desk: Desk, case: str) -> None:
    content = MINUTES[:9] + photograph(size=(60, 40)) + MINUTES[9:]
    version = desk.hand_in(OFFICER, case, content).json()["version"]
    assert desk.given(case, version).status_code == 403
    original = desk.visitor.ask(OFFICER, f"evidence/{version}/original", HANDLING, case)
    assert (original.status_code, original.content) == (200, content)


def test_a_key_under_which_a_file_was_only_registered_keeps_none(desk: Desk, case: str) -> None:
    key = {"Idempotency-Key": desk.visitor.new_key()}
    body = {"digest": sha256(MINUTES).hexdigest(), "media_type": "application/pdf", "size": len(MINUTES)}
    assert desk.visitor.ask(OFFICER, "add-evidence", body, case, headers=key).is_success
    answer = desk.hand_in(OFFICER, case, MINUTES, headers=key)
    assert (answer.status_code, answer.json()["code"], desk.kept) == (422, "key-reused", [])


def test_of_many_uploads_at_once_some_are_asked_to_come_again(
    desk: Desk, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.uploads.MOST", 0)
    answer = desk.hand_in(OFFICER, case, MINUTES)
    assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")
    assert answer.headers["Retry-After"]


def test_a_full_disk_is_said_so(desk: Desk, case: str) -> None:
    folder = desk.settings.evidence_folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_bytes(b"in the way")
    answer = desk.hand_in(OFFICER, case, MINUTES)
    assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def bomb() -> bytes:
    written = BytesIO()
    Image.new("1", (BOMB, BOMB)).save(written, "PNG")
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "asked", "status"),
    [
        (b"<html><script>alert(1)</script></html>", {}, 422),
        (b"\x00\x00\x00\x18ftypheic" + bytes(200), {}, 422),
        (cut(photograph()), {}, 422),
        (cut(photograph("PNG")), {}, 422),
        (cut(MINUTES), {}, 422),
        (bomb(), {}, 422),
        (many_scans(), {}, 422),
        (b"GIF89a" + bytes(50), {}, 422),
        (b"", {}, 422),
        (photograph(), {"data": {"digest": "0" * 64}}, 422),
        (photograph(), {"data": {"size": "1"}}, 422),
        (photograph(), {"data": {"occurred_at": "yesterday"}}, 422),
        (photograph(), {"data": {"caption": "长" * 2001}}, 422),
        (photograph(), {"data": {"caption": "长" * 20_000}}, 400),
        (MINUTES + bytes(LIMIT) + MINUTES, {}, 413),
        (MINUTES + bytes(2 * LIMIT), {}, 413),
        (photograph(), {"headers": {"Idempotency-Key": None}}, 400),
        (MINUTES, {"headers": {"Content-Type": "multipart/form-data; boundary=x; charset=undefined"}}, 400),
    ],
    ids=[
        *("web page", "heic", "cut JPEG", "cut PNG", "cut PDF", "bomb", "scans", "gif", "empty", "wrong digest"),
        *("unknown part", "no time", "long", "very long", "too large", "much too large", "no key", "odd charset"),
    ],
)
def test_what_is_refused_leaves_nothing(
    desk: Desk, case: str, content: bytes, asked: dict[str, Any], status: int
) -> None:
    before = desk.visitor.stored()
    answer = desk.hand_in(OFFICER, case, content, **asked)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (desk.visitor.stored(), desk.kept) == (before, [])


@pytest.mark.parametrize("sent", [{"json": {"caption": "x"}}, {"data": {"caption": "x"}}, {"files": {"other": b"x"}}])
def test_without_a_file_nothing_is_taken_in(desk: Desk, case: str, sent: dict[str, Any]) -> None:
    answer = desk.visitor.ask(OFFICER, "evidence", case=case, **sent)
    assert answer.status_code in (415, 422), answer.text


def test_sent_again_it_is_kept_once(desk: Desk, case: str) -> None:
    key = {"Idempotency-Key": desk.visitor.new_key()}
    first, again = (desk.hand_in(OFFICER, case, photograph(), headers=key) for _ in range(2))
    kept = desk.kept
    assert first.json() == again.json()
    assert len(kept) == 2, "the file and the copy to look at"
    other = desk.hand_in(OFFICER, case, MINUTES, headers=key)
    assert (other.status_code, other.json()["code"], desk.kept) == (422, "key-reused", kept)
    assert desk.given(case, first.json()["version"]).status_code == 200


def test_refused_by_a_rule_it_is_not_kept(desk: Desk) -> None:
    case = desk.visitor.case(LIVES["archive"])
    answer = desk.hand_in(OFFICER, case, photograph())
    assert (answer.status_code, answer.json()["rule"], desk.kept) == (409, "stage", [])
    answer = desk.hand_in(AUDITOR, desk.visitor.report().json()["incident_id"], photograph())
    assert (answer.status_code, answer.json()["rule"], desk.kept) == (409, "staff-only", [])


def test_a_resident_sees_their_own_and_a_stranger_none(desk: Desk, case: str) -> None:
    own = desk.hand_in(RESIDENT, case, photograph()).json()["version"]
    officers = desk.hand_in(OFFICER, case, MINUTES).json()["version"]
    assert desk.given(case, own, RESIDENT).status_code == 200
    assert desk.given(case, officers, RESIDENT).status_code == 404
    assert [one["there"] for one in file_of(desk.visitor, case, actor=RESIDENT)["evidence"]] == [True, False]
    assert desk.given(case, own, OFFICER).status_code == 200
    for stranger in ("s-curious", ELSEWHERE):
        for version in (own, officers):
            assert desk.given(case, version, stranger).status_code == 404
            asked = desk.visitor.ask(stranger, f"evidence/{version}/original", HANDLING, case)
            assert asked.status_code == 404
    assert desk.hand_in("s-curious", case, photograph()).status_code == 404
    answer = desk.visitor.ask(RESIDENT, f"evidence/{own}/original", HANDLING, case)
    assert (answer.status_code, answer.json()["code"]) == (409, "refused"), "their own they have"


@pytest.mark.parametrize("version", [1, 99])
def test_where_no_file_came_there_is_none(desk: Desk, case: str, version: int) -> None:
    assert desk.given(case, version).status_code == 404


def test_registered_only_it_is_in_no_folder(desk: Desk, case: str) -> None:
    body = {"digest": "0" * 64, "media_type": "video/mp4", "size": 9}
    version = desk.visitor.ask(OFFICER, "add-evidence", body, case).json()["version"]
    assert [one["there"] for one in file_of(desk.visitor, case)["evidence"]] == [False]
    assert desk.given(case, version).status_code == 404


def test_nothing_of_it_is_on_the_disk_and_no_door_tells_its_key(desk: Desk, case: str, tmp_path: Path) -> None:
    content = photograph("PNG", (60, 40))
    version = desk.hand_in(OFFICER, case, content, data={"caption": "盖板"}).json()["version"]
    assert desk.run("keys", "init", "log.example/bidao")[0] == 0
    assert desk.run("export", "bundle", case, "--without-keys", "--out", str(tmp_path / "b.jsonl"))[0] == 0
    for path in (one for one in tmp_path.rglob("*") if one.is_file()):
        assert WORDS.encode() not in path.read_bytes(), path
    told = [desk.visitor.read(path_of(case, then)).text for then in ("", "/history", "/replay", "/replay.html")]
    told.append(desk.visitor.ask(OFFICER, "reveal", HANDLING, case).text)
    told.append(desk.visitor.read(path_of(case, "/bundle")).text)
    event = json.loads(told[1])["events"][version - 1]["data"]
    assert event["file"] == "***"
    secret = key_of(desk.settings, case, version)
    assert len(secret) == 64
    assert not [one for one in told if secret in one]


def key_of(settings: Settings, case: str, version: int) -> str:
    """What opens a file, from the store."""
    with closing(open_case_files(settings)) as files:
        rows = files.store.select_case(UUID(case))
        line: Any = files.lines.to_lines([rows[version - 1]])[0]
        return str(line.event.file)


@pytest.mark.parametrize(
    "damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"x" * 99)], ids=["lost", "altered"]
)
def test_what_is_lost_or_altered_is_said_so(desk: Desk, case: str, damage: Any) -> None:
    version = desk.hand_in(OFFICER, case, MINUTES).json()["version"]
    assert desk.run("verify", "files") == (0, "材料文件完好的 1 份，缺失或改动的 0 处。")
    [address] = desk.kept
    damage(desk.settings.evidence_folder / address[:2] / address)
    answer = desk.given(case, version)
    assert (answer.status_code, answer.json()["code"]) == (409, "not-as-sealed")
    status, told = desk.run("verify", "files")
    assert status == 1
    assert case in told.replace("\n", "")
    assert f"第 {version} 版" in told


def test_an_id_that_names_nobody_is_not_said_to_be_forgotten(desk: Desk, case: str) -> None:
    for nobody in ("s-typo", case):
        status, told = desk.run("forget", nobody, "--by", "desk-li")
        assert (status, "库里没有" in told) == (3, True), told
    status, told = desk.run("forget", UUID(case).hex, "--by", "desk-li")
    assert (status, "由 desk-li 申请" in told) == (0, True), told


def strays(desk: Desk, names: list[str]) -> list[Path]:
    """Files that lie there under these names since the year before."""
    paths = [desk.settings.evidence_folder / name[:2] / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"somebody's")
        os.utime(path, (1, 1))
    return paths


def test_what_an_upload_left_that_was_cut_off_is_cleared(desk: Desk, case: str) -> None:
    desk.hand_in(OFFICER, case, MINUTES)
    [kept] = desk.kept
    old = strays(desk, ["0f" * 32, f"{'1e' * 32}.0417beef.new"])
    [under_way] = strays(desk, [f"{'2d' * 32}.0417beef.new"])
    os.utime(under_way, (time(), time()))  # by the clock of the tests, which may be set
    status, told = desk.run("verify", "files")
    assert (status, "没有案卷提到的 2 份（--clear 清掉）" in told) == (0, True), told
    assert all(path.exists() for path in old)
    status, told = desk.run("verify", "files", "--clear")
    assert (status, "没有案卷提到的 2 份，已清掉" in told) == (0, True), told
    assert not any(path.exists() for path in old)
    assert (desk.kept, under_way.exists()) == ([kept], True)


def test_a_folder_that_is_mostly_of_another_store_is_not_cleared(desk: Desk, case: str) -> None:
    desk.hand_in(OFFICER, case, MINUTES)
    theirs = strays(desk, ["0f" * 32, "1e" * 32])
    status, told = desk.run("verify", "files", "--clear")
    assert (status, "没有清掉" in told, "请核对 BIDAO_EVIDENCE" in told.replace("\n", "")) == (1, True, True), told
    assert all(path.exists() for path in theirs)
    theirs.pop().unlink()
    assert desk.run("verify", "files", "--clear")[0] == 0, "one for one is no sign of another store"
    assert not theirs[0].exists()
