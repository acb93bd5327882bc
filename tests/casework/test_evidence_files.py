"""材料文件 on the disk, on every store: sealed there, forgotten with the words beside them, and never in the way."""

from __future__ import annotations

import os
import resource
from hashlib import sha256
from pathlib import Path
from time import time
from uuid import UUID

import pytest

from domain.act import KeptFile
from domain.casework.case_files import CaseFiles
from domain.casework.erasing import Erasing
from domain.casework.evidence_checking import A_DAY, check
from domain.casework.evidence_files import EvidenceFiles, FileLost
from domain.casework.redactions import shown
from domain.erasure import ApproveErasure, Ground, RequestErasure
from domain.incident import commands as c
from domain.incident.events import EvidenceAdded
from domain.incident.events.redaction import Redaction
from domain.model import CRS, Point, Role
from domain.privacy import ERASED
from tests.casework.office import Office, Process, caller_of
from tests.casework.test_erasing import ARCHIVED, REPORT, TEN_YEARS, WHO
from tests.rules.scene import CASE, DISTRICT, OFFICER, RESIDENT, SECRETARY, Actor

pytestmark = pytest.mark.anyio
WHERE = Point(longitude=109.95, latitude=27.55, crs=CRS.WGS84)
PHOTOGRAPH, COPY = b"what was to be seen " * 50, b"a copy of it"
ROOM = 4 * 1024
"""Bytes: of no file more is written where a disk is full."""


@pytest.fixture
def evidence(tmp_path: Path) -> EvidenceFiles:
    return EvidenceFiles(tmp_path / "evidence")


def test_what_is_kept_is_read_back_and_is_sealed_on_the_disk(evidence: EvidenceFiles) -> None:
    original, rendition, key = evidence.keep(PHOTOGRAPH, COPY)
    assert evidence.opened(original, key) == PHOTOGRAPH
    assert rendition is not None
    assert evidence.opened(rendition, key) == COPY
    assert list(evidence.addresses()) == sorted([original, rendition])
    assert sha256(evidence.box(original)).hexdigest() == original
    assert b"to be seen" not in evidence.box(original)
    assert evidence.keep(PHOTOGRAPH, None).original != original, "nobody can tell that two are the same"


@pytest.mark.parametrize("larger", ["original", "rendition"])
def test_where_there_is_no_room_for_both_neither_stays(evidence: EvidenceFiles, larger: str) -> None:
    contents = {"original": PHOTOGRAPH, "rendition": COPY, larger: bytes(ROOM)}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            evidence.keep(**contents)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path for path in evidence.folder.rglob("*") if path.is_file()] == []
    assert evidence.keep(**contents).original in evidence.addresses()


@pytest.mark.parametrize("damage", ["gone", "another", "altered", "wrong key"])
def test_what_is_not_as_it_was_kept_is_not_read(evidence: EvidenceFiles, damage: str) -> None:
    original, _, key = evidence.keep(PHOTOGRAPH, None)
    path = evidence.folder / original[:2] / original
    if damage == "gone":
        evidence.discard(original, None)
        assert list(evidence.addresses()) == []
    elif damage == "another":
        path.write_bytes(evidence.box(evidence.keep(COPY, None).original))
    elif damage == "altered":
        path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
    else:
        key = "0" * 64
    with pytest.raises(FileLost):
        evidence.opened(original, key)


def test_a_file_is_moved_as_it_lies_there_and_no_other(evidence: EvidenceFiles, tmp_path: Path) -> None:
    original, _, key = evidence.keep(PHOTOGRAPH, None)
    there = EvidenceFiles(tmp_path / "there")
    with pytest.raises(FileLost):
        there.take_in(original, b"another")
    assert list(there.addresses()) == []
    there.take_in(original, evidence.box(original))
    assert there.opened(original, key) == PHOTOGRAPH


async def handed_in(process: Process, by: Actor = OFFICER) -> int:
    """A photograph handed in; in which version of the case."""
    files = process.casework.files.evidence
    original, rendition, key = files.keep(PHOTOGRAPH, COPY)
    command = c.AddEvidence(
        digest=sha256(PHOTOGRAPH).hexdigest(), media_type="image/jpeg", size=len(PHOTOGRAPH), caption="门口"
    )
    kept = KeptFile(original, rendition, key, WHERE)
    caller = caller_of(by, "photograph")
    return (await process.casework.act(process.office.ids[CASE], command, caller, kept=kept)).version


async def event_at(process: Process, version: int) -> EvidenceAdded:
    event = (await process.lines())[version - 1].event
    assert isinstance(event, EvidenceAdded)
    return event


def there(files: CaseFiles) -> list[str]:
    return list(files.evidence.addresses())


