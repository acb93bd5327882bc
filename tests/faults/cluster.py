"""A PostgreSQL of our own that is killed and comes back with whatever it had made durable."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from random import Random
from threading import RLock
from time import monotonic, sleep

import psycopg

PATIENCE = 60.0


class Cluster:
    """The server behind `url`, which this process has started (`tests.postgres.server`)."""

    def __init__(self, url: str) -> None:
        self.url = url
        with psycopg.connect(url) as connection:
            [data] = connection.execute("SHOW data_directory").fetchall()[0]
        self._data = Path(data)
        self._command = shlex.split((self._data / "postmaster.opts").read_text())
        self._postmaster = int((self._data / "postmaster.pid").read_text().split()[0])
        self._again: subprocess.Popen[bytes] | None = None
        self._one_at_a_time = RLock()
        """Else two who find it ended both start it, and the one that is taken for it ends beside the other for ever."""

    def kill(self) -> bool:
        """kill -9 of the postmaster and all its children at once: nothing is flushed, nobody says goodbye.

        It is started again at once. False if it had ended by itself and only had to be started.
        """
        with self._one_at_a_time:
            if self.revive():
                return False
            os.kill(self._postmaster, signal.SIGSTOP)  # so that it starts no child we do not see
            for process in (self._postmaster, *self._children()):
                _kill(process)
            self._has_ended(wait=True)
            self._begin()
            return True

    def kill_backend(self, draw: Random) -> bool:
        """kill -9 of one child, whatever it does; the postmaster then ends all others and recovers by itself.

        False where there is none, since it is just doing that. Killed while it recovers, it gives up: see `revive`.
        """
        with self._one_at_a_time:
            children = [] if self.revive() else self._children()
            if children:
                _kill(draw.choice(children))
            return bool(children)

    def revive(self) -> bool:
        """Start it again if it ended by itself, as a supervisor would; whether it had."""
        with self._one_at_a_time:
            ended = self._has_ended(wait=False)
            if ended:
                self._begin()
            return ended

    def wait(self) -> None:
        """Until it lets somebody in. Raises `RuntimeError` with its last words when it does not."""
        began = monotonic()
        while True:
            self.revive()
            try:
                psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                if monotonic() > began + PATIENCE:
                    raise RuntimeError(f"PostgreSQL did not come back: {self._log.read_text()[-2000:]}") from None
                sleep(0.05)
            else:
                return

    def close(self) -> None:
        """End it, if it was ever killed; else whoever started it does."""
        if self._again is not None:
            self._again.send_signal(signal.SIGQUIT)
            self._again.wait()

    @property
    def _log(self) -> Path:
        return self._data.parent / "log"

    def _begin(self) -> None:
        """The very command it was started with, as `pg_ctl restart` has it; it recovers while nobody waits."""
        with self._log.open("a") as words:
            self._again = subprocess.Popen(
                self._command, stdout=words, stderr=words, user=self._data.stat().st_uid, cwd=self._data.parent
            )
        self._postmaster = self._again.pid

    def _has_ended(self, *, wait: bool) -> bool:
        """Whether the postmaster is gone; its remains are cleared away, or the next one would not begin beside them."""
        if self._again is None:
            return os.waitpid(self._postmaster, 0 if wait else os.WNOHANG) != (0, 0)
        return (self._again.wait() if wait else self._again.poll()) is not None

    def _children(self) -> list[int]:
        return [
            int(child)
            for child in Path(f"/proc/{self._postmaster}/task/{self._postmaster}/children").read_text().split()
        ]


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
