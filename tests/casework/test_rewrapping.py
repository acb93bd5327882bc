"""密钥文件 and 换钥: what wraps the keys is kept apart and changed while services run; what it was tells nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from domain.casework import durable
from domain.casework.case_files import KEY_FILE, CaseFiles, sqlite_env
from domain.casework.index_keys import OWNER, IndexKeys
from domain.casework.kept_keys import BEFORE_ALL, DESTROYED, KeptKey
from domain.casework.key_encryption import KeysInFile, KeysInMemory, Wrapping, WrappingUnusable
from domain.casework.keyring import bound_to, fingerprint_of
from domain.casework.rewrapping import rewrap
from domain.casework.sealing import KeyId
from domain.erasure import ApproveErasure
from domain.incident.words import Stage
from tests.casework.office import Office, Process, caller_of
from tests.casework.stores import StoreKind
from tests.casework.test_erasing import NAME, TEN_YEARS, WHO, ready, reported
from tests.rules.scene import DISTRICT, LIN, NEIGHBOUR, OTHER, report, until

pytestmark = pytest.mark.anyio
AT_ONCE = 0.0
KEY = bytes(range(32))


def nothing(_: int) -> None:
    """Nobody watches."""


def wrapping_of(process: Process) -> Wrapping:
    return process.casework.files.keyring.wrapping


def file_of(office: Office) -> Path:
    return Path(office.env[KEY_FILE])


async def test_all_is_read_and_written_as_before_by_whoever_was_there(office: Office) -> None:
    process = office.process()
    await ready(process)
    store = process.casework.files.store
    before = store.keys_after(BEFORE_ALL)
    shown: list[int] = []
    assert rewrap(store, wrapping_of(process), shown.append, AT_ONCE) == len(before)
    assert shown[-1] == len(before)
    after = store.keys_after(BEFORE_ALL)
    assert [key.id for key in after] == [key.id for key in before]
    assert not {key.wrapped for key in before if key.wrapped} & {key.wrapped for key in after}
    for where in (process, office.process()):
        where.casework.files.keyring.forget()
        told, gone = await reported(where)
        assert told.reporter is not None
        assert (told.reporter.name, gone) == (NAME, ("reporter.phone",))
        await where.do(NEIGHBOUR(report(reporter=LIN), of=OTHER))


async def test_broken_off_it_is_run_again(office: Office) -> None:
    process = office.process()
    await ready(process)
    store, wrapping = process.casework.files.store, wrapping_of(process)

    def breaks(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rewrap(store, wrapping, breaks, AT_ONCE)
    process.casework.files.keyring.forget()
    assert (await reported(process))[0].reporter is not None
    assert rewrap(store, wrapping, nothing, AT_ONCE) > 0
    process.casework.files.keyring.forget()
    assert (await reported(process))[0].reporter is not None


async def test_an_old_copy_tells_nothing_of_whoever_was_forgotten_since(tmp_path: Path) -> None:
    """Neither with the key file of now nor with any that is still there; before the rotation it does: nothing else
    keeps them apart."""
    (tmp_path / "now").mkdir()
    office = Office(StoreKind("sqlite"), tmp_path / "now")
    process = office.process()
    erasing = await ready(process, approved=False)
    copied(office, tmp_path / "then")
    office.now += TEN_YEARS
    await erasing.enact(ApproveErasure(subject=WHO), caller_of(DISTRICT, "approve"))
    assert NAME in told_by(tmp_path / "then" / "events.db", file_of(office))
    rewrap(process.casework.files.store, wrapping_of(process), nothing, AT_ONCE, only=True)  # the copy was opened
    with pytest.raises(WrappingUnusable):
        told_by(tmp_path / "then" / "events.db", file_of(office))
    await office.aclose()


def copied(office: Office, to: Path) -> None:
    """The files of the store as a backup program finds them; the key file is not among them."""
    to.mkdir()
    for path in office.folder.glob("events.db*"):
        shutil.copy(path, to)


def told_by(database: Path, key_file: Path) -> str:
    """Everything an old copy says with these keys."""
    with closing(CaseFiles(env=sqlite_env(str(database), str(key_file)))) as files:
        rows = files.store.select_notifications(1, files.store.max_notification_id())
        return " ".join(line.event.model_dump_json(warnings=False) for line in files.lines.to_lines(rows))


async def test_what_is_destroyed_is_in_no_file_of_the_store(tmp_path: Path) -> None:
    office = Office(StoreKind("sqlite"), tmp_path)
    process = office.process()
    erasing = await ready(process, approved=False)
    store = process.casework.files.store
    wrapped = [key.wrapped for key in store.select_keys([WHO])]
    assert all(found(tmp_path, one) for one in wrapped), "else nothing is shown"
    office.now += TEN_YEARS
    await erasing.enact(ApproveErasure(subject=WHO), caller_of(DISTRICT, "approve"))
    assert {key.wrapped for key in store.select_keys([WHO])} == {DESTROYED}
    assert [found(tmp_path, one) for one in wrapped] == [[] for _ in wrapped]
    before = file_of(office).read_bytes()
    rewrap(store, wrapping_of(process), nothing, AT_ONCE)
    assert found(tmp_path, before.strip()) == []
    await office.aclose()


def found(folder: Path, what: bytes) -> list[str]:
    """The files in which these bytes are."""
    return [path.name for path in folder.rglob("*") if path.is_file() and what in path.read_bytes()]


async def test_of_two_at_once_one_is_refused_and_changes_nothing(office: Office) -> None:
    if office.kind.name == "memory":
        assert rewrap(office.process().casework.files.store, KeysInMemory(), nothing, AT_ONCE) == 0, "nobody else can"
        return
    process, another = office.process(), office.process()
    await ready(process)
    store, wrapping, refused = process.casework.files.store, wrapping_of(process), list[str]()

    def second() -> None:
        before = file_of(office).read_bytes(), store.keys_after(BEFORE_ALL)
        with pytest.raises(WrappingUnusable, match="另一个 bidao keys rewrap 正在换") as no:
            rewrap(another.casework.files.store, wrapping_of(another), nothing, AT_ONCE)
        assert (file_of(office).read_bytes(), store.keys_after(BEFORE_ALL)) == before
        refused.append(str(no.value))

    IndexKeys(store, wrapping).make()
    rewrap(store, wrapping, nothing, AT_ONCE, second)
    assert len(refused) == 1
    assert (await reported(office.process()))[0].reporter is not None
    assert rewrap(another.casework.files.store, wrapping_of(another), nothing, AT_ONCE) > 0, "the lock is free again"
    assert (await reported(office.process()))[0].reporter is not None


async def test_what_another_store_is_wrapped_by_is_not_destroyed(kind: StoreKind, tmp_path: Path) -> None:
    """Neither at the start nor where the other store comes in the midst of it; a file of its own, or a word, helps."""
    if kind.name == "memory":
        assert not CaseFiles(env=kind.env(tmp_path)).store.place, "nobody shares what is in memory"
        return
    shared, offices = tmp_path / "kek.key", list[Office]()
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        offices.append(Office(kind, tmp_path / name))
        offices[-1].env[KEY_FILE] = str(shared)
    one, other = offices
    process, again = one.process(), one.process()
    await ready(process)
    store, wrapping = process.casework.files.store, wrapping_of(process)
    rewrap(again.casework.files.store, wrapping_of(again), nothing, AT_ONCE)  # two processes of one store may
    IndexKeys(store, wrapping).make()

    def comes() -> None:
        other.process()

    with pytest.raises(WrappingUnusable, match="还有别的库在用"):
        rewrap(store, wrapping, nothing, AT_ONCE, comes)
    await ready(other.process())
    before = shared.read_bytes()
    for office in (one, other):
        asked = office.processes[0]
        with pytest.raises(WrappingUnusable, match="还有别的库在用"):
            rewrap(asked.casework.files.store, wrapping_of(asked), nothing, AT_ONCE)
        assert shared.read_bytes() == before
        assert (await reported(office.process()))[0].reporter is not None
    other.env[KEY_FILE] = str(tmp_path / "own.key")
    shutil.copy(shared, other.env[KEY_FILE])
    rewrap(store, wrapping, nothing, AT_ONCE, only=True)
    for office in (one, other):
        moved = office.process()
        assert (await reported(moved))[0].reporter is not None
        rewrap(moved.casework.files.store, wrapping_of(moved), nothing, AT_ONCE)
        assert (await reported(office.process()))[0].reporter is not None
        await office.aclose()


@pytest.mark.parametrize("late", [KeyId("s-late", "case", 1), KeyId(OWNER, "index", 9)])
async def test_what_comes_late_is_wrapped_anew_before_the_key_before_is_destroyed(office: Office, late: KeyId) -> None:
    """While the index is made, an append comes in that was held up longer than anybody thought; or its key does."""
    process = office.process()
    await ready(process)
    store, wrapping = process.casework.files.store, wrapping_of(process)
    held_up = KeptKey(late, wrapping.wrap(KEY, bound_to(late)), fingerprint_of(KEY))

    def comes() -> None:
        store.put_key(held_up)

    IndexKeys(store, wrapping).make()
    rewrap(store, wrapping, nothing, AT_ONCE, comes)
    kept = [key for key in store.select_keys([late.subject]) if key.wrapped != DESTROYED]
    assert kept
    assert all(wrapping.is_newest(key.wrapped) for key in kept)
    assert all(len(wrapping.unwrap(key.wrapped, bound_to(key.id))) == len(KEY) for key in kept)


def test_only_the_key_that_was_told_is_left_alone(tmp_path: Path) -> None:
    keys = KeysInFile(tmp_path / "kek.key", make=True)
    wrapped, first = keys.wrap(KEY, b"place"), keys.renew()
    keys.renew()
    before = keys.path.read_bytes()
    with pytest.raises(WrappingUnusable, match="旧的没有销毁"):
        keys.retire(first)
    assert keys.path.read_bytes() == before
    assert keys.unwrap(wrapped, b"place") == KEY


def test_the_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    KeysInFile(tmp_path / "kek.key", make=True)
    assert (tmp_path / "kek.key").stat().st_mode & 0o777 == 0o600


def test_of_processes_that_start_at_once_all_have_the_same_key(tmp_path: Path) -> None:
    one, other = (KeysInFile(tmp_path / "kek.key", make=True) for _ in range(2))
    assert other.unwrap(one.wrap(KEY, b"place"), b"place") == KEY


def test_a_process_that_was_idle_meanwhile_has_the_new_key(tmp_path: Path) -> None:
    """Also where the new file comes to lie where the one it had read lay (the same inode)."""
    path = tmp_path / "kek.key"
    busy, idle = KeysInFile(path, make=True), KeysInFile(path, make=False)
    for _ in range(20):
        before = path.stat().st_ino
        busy.retire(busy.renew())
        if path.stat().st_ino == before:
            break
        idle = KeysInFile(path, make=False)
    wrapped = busy.wrap(KEY, b"place")
    assert idle.is_newest(wrapped)
    assert busy.unwrap(idle.wrap(KEY, b"place"), b"place") == KEY
    assert idle.unwrap(wrapped, b"place") == KEY


def test_links_to_one_file_stay_links_to_it(tmp_path: Path) -> None:
    shared, links = tmp_path / "kek.key", [tmp_path / "one" / "kek.key", tmp_path / "other" / "kek.key"]
    KeysInFile(shared, make=True)
    for link in links:
        link.parent.mkdir()
        link.symlink_to(shared)
    one, other = (KeysInFile(link, make=False) for link in links)
    wrapped = other.wrap(KEY, b"place")
    one.renew()
    assert all(link.is_symlink() for link in links)
    assert one.is_newest(other.wrap(KEY, b"place"))
    for keys in (one, other, *(KeysInFile(link, make=False) for link in links)):
        assert keys.unwrap(wrapped, b"place") == KEY


def test_a_key_is_unwrapped_where_it_belongs_and_by_what_wrapped_it(tmp_path: Path) -> None:
    here, elsewhere = KeysInFile(tmp_path / "here", make=True), KeysInFile(tmp_path / "elsewhere", make=True)
    wrapped = here.wrap(KEY, b"place")
    assert here.unwrap(wrapped, b"place") == KEY
    for keys, at, says in ((elsewhere, b"place", "找回原来的密钥文件"), (here, b"another", "被改动过")):
        with pytest.raises(WrappingUnusable, match=says):
            keys.unwrap(wrapped, at)


def test_the_former_keys_are_overwritten_only_once_the_new_file_has_its_name_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a power cut in between could bring back the name of a file of zeros."""
    path, settle = tmp_path / "kek.key", durable.settle
    keys, seen = KeysInFile(path, make=True), list[bytes]()
    whole = path.read_bytes()
    with path.open("rb") as former:

        def settled(folder: Path) -> None:
            seen.append(former.read())
            settle(folder)

        monkeypatch.setattr(durable, "settle", settled)
        keys.renew()
        former.seek(0)
        assert (seen, former.read()) == ([whole], bytes(len(whole)))
    assert path.read_bytes().startswith(whole)


def none_there(path: Path) -> None:
    path.unlink()


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:30])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("damage", [none_there, half, empty])
async def test_a_store_is_not_opened_without_its_keys(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """Nor is another key made, or what is in it would be lost for good."""
    office = Office(StoreKind("sqlite"), tmp_path)
    await office.process().do(*until(Stage.REPORTED))
    await office.aclose()
    damage(tmp_path / "kek.key")
    before = names_in(tmp_path)
    with pytest.raises(WrappingUnusable):
        CaseFiles(env=office.env)
    assert names_in(tmp_path) == before
