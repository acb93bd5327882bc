"""Drawing in a process of its own, begun when somebody asks for a chart and ended when nobody has for a while.

The engine that draws holds the interpreter still for seconds when it begins, and a hundred megabytes from then on:
neither the doors nor the writer may wait for that, and a service that draws nothing should not pay for it.
"""

from __future__ import annotations

import atexit
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Timer
from typing import IO, cast

PATIENCE = 60.0
"""Seconds after which drawing has failed."""
IDLE = 300.0
"""Seconds without a question after which the process ends."""


class NotDrawn(RuntimeError):
    """The process ended, or was ended, before it answered."""


class Pen:
    """One process that draws, one question at a time, from any thread. It ends with this process at the latest."""

    def __init__(self, idle: float = IDLE) -> None:
        self._idle, self._lock = idle, Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ending: Timer | None = None
        atexit.register(self.close)

    def draw(self, asked: bytes) -> bytes:
        """The answer of `api.reports.drawing` to one line. Raises `NotDrawn`; the next question begins anew."""
        with self._lock:
            process = self._begun()
            asking, answering = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
            too_late = _in(PATIENCE, process.kill)
            try:
                asking.write(asked + b"\n")
                asking.flush()
                told = answering.readline()
            except BrokenPipeError:
                told = b""
            finally:
                too_late.cancel()
            if not told:
                self._end()
                raise NotDrawn
            self._ending = _in(self._idle, self.close)
            return told

    def close(self) -> None:
        """End the process, if there is one; whoever is being answered is answered first."""
        with self._lock:
            self._end()

    def _begun(self) -> subprocess.Popen[bytes]:
        if self._ending is not None:
            self._ending.cancel()
        if self._process is not None and self._process.poll() is not None:
            self._end()  # somebody else ended it meanwhile
        if self._process is None:
            program = [sys.executable, "-m", "api.reports.drawing"]
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            with suppress(BrokenPipeError), self._process:  # closes its pipes, and waits
                pass
            self._process = None


def _in(seconds: float, act: Callable[[], None]) -> Timer:
    timer = Timer(seconds, act)
    timer.daemon = True
    timer.start()
    return timer
