"""Files that are put in their place: whole, of their mode, and nothing left beside them."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from domain.casework import durable


def names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


def test_a_private_file_is_made_once_and_by_one(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "secret"
    with ThreadPoolExecutor(8) as makers:
        list(makers.map(lambda nth: durable.make(path, bytes([nth]) * 32), range(8)))
    found = path.read_bytes()
    assert (len(found), len(set(found))) == (32, 1)
    durable.make(path, b"another")
    assert path.read_bytes() == found
    assert stat.S_IMODE(path.stat().st_mode) == durable.PRIVATE
    assert names(path.parent) == ["secret"]


@pytest.mark.parametrize("mode", [0o666, durable.PRIVATE])
def test_what_is_written_takes_the_place_of_what_was_there(tmp_path: Path, mode: int) -> None:
    path, mask = tmp_path / "note", os.umask(0o022)
    try:
        path.write_bytes(b"former")
        durable.write(path, b"new", mode)
    finally:
        os.umask(mask)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", mode & ~0o022)
    assert names(tmp_path) == ["note"]


def test_what_fails_leaves_the_former_and_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "note"
    path.write_bytes(b"former")

    def fail(_: int) -> None:
        raise OSError("the power is gone")

    monkeypatch.setattr(os, "fsync", fail)
    for put in (durable.write, durable.make):
        with pytest.raises(OSError, match="power"):
            put(path, b"new")
    assert (path.read_bytes(), names(tmp_path)) == (b"former", ["note"])
