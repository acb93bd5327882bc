"""The service seals by itself, on a thread of its own: whatever goes wrong here keeps no command from being taken."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import NamedTuple

from domain.casework.recorders import CaseRecorder
from projections.leadership import FileLeadership, Leadership
from projections.transparency.key_file import KeyFile
from projections.transparency.sealing import Log

log = logging.getLogger(__name__)
EVERY = 0.8
"""Seconds from one sealing to the next, however much is written; a sealing takes some of the rest of the second."""
LOCK = "lock"


class Busy(RuntimeError):
    """Somebody else is sealing into the folder. Carries a Chinese sentence."""


class Standing(NamedTuple):
    """Up to which position everything is sealed, and whether this process fails to go on."""

    position: int
    failing: bool


class Sealer:
    """Seals a store into a folder for as long as there is a key, in the one process that leads.

    `wake` tells of our own events; for those of other processes it looks each `every` seconds. A key that is made or
    changed meanwhile is taken up.
    """

    def __init__(
        self, store: CaseRecorder, folder: Path, key: KeyFile, leadership: Leadership, every: float = EVERY
    ) -> None:
        self.error: str | None = None
        """What keeps it from sealing here, by the name of the error."""
        self.leads = False
        """Whether this is the process that seals."""
        self._store, self._folder, self._key, self._leadership = store, folder, key, leadership
        self._every = every
        self._woken, self._ended = Event(), Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Seal from now on."""
        self._thread = Thread(target=self._run, name="sealer", daemon=True)
        self._thread.start()

    def wake(self, position: int) -> None:
        """Say that the store has come this far. Returns at once."""
        del position
        self._woken.set()

    def close(self) -> None:
        """Seal what there still is, and end the thread. The store stays open."""
        self._ended.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._leadership.release()

    def standing(self) -> Standing | None:
        """How it stands, whoever seals; None where there is no key to seal with."""
        try:
            signer = self._key.signer()
            if signer is None:
                return None
            sealed = Log(self._folder, signer.verifier).checkpoint
        except (ValueError, OSError):
            return Standing(0, failing=True)
        return Standing(sealed.position if sealed else 0, self.error is not None)

    def _run(self) -> None:
        ending = False
        while not ending:
            ending = self._ended.is_set()  # read before the store, so that all there will be is sealed
            began = monotonic()
            self._woken.clear()
            self._try()
            self._woken.wait(self._every)
            self._ended.wait(began + self._every - monotonic())

    def _try(self) -> None:
        """Once; what fails is logged when it begins, and when it is over."""
        try:
            signer = self._key.signer()
            self.leads = signer is not None and self._leadership.take()
            if signer is not None and self.leads:
                self._folder.mkdir(parents=True, exist_ok=True)
                with turn(self._folder):
                    Log(self._folder, signer.verifier).seal(self._store, signer)
        except Busy:
            return  # somebody seals by hand
        except Exception as error:
            if self.error != type(error).__name__:
                self.error = type(error).__name__
                log.exception("nothing is sealed for the moment")
        else:
            if self.error:
                self.error = None
                log.info("sealing goes on")


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """The right to write into the folder of a log, for one process at a time. Raises `Busy`."""
    lock = FileLeadership(folder / LOCK)
    if not lock.take():
        raise Busy("另一个封存正在进行，请稍后再试。")
    try:
        yield
    finally:
        lock.release()
