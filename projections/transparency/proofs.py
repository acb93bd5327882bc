"""Proofs out of a sealed log: that an event is in it, and that it goes on from what somebody holds of it."""

from __future__ import annotations

from pydantic import Field

from domain.casework.recorders import CaseRecorder
from domain.model import Model
from projections.transparency import merkle
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.leaves import leaves_of
from projections.transparency.notes import NoteText
from projections.transparency.sealing import Log, LogBroken
from projections.transparency.tiles import WIDTH


class NotSealed(LookupError):
    """The log has not come that far. Carries a Chinese sentence."""


class Inclusion(Model):
    """一条记录在日志里的证明（RFC 6962）：由叶子哈希和 `proof` 可以算出检查点里的根哈希。"""

    position: int
    leaf_index: int = Field(description="第几片叶子，从0起")
    leaf_hash: str = Field(description="叶子哈希，十六进制")
    proof: tuple[str, ...] = Field(description="自下而上的旁支哈希，十六进制")
    checkpoint: NoteText = Field(description="签过名的检查点，证明以它为准")


class Consistency(Model):
    """日志从一个大小接着长到另一个大小的证明（RFC 6962）：从前的没有改过。"""

    old: int
    new: int
    proof: tuple[str, ...] = Field(description="哈希，十六进制")


def inclusion_of(log: Log, store: CaseRecorder, position: int) -> Inclusion:
    """The proof of the event at a position. Raises `NotSealed`, `LogBroken`, `NoteInvalid`, `TileMissing`."""
    note, last = sealed(log)
    if position > last.position:
        raise NotSealed(f"已封存到第{last.position}条，这一条还没有封存，请稍后再问。")
    found, index = leaves_of(store.select_log(position - 1, position, 1)), position - 1  # positions are dense from 1
    if index >= last.size or found != _leaf(log, last.size, index):
        raise LogBroken(f"第{position}条事件与封存时不同，请用 bidao verify log 核对。")
    proof = merkle.inclusion(index, last.size, log.tiles.node_of(last.size))
    return Inclusion(
        position=position,
        leaf_index=index,
        leaf_hash=found[0].hex(),
        proof=tuple(map(bytes.hex, proof)),
        checkpoint=note,
    )


def consistency_of(log: Log, old: int, new: int | None) -> Consistency:
    """The proof that the log of one size goes on from the other; None is all of it. Raises as `inclusion_of`."""
    _, last = sealed(log)
    new = last.size if new is None else new
    if not old <= new <= last.size:
        raise NotSealed(f"日志现在封存了{last.size}条：from 不能大于 to，to 不能大于这个数。")
    proof = merkle.consistency(old, new, log.tiles.node_of(last.size))
    return Consistency(old=old, new=new, proof=tuple(map(bytes.hex, proof)))


def sealed(log: Log) -> tuple[str, Checkpoint]:
    """The last checkpoint, as it is signed and as it is read. Raises `NotSealed`, `NoteInvalid`."""
    note = log.note
    if note is None:
        raise NotSealed("还没有封存过。")
    return note, log.keys.checkpoint(note)


def _leaf(log: Log, size: int, index: int) -> list[bytes]:
    tile, within = divmod(index, WIDTH)
    return log.tiles.leaves(size, tile)[within : within + 1]
