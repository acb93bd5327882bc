"""验证: everything is computed again from the stored events, and held against what was signed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.casework.recorders import CaseRecorder, LogLine
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.frontier import Frontier
from projections.transparency.heads import Head
from projections.transparency.leaves import leaves_of
from projections.transparency.receipts import Acknowledged
from projections.transparency.sealing import Log, pages
from projections.transparency.tiles import WIDTH, TileMissing, Tiles

BEFORE_ALL = -(2**63) - 1
"""Before any position a database can hold: whatever stands where there should be none is read as well."""
Progress = Callable[[int, int], None]
"""Told how many leaves were computed, and how many there are."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is not as it was sealed: at which leaf, and the event that stands there now, if any."""

    sentence: str
    leaf: int | None = None
    stream: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class KeptOutside:
    """What somebody else has kept of a log, each opened with its keys before: checkpoints, statements, receipts."""

    checkpoints: Sequence[Checkpoint] = ()
    heads: Sequence[Head] = ()
    receipts: Sequence[Acknowledged] = ()


NOTHING = KeptOutside()


class _Wrong(Exception):
    """Ends the computing."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.sentence)
        self.fault = fault


def verify(
    store: CaseRecorder, log: Log, outside: KeptOutside = NOTHING, progress: Progress | None = None
) -> Fault | None:
    """What is wrong; None where every event is as it was sealed.

    Events are held against the tiles, and the tree against the tiles above and every checkpoint, statement and
    receipt that the log keeps or somebody else has. Memory does not grow with the log. Raises `NoteInvalid` for what
    the log keeps and is not signed as it should be.
    """
    last = log.checkpoint
    if last is None:
        return Fault("还没有封存过，没有可以核对的。")
    own = [*log.earlier(), last, *(one.until for one in log.keys.successions)]
    said: list[Checkpoint | Head] = [*own, *log.heads(), *outside.checkpoints, *outside.heads]
    longest = max(one.size for one in said)
    if longest > last.size:
        return Fault(f"另存的检查点或声明封存了{longest}条，这里的日志只有{last.size}条：日志被截短过。")
    unsealed = [one.position for one in outside.receipts if one.position > last.position]
    if unsealed:
        return Fault(f"回执所说的第{min(unsealed)}条事件还没有封存：请先封存再核对。")
    try:
        _Recomputing(log.tiles, last, said, outside.receipts).run(store, progress)
    except _Wrong as wrong:
        return wrong.fault
    return None


class _Recomputing:
    """The tree as it comes out of the events that are stored now."""

    def __init__(
        self, tiles: Tiles, last: Checkpoint, said: Sequence[Checkpoint | Head], receipts: Sequence[Acknowledged]
    ) -> None:
        self._tiles, self._last = tiles, last
        self._tree = Frontier(self._require_tile)
        self._said: dict[int, list[Checkpoint | Head]] = defaultdict(list)
        for one in said:
            self._said[one.size].append(one)
        self._stops = sorted(self._said, reverse=True)
        self._acknowledged = defaultdict[int, set[str | None]](set)
        for receipt in receipts:
            self._acknowledged[receipt.position].add(receipt.leaf_hash)
        self._versions = {one.stream: 0 for one in said if isinstance(one, Head)}

    def run(self, store: CaseRecorder, progress: Progress | None) -> None:
        """Raises `_Wrong` for the first thing that is not as it was sealed."""
        size = self._last.size
        self._hold()
        for page in pages(store, BEFORE_ALL, self._last.position):
            start = 0
            while start < len(page):
                start += self._take(page[start:])
            if progress:
                progress(self._tree.size, size)
        if self._tree.size < size:
            gone = f"库里少了第{self._tree.size}片叶子以后的{size - self._tree.size}条事件。"
            raise _Wrong(Fault(gone, self._tree.size))
        for position in self._acknowledged:
            raise _Wrong(Fault(f"回执所说的第{position}条事件不在日志里：封存之前被删掉了。"))
        for level, index, row in self._tree.open_tiles():
            self._require_tile(level, index, row)

    def _take(self, rows: Sequence[LogLine]) -> int:
        """The next leaves, no further than their tile and the next thing to be held against; how many there were."""
        at, size = self._tree.size, self._last.size
        if at == size:
            raise _Wrong(_differs(size, at, rows[0]))
        rows = rows[: min(self._tree.room, self._stops[-1] - at)]
        found, sealed = leaves_of(rows), self._sealed(at, len(rows))
        if found != sealed:
            differing = next(nth for nth, (now, then) in enumerate(zip(found, sealed, strict=True)) if now != then)
            raise _Wrong(_differs(size, at + differing, rows[differing]))
        self._hold_receipts(rows, found)
        self._tree.extend(found)
        if self._versions:
            for row in rows:
                if row[1] in self._versions:
                    self._versions[row[1]] = row[2]
        self._hold()
        return len(rows)

    def _hold_receipts(self, rows: Sequence[LogLine], found: Sequence[bytes]) -> None:
        """What was acknowledged is what was sealed."""
        for nth, (position, stream, version, *_) in enumerate(rows if self._acknowledged else ()):
            if self._acknowledged.pop(position, {leaf := found[nth].hex()}) != {leaf}:
                changed = f"第{position}条事件与回执不符：答复之后、封存之前被改动过。"
                raise _Wrong(Fault(changed, self._tree.size + nth, _case(stream), version))

    def _sealed(self, at: int, count: int) -> list[bytes]:
        """So many leaf hashes of one tile, as they were sealed."""
        tile, first = divmod(at, WIDTH)
        try:
            return self._tiles.leaves(self._last.size, tile)[first : first + count]
        except TileMissing:
            raise _Wrong(Fault(f"日志缺了第{tile}块叶子，无从核对。", at)) from None

    def _require_tile(self, level: int, index: int, row: Sequence[bytes]) -> None:
        """What proofs are read from is what comes out."""
        try:
            same = self._tiles.hashes(level, index, len(row)) == row
        except TileMissing:
            raise _Wrong(Fault(f"日志缺了第{level}层第{index}块哈希。")) from None
        if not same:
            raise _Wrong(Fault(f"日志第{level}层第{index}块哈希与事件不符：日志被改动过。"))

    def _hold(self) -> None:
        """Hold against the tree of this size all that was said of it."""
        size = self._tree.size
        if not self._stops or self._stops[-1] != size:
            return
        self._stops.pop()
        root = self._tree.root
        for one in self._said.pop(size):
            if isinstance(one, Head):
                if self._versions[one.stream] != one.version:
                    raise _Wrong(_false(one, self._versions[one.stream]))
            elif one.root != root:
                raise _Wrong(Fault(f"与封存{size}条时的检查点不符：日志和库一起被改动过。"))


def _differs(size: int, leaf: int, row: LogLine) -> Fault:
    """What is wrong with the event that stands at a leaf."""
    position, stream, version, name, _ = row
    what = "与封存时不同" if leaf < size else "在封存之后插到了前面"
    return Fault(f"第{position}条事件（{name}，第{version}版）{what}。", leaf, _case(stream), version)


def _case(stream: str) -> str:
    """A stream as people know it; whatever else somebody has put there, as it is."""
    try:
        return str(UUID(stream))
    except ValueError:
        return stream


def _false(head: Head, version: int) -> Fault:
    said = f"声明说封存{head.size}条时有{head.version}版，实际有{version}版：声明不实。"
    return Fault(said, None, _case(head.stream), version)
