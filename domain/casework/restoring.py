"""A backup examined, and put into a new store and read back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from eventsourcing.persistence import Notification

from domain.casework.backup_files import FileReckoning
from domain.casework.backup_keys import KeyReckoning
from domain.casework.backups import Backup, BackupUnusable, Progress, Reckoning, told
from domain.casework.identifying import SECRET_LENGTH
from domain.casework.kept_keys import DESTROYED, KeptKey
from domain.casework.key_encryption import Wrapping
from domain.casework.keyring import bound_to
from domain.casework.recording import RecordedEvent, UnreadableEvent
from domain.casework.sealed_lines import decoded_unopened
from domain.incident.events import Accepted

Numbers = Mapping[str, int]
"""Day → the highest case number of that day."""
GAP = 10_000
"""More case numbers than a district gives on one day."""


class Contents(NamedTuple):
    """What a sound backup holds: how many events, cases among their streams, and case numbers given out."""

    events: int
    cases: int
    numbers: Numbers


def examined(backup: Backup, progress: Progress | None = None) -> Contents:
    """Read all of a backup as a store would be read: nothing missing, nothing altered, every event understood.

    Raises `BackupUnusable` for the first thing that is not so.
    """
    found, others = Reckoning(), set[object]()
    numbers: defaultdict[str, int] = defaultdict(int)
    for row in told(backup.rows(), backup.manifest.events, progress):
        found.take(row)
        try:
            line = decoded_unopened(row)
        except UnreadableEvent:
            raise BackupUnusable(f"第{row.id}条事件（{row.topic}）本程序不能解读：备份可能出自更新的版本。") from None
        if not isinstance(line, RecordedEvent):
            others.add(row.originator_id)
        if isinstance(line.event, Accepted):
            day, _, number = line.event.number.rpartition("-")
            numbers[day] = max(numbers[day], int(number))
    if not found.agrees(backup.manifest):
        raise BackupUnusable(f"备份 {backup.path} 的内容与清单不符，文件被改动过，请换一份。")
    if not _agree(backup.subject_keys(), backup):
        raise BackupUnusable(f"备份 {backup.path} 里的密钥与清单不符，文件被改动过，请换一份。")
    files = FileReckoning()
    for address, _ in backup.files():
        files.take(address)
    if (files.files, files.digest) != (backup.manifest.files, backup.manifest.files_digest):
        raise BackupUnusable(f"备份 {backup.path} 里的材料文件与清单不符，文件被改动过，请换一份。")
    if len(backup.secret) != SECRET_LENGTH:
        raise BackupUnusable(f"备份 {backup.path} 里的密钥不完整，恢复后不能启动，请换一份。")
    return Contents(found.events, found.streams - len(others), numbers)


class Target(Protocol):
    """A new store that nobody can open yet."""

    def fill(self, rows: Iterable[Notification]) -> None:
        """Put events in, from the first position on."""

    def fill_keys(self, keys: Iterable[KeptKey]) -> None:
        """Put the keys of subjects in."""

    def subject_keys(self) -> Iterator[KeptKey]:
        """Those that were put in, read back in order of their ids."""

    def rows(self) -> Iterator[Notification]:
        """What was put in, read back in order of position."""

    def reserve(self, numbers: Numbers) -> None:
        """Case numbers up to these are not given again."""


def fill(target: Target, backup: Backup, contents: Contents, today: str, progress: Progress | None = None) -> None:
    """Put a backup into a new store and read it back. Raises `BackupUnusable` unless the two are the same.

    Case numbers of this day (20260216, in Asia/Shanghai) go on after a gap: somebody may hold one that was given
    after the backup was made.
    """
    numbers = {**contents.numbers, today: contents.numbers.get(today, 0) + GAP}
    target.fill(told(backup.rows(), 2 * contents.events, progress))
    target.fill_keys(backup.subject_keys())
    target.reserve(numbers)
    found = Reckoning()
    for row in told(target.rows(), 2 * contents.events, progress, before=contents.events):
        found.take(row)
    if not (found.agrees(backup.manifest) and _agree(target.subject_keys(), backup)):
        raise BackupUnusable("写入的内容与备份不符，没有恢复：请检查磁盘和数据库，再试一次。")


def require_wrapping(backup: Backup, wrapping: Wrapping) -> None:
    """Raise `WrappingUnusable` unless its keys can be unwrapped, as far as the first tells."""
    kept = next((key for key in backup.subject_keys() if key.wrapped != DESTROYED), None)
    if kept is not None:
        wrapping.unwrap(kept.wrapped, bound_to(kept.id))


def _agree(keys: Iterable[KeptKey], backup: Backup) -> bool:
    """Whether these are the keys the backup was made of."""
    found = KeyReckoning()
    for _ in found.take(keys):
        pass
    return (found.keys, found.digest) == (backup.manifest.keys, backup.manifest.keys_digest)
