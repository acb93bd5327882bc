"""A backup: every event of a store up to a position, the keys of subjects, the evidence, and the secret, in one file.

The file is a ZIP archive that any tool opens: `events.jsonl`, one event a line in order of position; `keys.jsonl`,
the keys of subjects, wrapped by what is kept elsewhere (`key_encryption`); `evidence/`, photographs and minutes as they
lie on the disk, sealed; `secret.key`, by which retries are known; and `manifest.json`, which comes last and says what
the others add up to. It belongs to no kind of store: what was saved from SQLite can be restored into PostgreSQL. Events
are only ever added, so those up to a position are the same whoever writes meanwhile, and no service has to stop.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BufferedReader, RawIOBase
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeVar, cast
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, is_zipfile

import orjson
from eventsourcing.persistence import Notification
from pydantic import AwareDatetime, ValidationError

from domain.casework import backup_files, backup_keys
from domain.casework.backup_files import FileReckoning, Lacking, Naming
from domain.casework.backup_keys import KeyReckoning, key_of, keys_after
from domain.casework.batches import stream_name
from domain.casework.case_files import CaseFiles
from domain.casework.kept_keys import KeptKey
from domain.casework.recorders import CaseRecorder
from domain.model import Model

FORMAT = 2
EVENTS, KEYS, SECRET, MANIFEST = "events.jsonl", "keys.jsonl", "secret.key", "manifest.json"
BEFORE_SEALING = 1
PAGE = 2_000
_BLOCK = 64 * 1024
_LEVEL = 4
"""Of compression: levels above make the file little smaller and take twice the time."""
LONGEST_LINE = 64 * 1024 * 1024
"""Bytes: many times the longest event that any door takes. What is read is never held whole but by the line."""
LARGEST_MEMBER = 64 * 1024
"""Bytes of the secret or the manifest."""
Told = TypeVar("Told")
Progress = Callable[[int, int], None]
"""Told how many events are done, and how many there are."""


class BackupUnusable(Exception):
    """Not a backup, not all of one, or not as it was written. Carries a Chinese sentence that says what is wrong."""


class Manifest(Model):
    """What a backup holds: `digest`, `keys_digest` and `secret` are the SHA-256 of three of its files, in hex.

    `files` and `files_digest` tell the evidence files in it (`FileReckoning`), `lacking` those that should be.
    """

    format: int
    made_at: AwareDatetime
    events: int
    streams: int
    digest: str
    keys: int
    keys_digest: str
    secret: str
    files: int = 0
    files_digest: str = FileReckoning().digest
    lacking: Lacking | None = None


class Reckoning:
    """Adds a log up, event by event: how many, of how many streams, and the SHA-256 of their lines."""

    def __init__(self) -> None:
        self.events = 0
        self._versions: dict[UUID | str, int] = {}
        self._sum = hashlib.sha256()

    @property
    def streams(self) -> int:
        return len(self._versions)

    @property
    def digest(self) -> str:
        return self._sum.hexdigest()

    def take(self, row: Notification) -> bytes:
        """The event as a line of `events.jsonl`. Raises `BackupUnusable` where a position or a version is missing."""
        stream = row.originator_id
        if row.id != self.events + 1:
            raise BackupUnusable(f"第{self.events + 1}条事件缺失，接着的是第{row.id}条。")
        if row.originator_version != self._versions.get(stream, 0) + 1:
            raise BackupUnusable(
                f"第{row.id}条事件不是 {stream_name(stream)} 的下一个版本（{row.originator_version}）。"
            )
        line = line_of(row)
        self._sum.update(line)
        self.events, self._versions[stream] = row.id, row.originator_version
        return line

    def agrees(self, manifest: Manifest) -> bool:
        """Whether these are the events a backup was made of."""
        return (self.events, self.streams, self.digest) == (manifest.events, manifest.streams, manifest.digest)


def line_of(row: Notification) -> bytes:
    """One event, to the byte as it is stored. Raises `BackupUnusable` for what is no text."""
    try:
        told = {
            "position": row.id,
            "stream": stream_name(row.originator_id),
            "version": row.originator_version,
            "type": row.topic,
            "state": row.state.decode(),
        }
    except UnicodeDecodeError:
        raise BackupUnusable(f"第{row.id}条事件不能解读，库里的内容已损坏。") from None
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def row_of(line: bytes) -> Notification:
    """The event of a line. Raises `ValueError`, `KeyError` or `TypeError` for any other line."""
    told = orjson.loads(line)
    return Notification(
        originator_id=UUID(told["stream"]),
        originator_version=told["version"],
        topic=told["type"],
        state=told["state"].encode(),
        id=told["position"],
    )


def log_of(store: CaseRecorder, head: int) -> Iterator[Notification]:
    """The events of a store up to a position, in order."""
    reached = 0
    while reached < head and (page := store.select_notifications(reached + 1, PAGE, head)):
        yield from page
        reached = page[-1].id


def save(
    files: CaseFiles, secret: bytes, file: IO[bytes], made_at: datetime, progress: Progress | None = None
) -> Manifest:
    """Write a backup of all that is stored now, with its evidence files, into an empty file.

    Files that are lost or altered are left out, and told in the manifest.

    Raises `BackupUnusable` (what is stored does not hold together), the store's `PersistenceError`, or `OSError`.
    """
    store, naming = files.store, Naming()
    head, found = store.max_notification_id(), Reckoning()
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        with archive.open(EVENTS, "w", force_zip64=True) as lines:
            for row in told(log_of(store, head), head, progress):
                lines.write(found.take(row))
                naming.note(row)
        if found.events != head:
            raise BackupUnusable(f"事件库说有{head}条事件，只读到第{found.events}条。")
        keys = KeyReckoning()  # after the events: none of those is without its key
        with archive.open(KEYS, "w", force_zip64=True) as lines:
            lines.writelines(map(backup_keys.line_of, keys.take(keys_after(store.keys_after))))
        boxes = backup_files.save(files.evidence, archive)
        manifest = Manifest(
            format=FORMAT,
            made_at=made_at,
            events=head,
            streams=found.streams,
            digest=found.digest,
            keys=keys.keys,
            keys_digest=keys.digest,
            secret=hashlib.sha256(secret).hexdigest(),
            files=boxes.files,
            files_digest=boxes.digest,
            lacking=naming.lacking(backup_files.addresses(archive), files),
        )
        archive.writestr(SECRET, secret)
        archive.writestr(MANIFEST, manifest.model_dump_json(indent=1))
        for member in archive.infolist():  # one that was streamed is of 1980
            member.date_time = made_at.timetuple()[:6]
    return manifest


def told(
    rows: Iterable[Notification], total: int, progress: Progress | None, *, before: int = 0
) -> Iterator[Notification]:
    """The same rows, while somebody is told how far it is; `before` were done already."""
    for row in rows:
        yield row
        if progress and row.id % PAGE == 0:
            progress(before + row.id, total)
    if progress:
        progress(total, total)


class Backup:
    """A backup to be read; close it after use. Raises `BackupUnusable`: what is wrong shows where it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise BackupUnusable(f"没有备份文件 {path}，请核对路径。")
        with _explained(path):
            if not is_zipfile(path):
                raise BackupUnusable(_not_whole(path))
            self._archive = ZipFile(path)
            try:
                self.manifest = self._described()
            except BaseException:
                self._archive.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._archive.close()

    @property
    def secret(self) -> bytes:
        """The secret, as it was saved."""
        secret = self._small(SECRET)
        if hashlib.sha256(secret).hexdigest() != self.manifest.secret:
            raise BackupUnusable(f"备份 {self.path} 里的密钥与清单不符，文件被改动过。")
        return secret

    def rows(self) -> Iterator[Notification]:
        """Every event in order of position."""
        return self._read(EVENTS, row_of)

    def subject_keys(self) -> Iterator[KeptKey]:
        """The keys of subjects, in order of their ids."""
        return self._read(KEYS, key_of)

    def addresses(self) -> Iterator[str]:
        """The SHA-256 of each evidence file, as it says."""
        return backup_files.addresses(self._archive)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """The evidence files, each with its SHA-256."""
        with _explained(self.path):
            yield from backup_files.read(self._archive)

    def _read(self, member: str, of: Callable[[bytes], Told]) -> Iterator[Told]:
        with _explained(self.path), BufferedReader(cast(RawIOBase, self._archive.open(member)), _BLOCK) as lines:
            while line := lines.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE:
                    raise BackupUnusable(f"备份 {self.path} 里有一行长得不合理，文件被改动过，请换一份。")
                yield of(line)

    def _small(self, member: str) -> bytes:
        with _explained(self.path):
            if self._archive.getinfo(member).file_size > LARGEST_MEMBER:
                raise BackupUnusable(f"备份 {self.path} 里的 {member} 大得不合理，文件被改动过，请换一份。")
            return self._archive.read(member)

    def _described(self) -> Manifest:
        members = {name for name in self._archive.namelist() if not backup_files.MEMBER.fullmatch(name)}
        if not {SECRET, MANIFEST} <= members <= {EVENTS, KEYS, SECRET, MANIFEST}:
            raise BackupUnusable(f"{self.path} 不是必到的备份，是别的压缩文件。")
        if any(member.compress_type not in (ZIP_DEFLATED, ZIP_STORED) for member in self._archive.infolist()):
            raise BackupUnusable(f"{self.path} 是用别的方法压缩的，不能读取，请用原来的备份文件。")
        stated = orjson.loads(self._small(MANIFEST))
        if stated["format"] == BEFORE_SEALING:
            raise BackupUnusable(f"备份 {self.path} 出自个人信息还没有密封时的库，里面是明文，本程序不恢复。")
        if stated["format"] != FORMAT:
            raise BackupUnusable(f"备份 {self.path} 的格式是第{stated['format']}版，本程序只认第{FORMAT}版。")
        return Manifest.model_validate(stated)


def _not_whole(path: Path) -> str:
    with path.open("rb") as file:
        began_well = file.read(2) == b"PK"
    if began_well:
        return f"备份 {path} 不完整：后面一截没有了，多半是没有写完或没有拷贝完，请换一份。"
    return f"{path} 不是必到的备份。"


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Whatever a reader of archives meets in a file that was altered, as `BackupUnusable`."""
    try:
        yield
    except OSError as error:
        raise BackupUnusable(f"备份 {path} 读不了（{error.strerror or error}）。") from error
    except (
        *(BadZipFile, zlib.error, EOFError, struct.error),
        *(LookupError, TypeError, ValueError, AttributeError, RuntimeError, OverflowError),
        ValidationError,
    ) as error:
        raise BackupUnusable(f"备份 {path} 已损坏或被改动过，不能使用，请换一份。") from error
