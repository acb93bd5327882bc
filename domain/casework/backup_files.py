"""The evidence files in a backup: sealed as they lie on the disk, each a member under its own SHA-256."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from eventsourcing.persistence import Notification

from domain.casework.case_files import CaseFiles
from domain.casework.evidence_files import EvidenceFiles
from domain.casework.recording import UnreadableEvent
from domain.casework.sealed_fields import told
from domain.casework.store_file import StoreUnusable
from domain.incident.events import EvidenceAdded
from domain.model import Model

FOLDER = "evidence/"
MEMBER = re.compile(f"{FOLDER}([0-9a-f]{{64}})")
LARGEST = 512 * 1024 * 1024
"""Bytes: more than any file that is taken in."""
Files = Iterable[tuple[str, bytes]]
"""Each with its SHA-256."""
EVIDENCE_ADDED: str = EvidenceAdded.model_fields["type"].default
_NAMED = ("original", "rendition")


class Lacking(Model):
    """How many events name a file that a backup lacks, and the first of them."""

    events: int
    case_id: str
    version: int


class FileReckoning:
    """Adds files up in order: how many, and the SHA-256 of their addresses, a line each."""

    def __init__(self) -> None:
        self.files = 0
        self._sum = sha256()

    @property
    def digest(self) -> str:
        return self._sum.hexdigest()

    def take(self, address: str) -> None:
        """One more."""
        self.files += 1
        self._sum.update(f"{address}\n".encode())


class Naming:
    """Where in a log each file is named that should be there."""

    def __init__(self) -> None:
        self._positions: dict[str, int] = {}

    def note(self, row: Notification) -> None:
        """One event, unopened: where its files are is no secret. One that cannot be read names none."""
        if row.topic == EVIDENCE_ADDED:
            with suppress(ValueError):
                event = told(row.state)["event"]
                self._positions |= {address: row.id for name in _NAMED if isinstance(address := event.get(name), str)}

    def lacking(self, there: Iterable[str], files: CaseFiles) -> Lacking | None:
        """The events that name a file which is not there although nobody has erased it."""
        missing = sorted({self._positions[address] for address in self._positions.keys() - set(there)})
        rows = [row for position in missing for row in files.store.select_notifications(position, 1)]
        if not (found := [row for row in rows if _is_kept(row, files)]):
            return None
        return Lacking(events=len(found), case_id=str(found[0].originator_id), version=found[0].originator_version)


def _is_kept(row: Notification, files: CaseFiles) -> bool:
    """Whether what opens its files can still be read; also where nobody can tell."""
    try:
        [line] = files.lines.to_lines([row])
    except UnreadableEvent:
        return True
    return isinstance(line.event, EvidenceAdded) and line.event.file is not None


def save(evidence: EvidenceFiles, archive: ZipFile) -> FileReckoning:
    """Write all that are as they were kept. One that is erased meanwhile is left out. Raises `OSError`."""
    found = FileReckoning()
    for address in evidence.addresses():
        try:
            box = evidence.box(address)
        except FileNotFoundError:
            continue
        if sha256(box).hexdigest() == address:
            archive.writestr(ZipInfo(FOLDER + address), box, ZIP_STORED)  # nothing that is sealed gets any smaller
            found.take(address)
    return found


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
