"""A store is saved while it serves, lost, and restored; of whatever kind the two are."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import httpx
import orjson
import pytest
import time_machine

from api.doctor import examine
from api.opening import open_case_files, open_outbox
from api.settings import Settings
from domain.casework.backup_keys import keys_after
from domain.casework.backups import Backup
from domain.casework.evidence_files import EvidenceFiles
from domain.casework.kept_keys import DESTROYED
from domain.clocks import SHANGHAI
from tests.api.visitor import START, Clock, Visitor
from tests.backup.operating import bidao, left, log
from tests.lives import CLOSED, REPORT
from tests.photographs import MINUTES, photograph
from tests.server import serving, settings_for
from tests.stores import store_named

Answers = dict[str, Any]
"""Idempotency key → the receipt it was answered with."""
KINDS = ("sqlite", "postgres")


@contextmanager
def served(settings: Settings, clock: Clock) -> Iterator[Visitor]:
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield Visitor(client, clock)


def report(visitor: Visitor, key: str) -> Any:
    answer = visitor.ask("officer-ge", "report", REPORT, headers={"Idempotency-Key": key})
    assert answer.is_success, answer.text
    return answer.json()


def report_until(stop: Event, visitor: Visitor, told: Answers) -> None:
    while not stop.is_set():
        key = visitor.new_key()
        told[key] = report(visitor, key)


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_saved_under_load_and_restored_it_answers_as_before(
    source: str, target: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    before = store_named(source, request).settings(tmp_path / "before", wait_timeout=30)
    after = store_named(target, request, fenced=False).settings(tmp_path / "after", wait_timeout=30)
    clock, stop, path = Clock(), Event(), tmp_path / "saved.zip"
    earlier, meanwhile = Answers(), Answers()
    with served(before, clock) as visitor:
        case = visitor.case(CLOSED)
        history = visitor.read(f"/api/v1/incidents/{case}/history").json()
        for _ in range(20):
            key = visitor.new_key()
            earlier[key] = report(visitor, key)
        with ThreadPoolExecutor(3) as others:
            writing = [others.submit(report_until, stop, visitor, meanwhile) for _ in range(3)]
            told = bidao(before, "backup", path)
            stop.set()
        for thread in writing:
            thread.result()
    assert told.exit_code == 0, told.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with Backup(path) as backup:
        kept = backup.manifest.events
        assert backup.secret == before.secret_key.read_bytes()

    told = bidao(after, "restore", path)
    assert told.exit_code == 0, told.output
    assert log(after) == log(before)[:kept], "what is restored is what was stored, to the byte, up to one position"
    assert [one.sentence for one in examine(after) if not one.fine] == []
    with served(after, clock) as visitor:
        assert visitor.read(f"/api/v1/incidents/{case}/history").json() == history
        assert visitor.read(f"/api/v1/incidents?after={kept}").is_success, "the views are there already"
        for key, receipt in earlier.items():
            assert report(visitor, key) == receipt
        assert visitor.stored() == kept, "no retry wrote anything again"
        for key, receipt in meanwhile.items():
            again = report(visitor, key)
            assert again["incident_id"] == receipt["incident_id"]
            if receipt["position"] <= kept:
                assert again == receipt


def test_a_case_number_given_after_the_backup_is_not_given_again(saved: Path, empty: Settings) -> None:
    with time_machine.travel(START):
        assert bidao(empty, "restore", saved).exit_code == 0
    with served(empty, Clock()) as visitor:
        case = visitor.report().json()["incident_id"]
        visitor.ask("secretary-sanjiaoping", "accept", {}, case)
        lines = visitor.read(f"/api/v1/incidents/{case}/history").json()["events"]
    [number] = [line["data"]["number"] for line in lines if line["type"] == "incident.accepted"]
    assert number == "20260302-010001"


def test_a_backup_gets_its_name_from_the_hour_and_covers_no_other(stories: Settings, tmp_path: Path) -> None:
    with time_machine.travel(START, tick=False):
        told = [bidao(stories, "backup", tmp_path) for _ in range(2)]
    assert [one.exit_code for one in told] == [0, 1]
    assert "已经存在" in told[1].output
    assert left(tmp_path) == ["bidao-20260302-100000.zip"]


def test_a_rehearsal_tells_what_is_in_it_and_writes_nothing(saved: Path, empty: Settings) -> None:
    told = bidao(empty, "restore", saved, "--dry-run")
    assert told.exit_code == 0, told.output
    assert "备份完好" in told.output
    assert "86条事件，5件案件" in told.output
    assert not empty.data.exists()
    assert bidao(empty, "restore", saved).exit_code == 0


def test_nobody_is_called_again_for_what_was_restored(saved: Path, empty: Settings) -> None:
    """The calls in it went out before the backup, or are somebody's to make good; a rehearsal calls nobody."""
    told = bidao(empty, "restore", saved)
    assert told.exit_code == 0, told.output
    assert "值班通知不再发出" in told.output
    assert ("bidao grant" in told.output) is (empty.postgres is not None)
    with closing(open_outbox(empty)) as outbox:
        outbox.begin(START)  # as the watch does when it is taken up
        position, _ = outbox.follows()
    assert position == len(log(empty))


