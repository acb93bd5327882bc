"""Seals and exports random histories, and has pm4py, r4pm and Go's own libraries judge: `python -m tests.outside`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from domain.casework.application import MEMORY_ENV, CaseFiles
from projections.transparency.leaves import record_of
from projections.transparency.notes import Signer
from projections.transparency.sealing import Log
from tests.histories import history, store
from tests.outside import mining

SEEDS, FORGERIES = range(3), 60
GOPATH = "/usr/share/gocode"
"""Where Debian keeps the libraries of Go."""
MISSING = "没有 go 或 golang.org/x/mod：请先以管理员身份运行 apt-get install golang-go golang-golang-x-mod-dev。"


def main() -> None:
    sys.stdout.write(mining.judged())
    go = shutil.which("go")
    if go is None or not (Path(GOPATH) / "src/golang.org/x/mod/sumdb/tlog").exists():
        sys.exit(MISSING)
    with TemporaryDirectory() as scratch:
        here = Path(scratch)
        judge = built(go, here)
        for seed in SEEDS:
            sealed(here, seed)
            if said := verdict(judge, here):
                sys.exit(f"Go rejects the log of history {seed}: {said}")
            for nth in range(FORGERIES):
                if verdict(judge, forged(here, Random(1000 * seed + nth))) is None:
                    sys.exit(f"Go accepts forgery {nth} of history {seed}")
    sys.stdout.write(f"Go agrees with {len(SEEDS)} logs and rejects {len(SEEDS) * FORGERIES} forgeries of them.\n")


def built(go: str, folder: Path) -> Path:
    """The judge, compiled."""
    program = folder / "judge"
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": GOPATH, "GOCACHE": str(folder / "cache")}
    source = Path(__file__).with_name("judge.go")
    subprocess.run([go, "build", "-o", str(program), str(source)], check=True, env=environment)
    return program


def sealed(folder: Path, seed: int) -> None:
    """Key, checkpoint and leaves of a history."""
    signer = Signer.new("example.org/log")
    shutil.rmtree(folder / "log", ignore_errors=True)
    log = Log(folder / "log", signer.verifier)
    with closing(CaseFiles(env=MEMORY_ENV)) as files:
        store(files, history(seed))
        log.seal(files.store, signer)
    (folder / "key").write_text(f"{signer.verifier}\n")
    (folder / "checkpoint").write_text(log.note or "")
    (folder / "leaves").write_text("".join(f"{record_of(row).hex()}\n" for row in history(seed)))


def forged(folder: Path, draw: Random) -> Path:
    """The same with one letter changed: of the checkpoint's text or signature, or of a leaf."""
    copy = folder / "forged"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for name in ("key", "checkpoint", "leaves"):
        shutil.copy(folder / name, copy)
    path = copy / draw.choice(("checkpoint", "leaves"))
    text = path.read_text()
    telling = zip(text, f"{text[1:]} ", strict=True)  # the last letter of Base64 has bits that Go does not look at
    at = draw.choice([nth for nth, (letter, after) in enumerate(telling) if letter.isalnum() and after != "="])
    other = draw.choice([letter for letter in "0123456789abcdef" if letter != text[at]])
    path.write_text(text[:at] + other + text[at + 1 :])
    return copy


def verdict(judge: Path, folder: Path) -> str | None:
    """Why the judge rejects what lies there; None where it does not."""
    asked = [str(judge), *(str(folder / name) for name in ("key", "checkpoint", "leaves"))]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stdout.strip() or done.stderr.strip()


if __name__ == "__main__":
    main()
