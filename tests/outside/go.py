"""The judge in Go, on `golang.org/x/mod/sumdb/{tlog,note}` as Debian has them: compiled, and asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.outside.judging import Missing

GOPATH = Path("/usr/share/gocode")
"""Where Debian keeps the libraries of Go."""
SOURCES = [Path(__file__).with_name(name) for name in ("judge.go", "bundle.go")]
AT_ONCE = 500
"""Files named in one command."""


def built(folder: Path) -> Path:
    """The judge, compiled once for each folder. Raises `Missing`."""
    go, program = shutil.which("go"), folder / "judge"
    if go is None:
        raise Missing("没有 go：请先以管理员身份运行 apt-get install golang-go。")
    if not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").exists():
        raise Missing("没有 golang.org/x/mod：请先以管理员身份运行 apt-get install golang-golang-x-mod-dev。")
    if not program.exists():
        environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GOPATH), "GOCACHE": str(folder / "cache")}
        subprocess.run([go, "build", "-o", str(program), *map(str, SOURCES)], check=True, env=environment)
    return program


def verdicts(judge: Path, what: str, key: Path, files: Sequence[Path]) -> list[str | None]:
    """Of each thing judged why it is rejected; None where it is not."""
    said = list[str]()
    for start in range(0, len(files), AT_ONCE):
        asked = [str(judge), what, str(key), *map(str, files[start : start + AT_ONCE])]
        said += subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    return [None if line == "ok" else line for line in said]
