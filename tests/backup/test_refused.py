"""What is no backup, not all of one, or not as it was written is refused with the reason, and nothing is left."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from zipfile import ZIP_BZIP2, ZipFile

import orjson
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from api.settings import MEMORY, Settings
from domain.casework.backups import EVENTS, LARGEST_MEMBER, LONGEST_LINE, MANIFEST, SECRET, Backup, BackupUnusable
from domain.casework.evidence_files import EvidenceFiles
from domain.casework.restoring import examined
from tests.backup.operating import bidao, left, log, members, packed
from tests.server import settings_for
from tests.stores import Store

Parts = dict[str, bytes]
FLIPS = 400


def refused(saved: Path, tmp_path: Path, words: str) -> None:
    """Restoring says why not, and leaves nothing."""
    settings = settings_for(tmp_path / "target")
    told = bidao(settings, "restore", saved)
    assert told.exit_code == 1, told.output
    assert words in told.output.replace("\n", "")
    assert "Traceback" not in told.output
    assert left(settings.data) == []


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_one_that_is_cut_off(saved: Path, tmp_path: Path, share: float) -> None:
    whole = saved.read_bytes()
    short = tmp_path / "short.zip"
    short.write_bytes(whole[: int(len(whole) * share)])
    refused(short, tmp_path, "不完整")


@pytest.mark.parametrize("content", ["", "SQLite format 3\0" * 100, "案卷" * 1000], ids=["空文件", "数据库", "文字"])
def test_what_is_no_backup(tmp_path: Path, content: str) -> None:
    other = tmp_path / "other"
    other.write_text(content, "utf-8")
    refused(other, tmp_path, "不是必到的备份")


def test_an_archive_of_something_else(saved: Path, tmp_path: Path) -> None:
    packed(tmp_path / "other.zip", {**members(saved), "more.txt": b""})
    refused(tmp_path / "other.zip", tmp_path, "不是必到的备份，是别的压缩文件")


def test_a_byte_changed_anywhere_is_noticed_or_changes_nothing(saved: Path, tmp_path: Path) -> None:
    """Some bytes of an archive, such as the hour of a member, say nothing of what is in it."""
    whole, random, noticed = saved.read_bytes(), Random(4), 0
    flipped = tmp_path / "flipped.zip"
    with Backup(saved) as backup:
        known, sound = (backup.manifest.digest, backup.secret), examined(backup)
    for _ in range(FLIPS):
        altered = bytearray(whole)
        altered[random.randrange(len(whole))] ^= 1 << random.randrange(8)
        flipped.write_bytes(altered)
        try:
            with Backup(flipped) as backup:
                assert (examined(backup), backup.manifest.digest, backup.secret) == (sound, *known)
        except BackupUnusable:
            noticed += 1
    assert noticed > FLIPS * 0.9


def lines(parts: Parts) -> list[bytes]:
    return parts[EVENTS].splitlines(keepends=True)


def reckoned(parts: Parts, **stated: object) -> None:
    """Make the manifest say what the altered members add up to, as whoever alters them knowingly would."""
    manifest = orjson.loads(parts[MANIFEST])
    manifest |= {"events": len(lines(parts)), "digest": hashlib.sha256(parts[EVENTS]).hexdigest()}
    parts[MANIFEST] = orjson.dumps(manifest | stated)


def retold(parts: Parts, place: int, **changes: object) -> None:
    """One event told otherwise."""
    found = lines(parts)
    found[place] = orjson.dumps(orjson.loads(found[place]) | changes, option=orjson.OPT_APPEND_NEWLINE)
    parts[EVENTS] = b"".join(found)


def one_word(parts: Parts) -> None:
    parts[EVENTS] = parts[EVENTS].replace(b"officer-ge", b"officer-gi")


def other_secret(parts: Parts) -> None:
    parts[SECRET] = bytes(32)


def no_secret(parts: Parts) -> None:
    del parts[SECRET]


def newer_format(parts: Parts) -> None:
    reckoned(parts, format=3)


def last_missing(parts: Parts) -> None:
    parts[EVENTS] = b"".join(lines(parts)[:-1])


def one_missing(parts: Parts) -> None:
    found = lines(parts)
    del found[50]
    parts[EVENTS] = b"".join(found)
    reckoned(parts)


def exchanged(parts: Parts) -> None:
    found = lines(parts)
    found[50], found[51] = found[51], found[50]
    parts[EVENTS] = b"".join(found)
    reckoned(parts)


def version_missing(parts: Parts) -> None:
    retold(parts, 85, version=99)
    reckoned(parts)


def of_tomorrow(parts: Parts) -> None:
    retold(parts, 85, type="incident.invented_later")
    reckoned(parts)


def no_event(parts: Parts) -> None:
    parts[EVENTS] += b"and so on\n"
    reckoned(parts)


def one_long_line(parts: Parts) -> None:
    """A megabyte or two as a file, and in memory as much as somebody likes."""
    parts[EVENTS] += b" " * (LONGEST_LINE + 1)
    reckoned(parts)


def short_secret(parts: Parts) -> None:
    parts[SECRET] = b"short"
    reckoned(parts, secret=hashlib.sha256(parts[SECRET]).hexdigest())


def endless_secret(parts: Parts) -> None:
    parts[SECRET] = bytes(LARGEST_MEMBER + 1)
    reckoned(parts, secret=hashlib.sha256(parts[SECRET]).hexdigest())


def endless_manifest(parts: Parts) -> None:
    parts[MANIFEST] += b" " * LARGEST_MEMBER


def test_a_photograph_that_is_there_twice_hides_none_that_is_missing(album: Path, tmp_path: Path) -> None:
    """As many as the manifest says, each as it was kept."""
    parts, path = members(album), tmp_path / "altered.zip"
    first, second = [name for name in parts if name.startswith("evidence/")][:2]
    packed(path, {name: content for name, content in parts.items() if name != second})
    with ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(first, parts[first])
    refused(path, tmp_path, "材料文件与清单不符")


@pytest.mark.parametrize(
    ("alter", "words"),
    [
        (one_word, "内容与清单不符"),
        (other_secret, "密钥与清单不符"),
        (no_secret, "是别的压缩文件"),
        (newer_format, "格式是第3版，本程序只认第2版"),
        (last_missing, "内容与清单不符"),
        (one_missing, "第51条事件缺失，接着的是第52条"),
        (exchanged, "第51条事件缺失，接着的是第52条"),
        (version_missing, "第86条事件不是"),
        (of_tomorrow, "第86条事件（incident.invented_later）本程序不能解读"),
        (no_event, "已损坏或被改动过"),
        (one_long_line, "有一行长得不合理"),
        (short_secret, "密钥不完整"),
        (endless_secret, "secret.key 大得不合理"),
        (endless_manifest, "manifest.json 大得不合理"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_one_that_somebody_altered(saved: Path, tmp_path: Path, alter: Callable[[Parts], None], words: str) -> None:
    parts = members(saved)
    alter(parts)
    packed(tmp_path / "altered.zip", parts)
    refused(tmp_path / "altered.zip", tmp_path, words)


def test_one_packed_in_a_way_that_is_not_read_bit_by_bit(saved: Path, tmp_path: Path) -> None:
    packed(tmp_path / "other.zip", members(saved), ZIP_BZIP2)
    refused(tmp_path / "other.zip", tmp_path, "用别的方法压缩")


def test_a_store_that_is_there_is_never_covered(saved: Path, empty: Settings) -> None:
    assert bidao(empty, "restore", saved).exit_code == 0
    before = log(empty)
    told = bidao(empty, "restore", saved)
    assert told.exit_code == 1
    assert "不覆盖任何数据" in told.output
    assert log(empty) == before


@pytest.mark.parametrize(
    "name",
    ["events.db", "views.db", "outbox.db", "secret.key", "events.db-wal", "events.db-journal", "outbox.db-wal"],
)
def test_nor_is_any_file_of_one(saved: Path, tmp_path: Path, name: str) -> None:
    settings = settings_for(tmp_path)
    (tmp_path / name).write_bytes(b"somebody's")
    told = bidao(settings, "restore", saved)
    assert told.exit_code == 1
    assert name in told.output.replace("\n", "")
    assert left(tmp_path) == [name]
    assert (tmp_path / name).read_bytes() == b"somebody's"


def test_nor_is_a_folder_of_evidence_that_another_store_uses(
    album: Path, pictured: Settings, lasting_store: Store, tmp_path: Path
) -> None:
    """As a rehearsal meets it that is told of its surroundings as the service is."""
    shared = pictured.evidence_folder
    settings = replace(lasting_store, fenced=False).settings(tmp_path / "data", evidence=shared)
    before = list(EvidenceFiles(shared).addresses())
    told = bidao(settings, "restore", album)
    assert told.exit_code == 1
    assert "恢复不动任何文件" in told.output.replace("\n", "")
    assert "检查备份" not in told.output
    assert left(settings.data) == []
    assert list(EvidenceFiles(shared).addresses()) == before
    (tmp_path / "room").mkdir()
    elsewhere = replace(lasting_store, fenced=False).settings(tmp_path / "data", evidence=tmp_path / "room")
    assert bidao(elsewhere, "restore", album).exit_code == 0
    assert list(EvidenceFiles(tmp_path / "room").addresses()) == before


def test_nor_are_views_beside_an_empty_schema(saved: Path, postgres_url: str, tmp_path: Path) -> None:
    settings = Store("postgres", postgres_url, fenced=False).settings(tmp_path)
    beside = Identifier(f"{settings.database_schema}_views")
    with psycopg.connect(postgres_url, autocommit=True) as database:
        database.execute(SQL("CREATE SCHEMA {0}; CREATE TABLE {0}.views ()").format(beside))
        told = bidao(settings, "restore", saved)
        assert told.exit_code == 1
        assert "里有别的库的视图或通知" in told.output
        database.execute(SQL("DROP SCHEMA {} CASCADE").format(beside))
    assert bidao(settings, "restore", saved).exit_code == 0


def test_what_is_gone_with_the_process_is_neither_saved_nor_restored_into(saved: Path, tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "data", database_url=MEMORY)
    told = [bidao(settings, "backup", tmp_path), bidao(settings, "restore", saved)]
    assert [one.exit_code for one in told] == [1, 1]
    assert all("内存里的库随进程消失" in one.output for one in told)
    assert left(settings.data) == []


def test_a_store_without_its_secret_is_not_saved_as_if_it_were_whole(stories: Settings, tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    settings.events_db.write_bytes(stories.events_db.read_bytes())
    told = bidao(settings, "backup", tmp_path / "x.zip")
    assert told.exit_code == 1
    assert "没有密钥文件" in told.output
    assert "x.zip" not in left(tmp_path)


def test_nor_is_a_database_saved_with_the_secret_of_another(saved: Path, postgres_url: str, tmp_path: Path) -> None:
    settings = Store("postgres", postgres_url, fenced=False).settings(tmp_path / "data")
    assert bidao(settings, "restore", saved).exit_code == 0
    settings.secret_key.write_bytes(bytes(32))
    told = bidao(settings, "backup", tmp_path / "x.zip")
    assert told.exit_code == 1
    assert "不是这个数据库原来用的" in told.output
    assert left(tmp_path) == ["data"]


def test_nor_is_one_that_does_not_hold_together(saved: Path, tmp_path: Path) -> None:
    """Somebody has deleted an event from the file."""
    settings = settings_for(tmp_path / "data")
    assert bidao(settings, "restore", saved).exit_code == 0
    with Store("sqlite").owner_of(settings) as tell:
        tell("DELETE FROM stored_events WHERE rowid = 60")
    told = bidao(settings, "backup", tmp_path / "x.zip")
    assert told.exit_code == 1
    assert "第60条事件缺失" in told.output
    assert left(tmp_path) == ["data"]


def test_a_refusal_is_one_sentence_from_its_first_line(saved: Path, stories: Settings, tmp_path: Path) -> None:
    target = settings_for(tmp_path / "data")
    assert bidao(target, "restore", saved).exit_code == 0
    for told, words in (
        (bidao(target, "restore", tmp_path / "none.zip"), "没有备份文件"),
        (bidao(target, "restore", tmp_path), "没有备份文件"),
        (bidao(target, "restore", saved), "已有"),
        (bidao(stories, "backup", tmp_path / "none" / "x.zip"), "没有目录"),
        (bidao(settings_for(tmp_path / "typo"), "backup", tmp_path / "x.zip"), "BIDAO_DATABASE_URL"),
    ):
        assert told.exit_code == 1
        assert words in told.output.replace("\n", "")
        assert told.output.splitlines()[0], "nothing stands before it"
        assert "另一个库" not in told.output
