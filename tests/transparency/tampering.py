"""Rewritings of a store by whoever owns its database, and what a verification makes of each.

What is named, by what was done:

| done | named |
|---|---|
| an event altered in its place | the leaf, the case and the version that stand there |
| moved to another case or version | the leaf, and where it stands now: only its hash knows where it stood |
| taken out, put in, exchanged, put off | the leaf at which it begins, and the event that stands there now |
| the tail cut off | the leaf at which it begins; no event stands there |
| sealed anew by whoever has the key as well | between which checkpoints that others kept it begins, no leaf |
| … and shorter than what others kept | that it is shorter, not where |
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from api.opening import open_case_files
from domain.casework.batches import stream_name
from domain.casework.case_files import CaseFiles
from domain.casework.recorders import CaseRecorder, Stored
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.sealing import Log
from projections.transparency.verifying import NOTHING, Fault, KeptOutside, verify
from tests.histories import history, store
from tests.stores import Store
from tests.transparency.operator import SIGNER, sealed
from tests.transparency.owner import Owner, owner_of
from tests.transparency.rewriting import LOOSE, REWRITES, Rewrite, Rows

Judge = Callable[[CaseRecorder, Log, KeptOutside], Fault | None]
KEPT_EVERY, SEVERAL, ANEW = 50, 0.2, 0.05
"""Events after which somebody keeps a checkpoint; shares of the rewritings that do several things, or seal anew."""
UNNOTICED, FOUND_ELSEWHERE, LOCALISED = "unnoticed", "found elsewhere", "found where it was done"


@dataclass(slots=True)
class Tally:
    """What was done, and what was said of it."""

    counted: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: float = 0.0

    def of(self, verdict: str) -> Counter[str]:
        """How often, by what was done."""
        return Counter({done: times for (done, said), times in self.counted.items() if said == verdict})


class Place(NamedTuple):
    """A store that was sealed, its log, what others kept of it, and who may do with it what they like."""

    files: CaseFiles
    log: Log
    kept: Sequence[Checkpoint]
    owner: Owner
    loose: bool

    @property
    def rewrites(self) -> Sequence[Rewrite]:
        return (*REWRITES, *LOOSE) if self.loose else REWRITES


@cache
def rows() -> Sequence[Stored]:
    """More than one tile of leaves takes."""
    return [sealed(row) for row in history(3, 4, 700)][:320]


@contextmanager
def place(kind: Store, folder: Path) -> Iterator[Place]:
    """A store of this kind, in an empty folder."""
    settings = kind.settings(folder / "data")
    log, kept = Log(folder / "log", SIGNER.verifier), list[Checkpoint]()
    with closing(open_case_files(settings)) as files:
        for start in range(0, len(rows()), KEPT_EVERY):
            store(files, rows()[start : start + KEPT_EVERY])
            kept.append(log.seal(files.store, SIGNER))
        with owner_of(kind, settings) as owner:
            yield Place(files, log, kept, owner, loose=not kind.url)


def tampering(at: Place, count: int, seed: int, judge: Judge = verify) -> Tally:
    """So many rewritings, one after the other; each is undone before the next."""
    tally, began = Tally(), monotonic()
    for nth in range(count):
        draw = Random(f"{seed} {nth}")
        done, others = rewritten(at.rewrites[nth % len(at.rewrites)], draw)
        with at.owner.instead(rows(), others):
            if draw.random() < ANEW and others[0].id > 0:
                tally.counted[f"{done}, sealed anew", _anew(at, others, judge)] += 1
            else:
                fault = judge(at.files.store, at.log, NOTHING)
                right = fault is not None and (fault.leaf, fault.stream, fault.version) == begins(others)
                tally.counted[done, _verdict(fault, right)] += 1
    tally.seconds = monotonic() - began
    return tally


def rewritten(rewrite: Rewrite, draw: Random) -> tuple[str, Rows]:
    """The rows after it, or after several; such as a database can hold."""
    while True:
        found = list(rows())
        chosen = draw.choices(REWRITES, k=draw.randint(2, 4)) if draw.random() < SEVERAL else [rewrite]
        for one in chosen:
            one(found, draw)
            found.sort(key=lambda row: row.id)
        places = {(row.originator_id, row.originator_version) for row in found}
        if found != rows() and len(found) == len(places) == len({row.id for row in found}):
            return rewrite.__name__ if len(chosen) == 1 else "several", found


def begins(others: Rows) -> tuple[int, str | None, int | None]:
    """The first leaf that is not as it was sealed, and what stands there now; nothing beyond the last position does."""
    known = rows()
    leaf = next(nth for nth in range(len(known)) if others[nth : nth + 1] != known[nth : nth + 1])
    if leaf >= len(others) or others[leaf].id > known[-1].id:
        return leaf, None, None
    return leaf, str(UUID(stream_name(others[leaf].originator_id))), others[leaf].originator_version


def _anew(at: Place, others: Rows, judge: Judge) -> str:
    """Whoever has the key as well seals what they made of it; the log of before is gone, but for what others kept."""
    folder = at.log.folder.with_name("forged")
    forged = Log(folder, SIGNER.verifier)
    last = forged.seal(at.files.store, SIGNER)
    fault = judge(at.files.store, forged, KeptOutside(at.kept))
    shutil.rmtree(folder)
    if last.size < at.kept[-1].size:
        return _verdict(fault, fault is not None and f"只有{last.size}条：日志被截短过" in fault.sentence)
    disagreeing = next(one.size for one in at.kept if one.size > begins(others)[0])
    return _verdict(fault, fault == Fault(f"与封存{disagreeing}条时的检查点不符：日志和库一起被改动过。"))


def _verdict(fault: Fault | None, right: bool) -> str:
    return UNNOTICED if fault is None else LOCALISED if right else FOUND_ELSEWHERE