async def test_it_is_forgotten_with_the_words_of_its_case(office: Office) -> None:
    process = office.process()
    await process.do(REPORT)
    version = await handed_in(process)
    await process.do(*ARCHIVED[1:])
    files, text = process.casework.files, UUID(office.ids[CASE]).hex
    await process.casework.enact(RequestErasure(subject=text, ground=Ground.TERM_OVER), caller_of(SECRETARY, "request"))
    erasing = Erasing(process.casework)
    await erasing.enact(ApproveErasure(subject=text), caller_of(DISTRICT, "approve"))
    erasures = process.casework.registers.erasures
    for role in (Role.COMMUNITY, Role.AUDITOR):
        told = shown(await process.lines(), erasures, role)[version - 1].event
        assert isinstance(told, EvidenceAdded)
        assert (told.file == (await event_at(process, version)).file) is (role is Role.AUDITOR), "kept by law"
    assert len(there(files)) == 2
    office.now += TEN_YEARS
    await erasing.conclude(text)
    event = await event_at(process, version)
    assert (event.file, there(files)) == (None, [])
    assert event.original, "what was on the disk is still said"
    assert check(files, lambda done, total: None) == (0, [], [], [])


async def test_one_photograph_is_forgotten_when_it_is_redacted(office: Office) -> None:
    """It may show somebody who is to be forgotten; the other words of the case stay."""
    process = office.process()
    await process.do(REPORT)
    version = await handed_in(process)
    await process.do(*ARCHIVED[1:])
    files = process.casework.files
    await process.casework.enact(RequestErasure(subject=WHO, ground=Ground.TERM_OVER), caller_of(SECRETARY, "request"))
    photograph = Redaction(version=version, field="file", text="照片里有住户，已删除")
    await process.do(SECRETARY(c.RedactText(subject=WHO, redactions=(photograph,))))
    erasing = Erasing(process.casework)
    await erasing.enact(ApproveErasure(subject=WHO), caller_of(DISTRICT, "approve"))
    assert len(there(files)) == 2, "kept by law for a term"
    office.now += TEN_YEARS
    await erasing.conclude(WHO)
    lines = await process.lines()
    assert (await event_at(process, version)).file is None
    assert "file" in lines[version - 1].erased
    assert (await event_at(process, version)).position is None, "where it was taken goes with it"
    assert there(files) == []
    assert not any("description" in line.erased for line in lines)
    told = shown(lines, process.casework.registers.erasures, Role.COMMUNITY)[version - 1].event
    assert isinstance(told, EvidenceAdded)
    assert told.file is None


async def test_what_somebody_handed_in_is_forgotten_with_them(office: Office) -> None:
    """Though whoever looked through the texts redacted nothing of it."""
    process = office.process()
    await process.do(REPORT)
    version = await handed_in(process, RESIDENT)
    await process.do(*ARCHIVED[1:])
    await process.casework.enact(RequestErasure(subject=WHO, ground=Ground.TERM_OVER), caller_of(SECRETARY, "request"))
    await process.do(SECRETARY(c.RedactText(subject=WHO)))
    erasing = Erasing(process.casework)
    await erasing.enact(ApproveErasure(subject=WHO), caller_of(DISTRICT, "approve"))
    erasures = process.casework.registers.erasures
    for role in (Role.COMMUNITY, Role.AUDITOR):
        told = shown(await process.lines(), erasures, role)[version - 1].event
        assert isinstance(told, EvidenceAdded)
        assert (told.file is None, told.position is None) == ((role is not Role.AUDITOR),) * 2
    office.now += TEN_YEARS
    await erasing.conclude(WHO)
    event = await event_at(process, version)
    assert (event.file, event.position, event.caption) == (None, None, ERASED)
    assert there(process.casework.files) == []


async def test_what_no_case_speaks_of_is_found_after_a_day(office: Office) -> None:
    """An upload that was cut off; what is being handed in just now is left alone."""
    process = office.process()
    await process.do(REPORT)
    await handed_in(process)
    files = process.casework.files
    orphan = files.evidence.keep(b"cut off", None).original
    assert check(files, lambda done, total: None) == (2, [], [], [])
    long_ago = time() - 2 * A_DAY
    for address in there(files):
        os.utime(files.evidence.folder / address[:2] / address, (long_ago, long_ago))
    assert check(files, lambda done, total: None) == (2, [], [orphan], [])


async def test_what_is_missing_is_told_by_case_and_version(office: Office) -> None:
    process = office.process()
    await process.do(REPORT)
    version = await handed_in(process)
    files = process.casework.files
    files.evidence.discard((await event_at(process, version)).rendition)
    assert check(files, lambda done, total: None).lost == [(office.ids[CASE], version)]
