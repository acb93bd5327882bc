"""Where the events of one case stand in the log, and the checkpoint over them: short enough for a printed page."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from domain.casework.recorders import CaseRecorder, Stored
from domain.model import Model
from projections.transparency.leaves import leaf_of
from projections.transparency.sealing import Log
from projections.transparency.tiles import WIDTH, TileMissing


class Leaf(Model):
    """一版在日志里的叶子。`as_sealed` 为否，库里的这一条与封存时不同。"""

    version: int
    leaf: int = Field(description="第几片叶子，从0起")
    as_sealed: bool


class CaseProof(Model):
    """案卷在封存日志里的位置，以及所依据的检查点；指纹与 `bidao verify` 所报的是同一个。"""

    size: int = Field(description="检查点封存了多少条")
    position: int = Field(description="封存到的位置")
    fingerprint: str = Field(description="检查点的指纹，四个字母一组")
    checkpoint: str = Field(description="签过名的检查点全文")
    leaves: tuple[Leaf, ...] = Field(description="已封存的各版；后来的还没有")


def case_proof(case: UUID, store: CaseRecorder, log: Log, until: int) -> CaseProof | None:
    """What the log's last checkpoint says of a case up to a position; None before anything was sealed.

    Raises `NoteInvalid`, `KeyInvalid` where the log says nothing that could be believed.
    """
    note, last = log.note, log.checkpoint
    if note is None or last is None:
        return None
    rows = [row for row in store.select_case(case) if row.id <= min(until, last.position)]
    return CaseProof(
        size=last.size,
        position=last.position,
        fingerprint=last.fingerprint,
        checkpoint=note,
        leaves=tuple(_leaf(row, log, last.size) for row in rows),
    )


def _leaf(row: Stored, log: Log, size: int) -> Leaf:
    leaf = row.id - 1  # positions are dense from 1 (`CaseRecorder`)
    try:
        sealed = log.tiles.leaves(size, leaf // WIDTH)[leaf % WIDTH :][:1]
    except TileMissing:
        sealed = []
    return Leaf(version=row.originator_version, leaf=leaf, as_sealed=sealed == [leaf_of(row)])
