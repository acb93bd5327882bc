"""Whether every evidence file of a store is there as it was kept, and none is that no case speaks of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import time
from typing import NamedTuple

from domain.casework.backup_files import EVIDENCE_ADDED
from domain.casework.backups import log_of
from domain.casework.case_files import CaseFiles
from domain.casework.evidence_files import EvidenceFiles, FileLost
from domain.incident.events import EvidenceAdded

PAGE = 2_000
A_DAY = 24 * 3600.0
"""Seconds: longer than between a file is kept and its event is stored."""
Progress = Callable[[int, int], None]
"""Told how many events are done, and how many there are."""


class Lost(NamedTuple):
    """A file that is missing or altered, by its case and version."""

    case_id: str
    version: int


class Found(NamedTuple):
    """How many files are as they were kept; which are not; which nobody speaks of, by their addresses.

    `unfinished` are the names of those whose writing was cut off.
    """

    sound: int
    lost: list[Lost]
    unnamed: list[str]
    unfinished: list[str]

    @property
    def foreign(self) -> bool:
        """Whether it looks as if another store kept its files in the same folder: most are not of this one."""
        return len(self.unnamed) > self.sound + len(self.lost)


def check(files: CaseFiles, progress: Progress) -> Found:
    """Read every event and every file. What was erased by law is not missed. Raises the store's `PersistenceError`."""
    there = set(_old(files.evidence, files.evidence.addresses()))
    sound, lost = 0, list[Lost]()
    for case_id, version, event in _evidence(files, progress):
        there -= {event.original, event.rendition}
        for address in filter(None, (event.original, event.rendition)):
            try:
                files.evidence.opened(address, event.file or "")
            except FileLost:
                lost.append(Lost(case_id, version))
                break
            sound += 1
    return Found(sound, lost, sorted(there), list(_old(files.evidence, files.evidence.unfinished())))


def _old(evidence: EvidenceFiles, names: Iterable[str]) -> Iterator[str]:
    """Those that nobody is still at work on."""
    return (name for name in names if time() - evidence.kept_at(name) > A_DAY)


def _evidence(files: CaseFiles, progress: Progress) -> Iterator[tuple[str, int, EvidenceAdded]]:
    """Whatever was handed in and can still be opened."""
    head = files.store.max_notification_id()
    for row in log_of(files.store, head):
        if row.id % PAGE == 0 or row.id == head:
            progress(row.id, head)
        if row.topic == EVIDENCE_ADDED:
            [line] = files.lines.to_lines([row])
            if isinstance(line.event, EvidenceAdded) and line.event.file:
                yield str(row.originator_id), row.originator_version, line.event
