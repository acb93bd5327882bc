"""Merkle tree hashes and proofs (RFC 6962 §2.1, RFC 9162 §2.1): pure functions, SHA-256 throughout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

LEAF, NODE = b"\x00", b"\x01"
EMPTY = sha256(b"").digest()
"""The root of a tree without leaves."""
Node = Callable[[int, int], bytes]
"""Level (0: leaves) and index → the hash of that complete subtree, which has 2^level leaves."""


def leaf_hash(record: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(LEAF + record).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return sha256(NODE + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes, the slow and obvious way."""
    if len(hashes) < 2:
        return hashes[0] if hashes else EMPTY
    half = _split(len(hashes))
    return node_hash(root_of(hashes[:half]), root_of(hashes[half:]))


def complete_root(hashes: Sequence[bytes]) -> bytes:
    """The same of a power of two of them, level by level: quicker."""
    row = hashes
    while len(row) > 1:
        row = [sha256(NODE + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def root(size: int, node: Node) -> bytes:
    """The root of the tree of the first `size` leaves."""
    return _subtree(0, size, node) if size else EMPTY


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """The proof that a leaf is in the tree of the first `size` leaves. Raises `ValueError` for one that cannot be."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    proof, low, high = list[bytes](), 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            proof.append(_subtree(middle, high, node))
            high = middle
        else:
            proof.append(_subtree(low, middle, node))
            low = middle
    return proof[::-1]


def consistency(old: int, new: int, node: Node) -> list[bytes]:
    """The proof that the tree of `old` leaves is how that of `new` begins. Raises `ValueError` unless 0 < old ≤ new."""
    if not 0 < old <= new:
        raise ValueError(f"no tree of {new} leaves goes on from one of {old}")
    proof, low, high, whole = list[bytes](), 0, new, True
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            proof.append(_subtree(middle, high, node))
            high = middle
        else:
            proof.append(_subtree(low, middle, node))
            low, whole = middle, False
    return [*([] if whole else [_subtree(low, high, node)]), *proof[::-1]]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof shows that this leaf hash is in the tree with this root (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for sibling in proof:
        if not last:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def goes_on(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that the second tree goes on from the first (RFC 9162 §2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if not last:
            return False
        if at & 1 or at == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and (before, after) == (old_root, new_root)


def _subtree(low: int, high: int, node: Node) -> bytes:
    """The hash over leaves `low` to `high`, the last left out."""
    count = high - low
    half = _split(count)
    if count == 2 * half or count == 1:
        level = count.bit_length() - 1
        return node(level, low >> level)
    return node_hash(_subtree(low, low + half, node), _subtree(low + half, high, node))


def _split(count: int) -> int:
    """The largest power of two smaller than a count; 0 of one."""
    return (1 << (count - 1).bit_length()) >> 1 if count > 1 else 0
