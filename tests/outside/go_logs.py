"""Go verifies the logs of random histories, and rejects forgeries of them."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from random import Random

from domain.casework.case_files import MEMORY_ENV, CaseFiles
from projections.transparency.leaves import record_of
from projections.transparency.notes import Signer
from projections.transparency.sealing import Log
from tests.histories import history, store
from tests.outside.go import built, verdicts
from tests.outside.judging import Disagreement

SEEDS, FORGERIES = range(3), 60


def judge(scratch: Path) -> str:
    program = built(scratch)
    for seed in SEEDS:
        sealed(scratch, seed)
        if said := verdict(program, scratch):
            raise Disagreement(f"Go rejects the log of history {seed}: {said}")
        for nth in range(FORGERIES):
            if verdict(program, forged(scratch, Random(1000 * seed + nth))) is None:
                raise Disagreement(f"Go accepts forgery {nth} of history {seed}")
    return f"Go agrees with {len(SEEDS)} logs and rejects {len(SEEDS) * FORGERIES} forgeries of them."


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


def verdict(program: Path, folder: Path) -> str | None:
    """Why the judge rejects what lies there; None where it does not."""
    [said] = verdicts(program, "log", folder / "key", [folder / "checkpoint", folder / "leaves"])
    return said
