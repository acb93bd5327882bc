"""The hashes of the tree in a folder, in tiles of 256 as C2SP tlog-tiles lays them out: files that never change.

`tile/<level>/<index>` holds the hashes of 256 complete subtrees of 256^level leaves each; the last of a level, not yet
full, is `tile/<level>/<index>.p/<count>`. Whoever has a checkpoint finds every proof in them.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from struct import unpack

from domain.casework import durable
from projections.transparency.merkle import Node, complete_root

WIDTH, HEIGHT = 256, 8
"""Hashes in a tile, and the levels of the tree between two levels of tiles."""
BYTES = 32


class TileMissing(LookupError):
    """The folder lacks a tile that a tree of that size has, or a part of it. Carries a Chinese sentence."""


def tile_path(level: int, index: int, count: int = WIDTH) -> str:
    """Where a tile lies: its index in groups of three digits, all but the last marked with an x (C2SP tlog-tiles)."""
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03d}")
    return f"tile/{level}/{'/'.join(groups)}" + ("" if count == WIDTH else f".p/{count}")


class Tiles:
    """The tiles of one log, in a folder of its own. One process appends at a time; any may read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._full = lru_cache(maxsize=512)(self._read)

    def append(self, size: int, leaves: Sequence[bytes]) -> None:
        """Add leaf hashes after the first `size`, and the hashes above them. Done again, the same files come out.

        They are durable when this returns.
        """
        level, start, new, touched = 0, size, list(leaves), set[Path]()
        while new:
            index, before = divmod(start, WIDTH)
            row = [*self.hashes(level, index, before), *new]
            above = []
            while len(row) >= WIDTH:
                touched.add(self._write(level, index, row[:WIDTH]))
                above.append(complete_root(row[:WIDTH]))
                row, index = row[WIDTH:], index + 1
            if row:
                touched.add(self._write(level, index, row))
            level, start, new = level + 1, start // WIDTH, above
        for folder in touched:
            durable.settle(folder)

    def hashes(self, level: int, index: int, count: int) -> list[bytes]:
        """The first hashes of a tile. Raises `TileMissing`."""
        if not count:
            return []
        for read in (self._read, self._full) if count < WIDTH else (self._full,):  # a part goes when its tile is full
            with suppress(FileNotFoundError):
                found = read(level, index, count if read == self._read else WIDTH)[:count]
                if len(found) == count:
                    return found
        raise TileMissing(f"日志缺了 {tile_path(level, index, count)}，无从证明：请先用 bidao verify log 核对。")

    def leaves(self, size: int, index: int) -> list[bytes]:
        """The leaf hashes of the tile with that index, of a log of that size. Raises `TileMissing`."""
        return self.hashes(0, index, min(WIDTH, size - index * WIDTH))

    def node_of(self, size: int) -> Node:
        """The hash of any complete subtree of the tree of that size; see `merkle.Node`. Each tile is read once."""
        read = lru_cache(maxsize=64)(self.hashes)

        def node(level: int, index: int) -> bytes:
            row, within = divmod(level, HEIGHT)
            first = index << within
            tile, start = divmod(first, WIDTH)
            there = min(WIDTH, (size >> (HEIGHT * row)) - tile * WIDTH)
            return complete_root(read(row, tile, there)[start : start + (1 << within)])

        return node

    def _read(self, level: int, index: int, count: int = WIDTH) -> list[bytes]:
        with open(f"{self.folder}/{tile_path(level, index, count)}", "rb") as tile:  # noqa: PTH123 - half of the time
            return _cut(tile.read())

    def _write(self, level: int, index: int, row: Sequence[bytes]) -> Path:
        """All of it or nothing, in the folder returned; what was there of a tile before it was full goes with that."""
        path = self.folder / tile_path(level, index, len(row))
        durable.put(path, b"".join(row))
        if len(row) == WIDTH:
            shutil.rmtree(path.with_name(f"{path.name}.p"), ignore_errors=True)
        return path.parent


def _cut(row: bytes) -> list[bytes]:
    """All whole hashes; four times as fast as slices."""
    count = len(row) // BYTES
    return list(unpack(f"{BYTES}s" * count, row[: count * BYTES]))