def test_what_is_in_a_backup_is_dated(saved: Path) -> None:
    with Backup(saved) as backup, ZipFile(saved) as archive:
        made_at = backup.manifest.made_at.astimezone(SHANGHAI)
        for member in archive.infolist():
            assert abs(datetime(*member.date_time, tzinfo=SHANGHAI) - made_at) < timedelta(seconds=2)


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_photographs_are_saved_and_restored_with_it(
    source: str, target: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    before = store_named(source, request).settings(tmp_path / "before")
    after = store_named(target, request, fenced=False).settings(tmp_path / "after")
    clock, path = Clock(), tmp_path / "saved.zip"
    with served(before, clock) as visitor:
        case = visitor.report().json()["incident_id"]
        for content in (photograph(), MINUTES):
            assert visitor.ask("officer-ge", "evidence", case=case, files={"file": content}).is_success
        shown = [visitor.read(f"/api/v1/incidents/{case}/evidence/{version}").content for version in (2, 3)]
    told = bidao(before, "backup", path)
    assert "3份材料文件" in told.output, told.output
    told = bidao(after, "restore", path)
    assert told.exit_code == 0, told.output
    with served(after, clock) as visitor:
        again = [visitor.read(f"/api/v1/incidents/{case}/evidence/{version}").content for version in (2, 3)]
    assert again == shown
    assert shown[1] == MINUTES


@pytest.mark.parametrize("damage", ["lost", "altered"])
def test_a_backup_without_a_photograph_is_made_and_says_so(pictured: Settings, tmp_path: Path, damage: str) -> None:
    """As where the folder that several machines share is not there, or a disk has a bad spot."""
    path, evidence = tmp_path / "lacking.zip", EvidenceFiles(pictured.evidence_folder)
    named = [line for line in map(orjson.loads, log(pictured)) if line["type"] == "incident.evidence_added"]
    minutes = orjson.loads(named[-1]["state"])["event"]["original"]
    if damage == "lost":
        evidence.discard(*evidence.addresses())
    else:
        (evidence.folder / minutes[:2] / minutes).write_bytes(b"not as it was kept")
    first = named[0] if damage == "lost" else named[-1]
    at = f"{len(named) if damage == 'lost' else 1}处"
    where = f"首先是案件{UUID(first['stream'])}第{first['version']}版"
    told = [bidao(pictured, "backup", path), bidao(settings_for(tmp_path / "data"), "restore", path, "--dry-run")]
    told.append(bidao(settings_for(tmp_path / "data"), "restore", path))
    assert [one.exit_code for one in told] == [1, 1, 0], "what there is can be restored"
    for one in told:
        said = "".join(one.output.split())
        assert f"缺材料文件：{at}的文件在备份时缺失或已改动，{where}" in said
        assert "无误" not in said
        assert "完好" not in said


def test_what_was_erased_by_law_is_not_missed_in_a_backup(pictured: Settings, tmp_path: Path) -> None:
    with closing(open_case_files(pictured)) as files:
        evidence = files.evidence
        evidence.discard(*evidence.addresses())
        files.store.replace_keys(dict.fromkeys(keys_after(files.store.keys_after), DESTROYED))
    told = bidao(pictured, "backup", tmp_path / "erased.zip")
    assert (told.exit_code, "逐条检查无误" in told.output) == (0, True), told.output
