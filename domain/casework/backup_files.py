"""The evidence files in a backup: sealed as they lie on the disk, each a member under its own SHA-256."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from domain.casework.evidence_files import EvidenceFiles
from domain.casework.store_file import StoreUnusable

FOLDER = "evidence/"
MEMBER = re.compile(f"{FOLDER}([0-9a-f]{{64}})")
LARGEST = 512 * 1024 * 1024
"""Bytes: more than any file that is taken in."""
Files = Iterable[tuple[str, bytes]]
"""Each with its SHA-256."""


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


def addresses(archive: ZipFile) -> Iterator[str]:
    """The SHA-256 that each stands under."""
    return (found[1] for name in archive.namelist() if (found := MEMBER.fullmatch(name)))


def require_free(evidence: EvidenceFiles, left: Collection[str] = ()) -> None:
    """Raise `StoreUnusable` where any file is in the folder but what a restore `left` that broke off."""
    for path in evidence.folder.rglob("*"):
        if not path.is_dir() and path.name.partition(".")[0] not in left:
            raise StoreUnusable(
                f"材料文件夹 {evidence.folder} 里已有文件，可能是别的库正在用的：恢复不动任何文件，"
                "请把 BIDAO_EVIDENCE 指到一个空的文件夹，或先把里面的移走。"
            )


@contextmanager
def taking_in(evidence: EvidenceFiles, left: Collection[str]) -> Iterator[Callable[[Files], None]]:
    """A way to put files in their places, from where they are gone again unless the block ends well."""
    put = list[str]()

    def take_in(files: Files) -> None:
        require_free(evidence, left)  # still: to examine a backup takes a while
        put.extend(left)
        for address, box in files:
            put.append(address)
            evidence.take_in(address, box)

    try:
        yield take_in
    except BaseException:
        evidence.take_out(put)
        raise
