"""验证: everything is computed again from the stored events, and held against what was signed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain.casework.recorders import CaseRecorder, Stored
from projections.transparency import merkle
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.leaves import leaf_of
from projections.transparency.sealing import Log, pages
from projections.transparency.tiles import WIDTH, TileMissing

Progress = Callable[[int, int], None]
"""Told how many leaves were computed, and how many there are."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is not as it was sealed: at which leaf, and the event that stands there now, if any."""

    sentence: str
    leaf: int | None = None
    stream: str | None = None
    version: int | None = None


def verify(
    store: CaseRecorder, log: Log, against: Sequence[Checkpoint] = (), progress: Progress | None = None
) -> Fault | None:
    """What is wrong; None where every event is as it was sealed.

    Held are the log's own checkpoints, every one of them, and those that somebody else has kept (`against`), each of
    which was opened with the log's key before. Raises `NoteInvalid` for one of the log's own that is not signed so.
    """
    last = log.checkpoint
    if last is None:
        return Fault("还没有封存过，没有可以核对的。")
    held = {(one.size, one.root): one for one in (*log.earlier(), last, *against)}
    longest = max((one.size for one in against), default=0)
    if longest > last.size:
        return Fault(f"另存的检查点封存了{longest}条，这里的日志只有{last.size}条：日志被截短过。")
    leaves, fault = _recomputed(store, log, last, progress)
    if fault:
        return fault
    for one in sorted(held.values(), key=lambda one: one.size):
        if _root(leaves, one.size) != one.root:
            return Fault(f"与封存{one.size}条时的检查点不符：日志和库一起被改动过。")
    return None


def _recomputed(
    store: CaseRecorder, log: Log, last: Checkpoint, progress: Progress | None
) -> tuple[list[bytes], Fault | None]:
    """The leaf hashes of the events as they are stored now, up to the first that is not the one sealed."""
    leaves = list[bytes]()
    for page in pages(store, 0, last.position):
        found = [leaf_of(row) for row in page]
        sealed, fault = _sealed(log, last.size, len(leaves), len(found))
        if found != sealed:
            differing = (nth for nth, (now, then) in enumerate(zip(found, sealed, strict=False)) if now != then)
            at = next(differing, len(sealed))
            return leaves, fault if fault and at == len(sealed) else _differs(last.size, len(leaves) + at, page[at])
        leaves += found
        if progress:
            progress(len(leaves), last.size)
    if len(leaves) < last.size:
        return leaves, Fault(f"库里少了第{len(leaves)}片叶子以后的{last.size - len(leaves)}条事件。", len(leaves))
    return leaves, None


def _sealed(log: Log, size: int, start: int, count: int) -> tuple[list[bytes], Fault | None]:
    """So many leaf hashes as they were sealed, from one on; fewer where the log ends, or lacks some of them."""
    found = list[bytes]()
    for tile in range(start // WIDTH, -(-min(size, start + count) // WIDTH)):
        first = max(start - tile * WIDTH, 0)
        try:
            found += log.tiles.leaves(size, tile)[first : start + count - tile * WIDTH]
        except TileMissing:
            return found, Fault(f"日志缺了第{tile}块叶子，无从核对。", start + len(found))
    return found, None


def _differs(size: int, leaf: int, row: Stored) -> Fault:
    """What is wrong with the event that stands at a leaf."""
    what = "与封存时不同" if leaf < size else "在封存之后插到了前面"
    sentence = f"第{row.id}条事件（{row.topic}，第{row.originator_version}版）{what}。"
    return Fault(sentence, leaf, str(row.originator_id), row.originator_version)


def _root(leaves: Sequence[bytes], size: int) -> bytes:
    return merkle.root(size, _levels(leaves))


def _levels(leaves: Sequence[bytes]) -> merkle.Node:
    """Complete subtrees, each hashed once."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        row = levels[-1]
        levels.append([merkle.node_hash(*pair) for pair in zip(row[::2], row[1::2], strict=False)])

    return lambda level, index: levels[level][index]
