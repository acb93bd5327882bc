"""Proofs, for every size there is up to 128, and against a tree hashed the obvious way."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.transparency.merkle import (
    EMPTY,
    consistency,
    goes_on,
    includes,
    inclusion,
    leaf_hash,
    node_hash,
    root,
    root_of,
)

LEAVES = [leaf_hash(str(nth).encode()) for nth in range(128)]
ROOTS = [root_of(LEAVES[:size]) for size in range(len(LEAVES) + 1)]


def node(level: int, index: int) -> bytes:
    return root_of(LEAVES[index << level : (index + 1) << level])


def test_hashes_are_those_of_the_standard() -> None:
    """The published vectors of Certificate Transparency's reference implementation."""
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"


@pytest.mark.parametrize("size", range(len(LEAVES) + 1))
def test_every_leaf_of_every_tree_is_proven(size: int) -> None:
    assert root(size, node) == ROOTS[size]
    for index in range(size):
        proof = inclusion(index, size, node)
        assert includes(LEAVES[index], index, size, proof, ROOTS[size])
        assert not includes(LEAVES[index - 1], index, size, proof, ROOTS[size]) or size == 1
        assert not includes(LEAVES[index], index, size, [*proof, EMPTY], ROOTS[size])
        assert not proof or not includes(LEAVES[index], index, size, proof[:-1], ROOTS[size])


@pytest.mark.parametrize("new", range(1, len(LEAVES) + 1))
def test_every_tree_goes_on_from_every_smaller_one(new: int) -> None:
    for old in range(1, new + 1):
        proof = consistency(old, new, node)
        assert goes_on(old, ROOTS[old], new, ROOTS[new], proof)
        assert not goes_on(old, ROOTS[old - 1], new, ROOTS[new], proof)
        assert not goes_on(old, ROOTS[old], new, ROOTS[new - 1], proof)
        assert not goes_on(old, ROOTS[old], new, ROOTS[new], [*proof, EMPTY])


@settings(deadline=None)  # whatever else the machine is doing
@given(st.data())
def test_a_flipped_bit_proves_nothing(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion(index, size, node)
    nth, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    damaged = bytearray(proof[nth])
    damaged[bit // 8] ^= 1 << bit % 8
    assert not includes(LEAVES[index], index, size, [*proof[:nth], bytes(damaged), *proof[nth + 1 :]], ROOTS[size])


@pytest.mark.parametrize(("index", "size"), [(-1, 4), (4, 4), (0, 0)])
def test_there_is_no_proof_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion(index, size, node)
    assert not includes(sha256().digest(), index, size, [], ROOTS[size])


@pytest.mark.parametrize(("old", "new"), [(0, 4), (5, 4)])
def test_no_tree_goes_on_from_none_or_from_a_larger_one(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="goes on"):
        consistency(old, new, node)
    assert not goes_on(old, ROOTS[old], new, ROOTS[new], [])
