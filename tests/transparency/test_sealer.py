"""Of several that could seal one store one does, and what it cannot do keeps nobody from their work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from api.opening import open_case_files, open_sealer
from api.settings import Settings
from domain.casework import durable
from domain.casework.case_files import CaseFiles
from projections.leadership import SharedLeadership
from projections.transparency.key_file import KeyFile
from projections.transparency.notes import Signer
from projections.transparency.sealer import Sealer, turn
from projections.transparency.sealing import Log
from projections.transparency.verifying import verify
from tests.histories import history, store
from tests.projections.waiting import until
from tests.stores import Store

SIGNER = Signer("example.org/log", bytes(range(32)))
EVENTS = list(history(3))
HALF = len(EVENTS) // 2


@pytest.fixture
def settings(lasting_store: Store, tmp_path: Path) -> Settings:
    settings = lasting_store.settings(tmp_path / "data")
    durable.make(settings.log_key, SIGNER.written.encode())
    return settings


@pytest.fixture
def files(settings: Settings) -> Iterator[CaseFiles]:
    with closing(open_case_files(settings)) as files:
        store(files, EVENTS[:HALF])
        yield files


def sealed_to(sealer: Sealer, position: int) -> Callable[[], bool]:
    def come() -> bool:
        found = sealer.standing()
        return found is not None and found.position == position and not found.failing

    return come


def test_what_is_stored_is_sealed_and_the_rest_at_the_end(settings: Settings, files: CaseFiles) -> None:
    with closing(open_sealer(settings, files)) as sealer:
        sealer.start()
        until(sealed_to(sealer, HALF))
        store(files, EVENTS[HALF:-1])  # as another process would: nobody says so
        until(sealed_to(sealer, len(EVENTS) - 1))
        store(files, EVENTS[-1:])
        sealer.wake(len(EVENTS))
    log = Log(settings.log_folder, SIGNER.verifier)
    assert log.checkpoint
    assert log.checkpoint.size == len(EVENTS)
    assert verify(files.store, log) is None


def test_one_seals_and_another_takes_over(settings: Settings, files: CaseFiles, tmp_path: Path) -> None:
    """Each has a folder of its own here, so that it shows who seals."""
    with closing(open_sealer(settings, files)) as first:
        first.start()
        until(sealed_to(first, HALF))
        second = open_sealer(settings, files)
        second._folder = tmp_path / "second"
        with closing(second):
            second.start()
            store(files, EVENTS[HALF:])
            until(sealed_to(first, len(EVENTS)))
            assert not (tmp_path / "second").exists()
            first.close()
            until(sealed_to(second, len(EVENTS)))


def test_without_a_key_nothing_is_sealed_until_there_is_one(settings: Settings, files: CaseFiles) -> None:
    settings.log_key.unlink()
    with closing(open_sealer(settings, files)) as sealer:
        sealer.start()
        assert sealer.standing() is None
        durable.make(settings.log_key, SIGNER.written.encode())
        until(sealed_to(sealer, HALF))


def test_what_keeps_it_from_sealing_is_told_once_and_it_goes_on(
    settings: Settings, files: CaseFiles, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = settings.log_folder / "checkpoint"
    in_the_way.mkdir(parents=True)
    with caplog.at_level(logging.INFO, "projections.transparency.sealer"):
        sealer = Sealer(files.store, settings.log_folder, KeyFile(settings.log_key), SharedLeadership(), every=0.01)
        with closing(sealer):
            sealer.start()
            until(lambda: sealer.error == "IsADirectoryError")
            assert sealer.standing() == (0, True)
            in_the_way.rmdir()
            until(sealed_to(sealer, HALF))
    assert [record.message for record in caplog.records] == ["nothing is sealed for the moment", "sealing goes on"]


def test_a_key_that_cannot_be_read_is_told(settings: Settings, files: CaseFiles) -> None:
    settings.log_key.write_text("nonsense")
    with closing(open_sealer(settings, files)) as sealer:
        sealer.start()
        until(lambda: sealer.error == "KeyInvalid")
        assert sealer.standing() == (0, True)


def test_whoever_seals_by_hand_has_the_folder_to_himself(settings: Settings, files: CaseFiles) -> None:
    settings.log_folder.mkdir(parents=True)
    with closing(open_sealer(settings, files)) as sealer:
        with turn(settings.log_folder):
            sealer.start()
            sealer.close()
            assert sealer.standing() == (0, False)
        sealer.start()
        until(sealed_to(sealer, HALF))
