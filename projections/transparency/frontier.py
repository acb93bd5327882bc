"""The right edge of a growing tree: enough to know its root at every size, and no more however large it grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from projections.transparency.merkle import EMPTY, complete_root, node_hash
from projections.transparency.tiles import WIDTH

OnTile = Callable[[int, int, Sequence[bytes]], None]
"""Told of each tile that is full: level, index, and its hashes."""


class Frontier:
    """Of each level of tiles the one that is not yet full."""

    def __init__(self, on_tile: OnTile | None = None) -> None:
        self.size = 0
        self._on_tile = on_tile
        self._rows: list[list[bytes]] = []
        self._full: list[int] = []

    @property
    def room(self) -> int:
        """How many leaves the last tile still takes."""
        return WIDTH - self.size % WIDTH

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add leaf hashes, `room` of them at most."""
        self.size += len(leaves)
        self._extend(0, leaves)

    def _extend(self, level: int, hashes: Sequence[bytes]) -> None:
        if level == len(self._rows):
            self._rows.append([])
            self._full.append(0)
        row = self._rows[level]
        row += hashes
        if len(row) == WIDTH:
            if self._on_tile:
                self._on_tile(level, self._full[level], row)
            self._full[level] += 1
            self._rows[level] = []
            self._extend(level + 1, [complete_root(row)])

    def open_tiles(self) -> Iterator[tuple[int, int, Sequence[bytes]]]:
        """Of each level the tile that is not yet full, if there is anything in it: level, index, and its hashes."""
        for level, (index, row) in enumerate(zip(self._full, self._rows, strict=True)):
            if row:
                yield level, index, row

    @property
    def root(self) -> bytes:
        """The root over all leaves so far."""
        found: bytes | None = None
        for row in self._rows:  # from the right: the smallest complete subtree first
            end = len(row)
            while end:
                start = end - (end & -end)
                subtree = complete_root(row[start:end])
                found, end = subtree if found is None else node_hash(subtree, found), start
        return EMPTY if found is None else found
