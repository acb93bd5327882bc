"""A hot standby that follows a primary by streaming, is promoted, and takes its place when the primary is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.postgres import PATIENCE, await_server, binaries, reachable, server


@dataclass(frozen=True, slots=True)
class Pair:
    """Two servers, each by its address."""

    primary: str
    standby: str

    @property
    def url(self) -> str:
        """The address a service is given: whichever of the two takes writes."""
        hosts = [str(conninfo_to_dict(url)["host"]) for url in (self.primary, self.standby)]
        return make_conninfo(self.primary, host=",".join(hosts), target_session_attrs="read-write")

    def synchronize(self) -> None:
        """From now on no commit is acknowledged before the standby has it on its disk."""
        _tell(self.primary, "ALTER SYSTEM SET synchronous_standby_names = '*'")
        _await(self.primary, "SELECT FROM pg_stat_replication WHERE sync_state = 'sync'")

    def part(self) -> None:
        """The standby hears nothing any more, and nobody notices."""
        _tell(self.standby, "ALTER SYSTEM SET primary_conninfo = ''")
        _await(self.primary, "SELECT WHERE NOT EXISTS (SELECT FROM pg_stat_replication)")

    def lose_primary(self) -> None:
        """As the whole machine would go: kill -9 of the server and of every process of its."""
        folder = str(conninfo_to_dict(self.primary)["host"])
        head = int(Path(folder, "data", "postmaster.pid").read_text().split()[0])
        family = [head, *map(int, Path(f"/proc/{head}/task/{head}/children").read_text().split())]
        for process in family:
            os.kill(process, signal.SIGKILL)

    def promote(self) -> None:
        """The standby takes writes, alone: it waits for no standby of its own."""
        with psycopg.connect(self.standby, autocommit=True) as connection:
            assert connection.execute("SELECT pg_promote()").fetchone() == (True,)


@contextmanager
def pair() -> Iterator[Pair]:
    """A primary and its standby, both removed at the end."""
    with ExitStack() as until_the_end:
        primary = until_the_end.enter_context(server())
        yield Pair(primary, until_the_end.enter_context(_standby(primary)))


@contextmanager
def _standby(primary: str) -> Iterator[str]:
    programs = binaries()
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(mkdtemp(prefix="bidao-postgres-"))
    folder.chmod(0o755)
    if user:
        shutil.chown(folder, user)
        programs = reachable(programs, folder)
    data, log = folder / "data", folder / "log"
    try:
        with log.open("w") as words:
            told: dict[str, Any] = {"stdout": words, "stderr": words, "user": user, "cwd": folder}
            copy = [str(programs / "pg_basebackup"), "--dbname", primary, "--pgdata", str(data)]
            copy += ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]
            if subprocess.run(copy, check=False, **told).returncode:
                raise RuntimeError(f"pg_basebackup failed: {log.read_text()}")
            serve = [str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses="]
            serve += ["-c", f"max_connections={_tell(primary, 'SHOW max_connections')}"]  # no fewer than the primary's
            running = subprocess.Popen(serve, **told)
        try:
            url = make_conninfo(primary, host=str(folder))
            await_server(url, running, log)
            yield url
        finally:
            running.send_signal(signal.SIGQUIT)
            running.wait()
    finally:
        shutil.rmtree(folder)


def _tell(url: str, statement: str) -> Any:
    """What a server answers, if anything; a setting that was changed is in force soon."""
    with psycopg.connect(url, autocommit=True) as connection:
        answer = connection.execute(statement.encode())
        found = answer.fetchone() if answer.description else None
        connection.execute("SELECT pg_reload_conf()")
    return found[0] if found else None


def _await(url: str, asked: str) -> None:
    """Until a query finds a row."""
    began = monotonic()
    with psycopg.connect(url, autocommit=True) as connection:
        while not connection.execute(asked.encode()).fetchall():
            if monotonic() - began > PATIENCE:
                raise RuntimeError(f"in vain: {asked}")
            sleep(0.02)
