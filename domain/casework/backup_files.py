"""The evidence files in a backup: sealed as they lie on the disk, each a member under its own SHA-256."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from domain.casework.evidence_files import EvidenceFiles

FOLDER = "evidence/"
MEMBER = re.compile(f"{FOLDER}([0-9a-f]{{64}})")
LARGEST = 512 * 1024 * 1024
"""Bytes: more than any file that is taken in."""


def save(evidence: EvidenceFiles, archive: ZipFile) -> int:
    """Write all there are; how many. One that is erased meanwhile is left out. Raises `OSError`."""
    count = 0
    for address in evidence.addresses():
        try:
            box = evidence.box(address)
        except FileNotFoundError:
            continue
        archive.writestr(ZipInfo(FOLDER + address), box, ZIP_STORED)  # nothing that is sealed gets any smaller
        count += 1
    return count


def read(archive: ZipFile) -> Iterator[tuple[str, bytes]]:
    """Every file with its SHA-256. Raises `ValueError` for one that is not as it was kept."""
    for member in archive.infolist():
        if found := MEMBER.fullmatch(member.filename):
            box = archive.read(member) if member.file_size <= LARGEST else b""
            if sha256(box).hexdigest() != found[1]:
                raise ValueError(member.filename)
            yield found[1], box
