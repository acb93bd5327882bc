"""What is done to a store and its log lawfully, after which a verification has nothing to say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path
from random import Random
from time import monotonic
from uuid import uuid4

from domain.casework.backups import Backup, save
from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.casework.erasing import Erasing
from domain.casework.kept_keys import BEFORE_ALL, DESTROYED
from domain.casework.new_stores import new_file, new_schema
from domain.casework.recorders import CaseRecorder
from domain.casework.restoring import examined, fill
from domain.casework.rewrapping import rewrap
from domain.erasure import ApproveErasure, Ground, RequestErasure
from domain.incident import commands as c
from domain.incident.events.redaction import Redaction
from domain.incident.words import Stage
from domain.model import Person
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.notes import Signer
from projections.transparency.sealing import Log
from projections.transparency.verifying import KeptOutside, verify
from tests.casework.office import SECRET, Office, caller_of
from tests.casework.stores import StoreKind, postgres_store, sqlite_store
from tests.histories import store
from tests.rules.scene import DISTRICT, RESIDENT, SECRETARY, days, report, until
from tests.transparency.operator import SIGNER
from tests.transparency.tampering import Judge, Tally

AT_ONCE = 0.0
ROUND = 40
"""Verifications of one store, before a new one is begun."""
ALARM, CLEAN = "false alarm", "as it was sealed"


class Keeping:
    """A store that is in use, whose operator does all that is lawful; `kept` is what others have of its log."""

    def __init__(self, kind: StoreKind, folder: Path) -> None:
        self.kind, self.folder = kind, folder
        (folder / "store").mkdir(parents=True)
        self.office = Office(kind, folder / "store")
        self.process = self.office.process()
        self.signer, self.numbers = SIGNER, count(1)
        self.log, self.kept = Log(folder / "log", SIGNER.verifier), list[Checkpoint]()

    @property
    def store(self) -> CaseRecorder:
        return self.process.casework.files.store

    def seal(self) -> None:
        self.kept.append(self.log.seal(self.store, self.signer))

    async def case_archived(self) -> str:
        """The life of a case, and who reported it."""
        number = next(self.numbers)
        subject, of = f"s-{number}", f"case-{number}"
        resident = replace(RESIDENT, id=subject)
        person = Person(subject=subject, name="曾竹英", phone="13900000123")
        moves = [replace(move, of=of) for move in until(Stage.ARCHIVED)[1:]]
        own = [replace(move, actor=resident) if move.actor == RESIDENT else move for move in moves]
        await self.process.do(resident(report(reporter=person), of=of), *own)
        return subject

    async def texts_redacted(self) -> str:
        subject = await self.case_archived()
        asked = RequestErasure(subject=subject, ground=Ground.CONSENT_WITHDRAWN)
        await self.process.casework.enact(asked, caller_of(replace(RESIDENT, id=subject), f"ask-{subject}"))
        redacted = Redaction(version=1, field="description", text="一名住户反映")
        command = c.RedactText(subject=subject, redactions=(redacted,))
        await self.process.do(SECRETARY(command, of=subject.replace("s-", "case-")))
        return subject

    async def somebody_erased(self) -> None:
        subject = await self.texts_redacted()
        approve = ApproveErasure(subject=subject)
        await Erasing(self.process.casework).enact(approve, caller_of(DISTRICT, f"approve-{subject}"))

    async def terms_over(self) -> None:
        """Ten years later, what had to be kept goes as well."""
        await self.somebody_erased()
        self.office.now += days(3653)
        erasing = Erasing(self.process.casework)
        for subject in erasing.due():
            await erasing.conclude(subject)

    async def keys_rewrapped(self) -> None:
        rewrap(self.store, self.process.casework.files.keyring.wrapping, lambda _: None, AT_ONCE)

    async def log_key_changed(self) -> None:
        new = Signer(SIGNER.name, Random(next(self.numbers)).randbytes(32))
        self.kept.append(self.log.rotate(self.store, self.signer, new))
        self.signer = new

    def judged(self, judge: Judge, where: CaseRecorder) -> str:
        """What a verification says of a store that this log should be of."""
        return CLEAN if judge(where, self.log, KeptOutside(self.kept)) is None else ALARM

    def replayed(self, judge: Judge) -> str:
        """Every event put into another store, from the first on."""
        rows = self.store.select_notifications(1, self.store.max_notification_id())
        with closing(CaseFiles(env=MEMORY_ENV)) as files:
            store(files, rows)
            return self.judged(judge, files.store)

    def restored(self, judge: Judge) -> str:
        """From a backup, into a new store of the same kind."""
        nth = next(self.numbers)
        path = self.folder / f"{nth}.zip"
        with path.open("wb") as file:
            save(self.process.casework.files, SECRET, file, datetime.now(self.office.now.tzinfo))
        schema, beside = f"restored_{uuid4().hex}", self.folder / f"{nth}.db"
        url = self.kind.url
        making = new_schema(url, schema, [], b"") if url else new_file(beside)
        with Backup(path) as backup, making as target:
            fill(target, backup, examined(backup), "20260302")
        with postgres_store(url, schema) if url else sqlite_store(beside) as recorder:
            return self.judged(judge, recorder)


DONE: tuple[Callable[[Keeping], Coroutine[object, object, object]], ...] = (
    Keeping.case_archived,
    Keeping.texts_redacted,
    Keeping.somebody_erased,
    Keeping.keys_rewrapped,
    Keeping.log_key_changed,
)
ELSEWHERE: tuple[Callable[[Keeping, Judge], str], ...] = (Keeping.replayed, Keeping.restored)


def clean(kind: StoreKind, folder: Path, count: int, seed: int, judge: Judge = verify) -> Tally:
    """So many verifications of stores of this kind in which nothing was rewritten; the folder is empty at first."""
    tally, began = Tally(), monotonic()
    for start in range(0, count, ROUND):
        draw = Random(f"{seed} {start}")
        asyncio.run(_round(Keeping(kind, folder / str(start)), min(ROUND, count - start), draw, judge, tally))
    tally.seconds = monotonic() - began
    return tally


async def _round(keeping: Keeping, count: int, draw: Random, judge: Judge, tally: Tally) -> None:
    await keeping.case_archived()
    keeping.seal()
    for nth in range(count - 1):
        if nth % 4 == 0:
            look = ELSEWHERE[nth // 4 % 2]
            tally.counted[look.__name__, look(keeping, judge)] += 1
            continue
        do = DONE[nth % len(DONE)]
        await do(keeping)
        if draw.random() < 0.7:  # else the last of it is not yet sealed
            keeping.seal()
        tally.counted[do.__name__, keeping.judged(judge, keeping.store)] += 1
    await keeping.terms_over()
    keeping.seal()
    assert any(key.wrapped == DESTROYED for key in keeping.store.keys_after(BEFORE_ALL)), "else nobody was forgotten"
    tally.counted[keeping.terms_over.__name__, keeping.judged(judge, keeping.store)] += 1
    await keeping.office.aclose()
