"""A restore or a backup that does not come to its end: killed, or out of room."""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

import pytest

from api.commands import backup
from api.opening import open_case_files
from api.settings import Settings
from domain.casework import durable
from domain.casework.backups import Backup, save
from domain.casework.evidence_files import EvidenceFiles
from domain.casework.new_stores import new_file
from domain.casework.restoring import Contents, Target
from domain.casework.store_file import StoreUnusable
from projections.database import DatabaseUnavailable
from tests.backup.operating import bidao, left, log
from tests.server import settings_for

HALF = 40
ROOM = 4 * 1024
"""Bytes: less than any backup or store."""
T = TypeVar("T")


def restore_half(settings: Settings, saved: Path, reached: Connection) -> None:
    """In a process of its own: put some of the events in, say so, and wait to be killed."""

    def fill_half(target: Target, source: Backup, contents: Contents, *_: Any) -> None:
        target.fill(islice(source.rows(), HALF))
        reached.send("half")
        signal.pause()

    pytest.MonkeyPatch().setattr(backup, "fill", fill_half)
    bidao(settings, "restore", saved)


def kill_halfway(settings: Settings, saved: Path) -> None:
    """A restore that is killed with half of the events written, and all photographs."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=restore_half, args=(settings, saved, theirs))
    process.start()
    theirs.close()  # so that a process that dies before is no silence
    assert ours.recv() == "half"
    process.kill()
    process.join()
    process.close()
    ours.close()


def test_one_that_was_killed_is_noticed_at_the_start_and_done_again(album: Path, empty: Settings) -> None:
    kill_halfway(empty, album)
    for _ in range(2):
        with pytest.raises(StoreUnusable, match="恢复没有做完"):
            open_case_files(empty)
    told = bidao(empty, "restore", album)
    assert told.exit_code == 0, told.output
    with Backup(album) as source:
        assert len(log(empty)) == source.manifest.events
        assert list(EvidenceFiles(empty.evidence_folder).addresses()) == list(source.addresses())


def test_what_it_left_goes_when_the_next_fails_and_is_taken_for_no_other_stores(
    album: Path, empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError("no room")

    kill_halfway(empty, album)
    evidence = EvidenceFiles(empty.evidence_folder)
    somebodys = evidence.keep(b"not of this backup", None).original
    told = bidao(empty, "restore", album)
    assert (told.exit_code, "恢复不动任何文件" in told.output.replace("\n", "")) == (1, True), told.output
    evidence.discard(somebodys)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(EvidenceFiles, "take_in", full)
        assert bidao(empty, "restore", album).exit_code == 1
    assert left(empty.data) == []


def test_one_that_failed_leaves_nothing(album: Path, empty: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    make = durable.make

    def make_all_but_the_secret(path: Path, content: bytes) -> None:
        if path == empty.secret_key:
            raise OSError("somebody pulled the plug")
        make(path, content)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(durable, "make", make_all_but_the_secret)  # the last step but one
        told = bidao(empty, "restore", album)
    assert told.exit_code == 1
    assert "什么也没有留下" in told.output
    assert left(empty.data) == []
    files = open_case_files(empty)
    assert files.store.max_notification_id() == 0
    files.close()


def test_without_views_the_events_are_there_all_the_same(
    saved: Path, empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: Any) -> None:
        raise DatabaseUnavailable("no room")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(backup, "open_views", unavailable)
        told = bidao(empty, "restore", saved)
    assert told.exit_code == 1
    assert "事件已全部恢复" in told.output
    assert "bidao rebuild" in told.output
    with Backup(saved) as source:
        assert len(log(empty)) == source.manifest.events


def without_room(words: tuple[str, ...], settings: Settings, said: Connection) -> None:
    """In a process of its own, whose files may not grow beyond `ROOM` once it writes a backup or a store."""
    changed = pytest.MonkeyPatch()

    def full(go_on: Callable[..., T]) -> Callable[..., T]:
        def begin(*given: Any) -> T:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))
            return go_on(*given)

        return begin

    changed.setattr(backup, "save", full(save))
    changed.setattr(backup, "new_file", full(new_file))
    told = bidao(settings, *words)
    said.send((told.exit_code, told.output))


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_full_disk_is_said_and_nothing_half_done_stays(
    stories: Settings, saved: Path, tmp_path: Path, command: str
) -> None:
    target = settings_for(tmp_path / "data")
    target.data.mkdir()
    settings, last = (stories, tmp_path / "x.zip") if command == "backup" else (target, saved)
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=without_room, args=((command, str(last)), settings, theirs))
    process.start()
    theirs.close()
    code, said = ours.recv()
    process.join()
    process.close()
    ours.close()
    assert code == 1, said
    assert "没有做成" in said or "写不进去" in said
    assert left(tmp_path) == ["data"]
    assert left(target.data) == []
