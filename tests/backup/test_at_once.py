"""What others do while a restore or a backup is at work: nothing of theirs is mixed in, covered, or kept waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from eventsourcing.persistence import Notification
from psycopg.conninfo import make_conninfo

from api.commands import backup
from api.opening import open_case_files
from api.settings import Settings
from domain.casework import durable
from domain.casework.backups import Backup, BackupUnusable
from domain.casework.kept_keys import KeptKey
from domain.casework.postgres_schema import wait_for_turn
from domain.casework.restoring import Numbers, examined, fill
from tests.backup.operating import bidao, left, log
from tests.server import settings_for
from tests.stores import Store

IMPATIENT = "-c lock_timeout=1s"
TODAY = "20260302"
T = TypeVar("T")


def meanwhile(go_on: Callable[..., T], happens: Callable[[], object]) -> Callable[..., T]:
    """The same step of the work, just before which something happens."""

    def step(*given: Any) -> T:
        happens()
        return go_on(*given)

    return step


@pytest.mark.parametrize("during", ["examined", "fill"])
def test_of_two_restores_into_one_folder_one_is_done(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, during: str
) -> None:
    """Otherwise the events of one might come to stand beside the secret of the other."""
    settings, second = settings_for(tmp_path / "data"), []
    step = getattr(backup, during)

    def restore() -> None:
        monkeypatch.setattr(backup, during, step)
        second.append(bidao(settings, "restore", saved))

    monkeypatch.setattr(backup, during, meanwhile(step, restore))
    told = bidao(settings, "restore", saved)
    assert [one.exit_code for one in (told, *second)] == [0, 1], told.output
    assert "另一个 bidao restore 正在" in second[0].output.replace("\n", "")
    with Backup(saved) as source:
        assert len(log(settings)) == source.manifest.events


def test_a_secret_that_somebody_else_put_there_is_noticed(
    saved: Path, empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service of another store, started in the same folder."""
    foreign = bytes(32)
    monkeypatch.setattr(durable, "make", meanwhile(durable.make, lambda: empty.secret_key.write_bytes(foreign)))
    told = bidao(empty, "restore", saved)
    assert told.exit_code == 1
    assert "是另一个库的" in told.output.replace("\n", "")
    assert empty.secret_key.read_bytes() == foreign
    with closing(open_case_files(empty)) as files:
        assert files.store.max_notification_id() == 0, "nothing was restored"


def test_a_restore_keeps_no_other_store_of_the_database_waiting(
    saved: Path, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Store("postgres", postgres_url, fenced=False).settings(tmp_path / "data")
    impatient = make_conninfo(postgres_url, options=IMPATIENT)
    other = Store("postgres", impatient, fenced=False).settings(tmp_path / "other")

    def take_its_turn() -> None:
        with psycopg.connect(impatient) as connection, connection.cursor() as cursor:
            wait_for_turn(cursor, settings.database_schema)

    monkeypatch.setattr(backup, "examined", meanwhile(examined, take_its_turn))
    monkeypatch.setattr(backup, "fill", meanwhile(fill, lambda: open_case_files(other).close()))
    told = bidao(settings, "restore", saved)
    assert told.exit_code == 0, told.output


def test_a_file_made_meanwhile_is_not_covered_by_a_backup(
    stories: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.zip"
    monkeypatch.setattr(backup, "examined", meanwhile(examined, lambda: path.write_bytes(b"somebody's")))
    told = bidao(stories, "backup", path)
    assert told.exit_code == 1
    assert "已经存在" in told.output.replace("\n", "")
    assert (path.read_bytes(), left(tmp_path)) == (b"somebody's", ["x.zip"])


class Forgetful:
    """A new store that does not keep all it was given, or not as it was."""

    def __init__(self, kept_of: Callable[[list[Notification]], list[Notification]]) -> None:
        self._kept_of = kept_of
        self._kept: list[Notification] = []

    def fill(self, rows: Iterable[Notification]) -> None:
        self._kept = self._kept_of(list(rows))

    def fill_keys(self, keys: Iterable[KeptKey]) -> None:
        self._keys = list(keys)

    def subject_keys(self) -> Iterator[KeptKey]:
        return iter(self._keys)

    def rows(self) -> Iterator[Notification]:
        return iter(self._kept)

    def reserve(self, numbers: Numbers) -> None:
        assert numbers[TODAY] > 0


def without_the_last(rows: list[Notification]) -> list[Notification]:
    return rows[:-1]


def without_any(rows: list[Notification]) -> list[Notification]:
    return []


def with_one_altered(rows: list[Notification]) -> list[Notification]:
    *most, last = rows
    altered = Notification(last.originator_id, last.originator_version, last.topic, b"{}", last.id)
    return [*most, altered]


@pytest.mark.parametrize("kept", [without_the_last, without_any, with_one_altered], ids=lambda kept: kept.__name__)
def test_a_store_that_did_not_keep_what_was_written_is_none(
    saved: Path, kept: Callable[[list[Notification]], list[Notification]]
) -> None:
    with Backup(saved) as source, pytest.raises(BackupUnusable, match="写入的内容与备份不符"):
        fill(Forgetful(kept), source, examined(source), TODAY)
