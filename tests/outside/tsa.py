"""A time stamping authority (RFC 3161) on this machine: openssl with a throwaway certificate, behind HTTP."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from tests.outside.judging import Missing

CONFIG = """
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[signer]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
serial = {folder}/serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
Answer = Callable[[bytes], bytes]


def openssl(*words: str | Path) -> subprocess.CompletedProcess[bytes]:
    """What openssl says. Raises `Missing`."""
    program = shutil.which("openssl")
    if program is None:
        raise Missing("没有 openssl：请先以管理员身份运行 apt-get install openssl。")
    return subprocess.run([program, *map(str, words)], capture_output=True, check=False)


class Authority:
    """`root` is the certificate to trust. `answers` may be put in place of what it answers a query with."""

    def __init__(self, folder: Path, name: str = "stamps.example.org") -> None:
        folder.mkdir(parents=True)
        self._folder, self._config, self.root = folder, folder / "config", folder / "root.pem"
        self._config.write_text(CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")
        self._turn = Lock()
        """The file of serial numbers is for one at a time."""
        self.answers: Answer = self.stamp
        self._certify("root", f"/CN=root of {name}")
        self._certify("signer", f"/CN={name}", "-CA", self.root, "-CAkey", folder / "root.key")

    def stamp(self, query: bytes) -> bytes:
        """The response to a query."""
        asked, told = self._folder / "query", self._folder / "response"
        by = ("-signer", self._folder / "signer.pem", "-inkey", self._folder / "signer.key")
        with self._turn:
            asked.write_bytes(query)
            self._run(
                "ts", "-reply", "-config", self._config, "-section", "tsa", "-queryfile", asked, "-out", told, *by
            )
            return told.read_bytes()

    def _certify(self, what: str, subject: str, *by: str | Path) -> None:
        key = (
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            self._folder / f"{what}.key",
        )
        form = ("-config", self._config, "-extensions", what, "-subj", subject, "-days", "2")
        self._run("req", "-x509", *key, *form, *by, "-out", self._folder / f"{what}.pem")

    def _run(self, *words: str | Path) -> None:
        done = openssl(*words)
        if done.returncode:
            raise RuntimeError(done.stderr.decode())


@contextmanager
def serving_stamps(authority: Authority) -> Iterator[str]:
    """The address at which it answers until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            right = self.headers["Content-Type"] == "application/timestamp-query"
            body = authority.answers(query) if right else b""
            self.send_response(200 if right else 415)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: pytest shows what matters."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="stamps")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
