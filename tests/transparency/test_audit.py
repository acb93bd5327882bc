"""Whoever checks the log over HTTP needs nothing of ours but what the standards say."""

from __future__ import annotations

from itertools import pairwise

import httpx
import pytest

from projections.transparency import merkle
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.keys import LogKeys
from projections.transparency.notes import Verifier
from projections.transparency.tiles import WIDTH, tile_path
from tests.api.terminal import Terminal
from tests.api.visitor import Visitor
from tests.projections.waiting import until
from tests.stores import Store
from tests.transparency.watching import sealed


def held(door: Visitor, keys: LogKeys) -> Checkpoint:
    """The checkpoint of all there is now."""
    until(lambda: sealed(door))
    answer = door.read("/api/v1/audit/checkpoint")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    return keys.checkpoint(answer.text)


def leaves(door: Visitor, size: int) -> list[bytes]:
    """All leaf hashes, out of the tiles."""
    found = []
    for start in range(0, size, WIDTH):
        path = tile_path(0, start // WIDTH, min(WIDTH, size - start))
        answer = door.read(f"/api/v1/audit/{path}")
        assert answer.is_success, path
        assert "immutable" in answer.headers["Cache-Control"]
        found += [answer.content[at : at + 32] for at in range(0, len(answer.content), 32)]
    return found


def test_an_auditor_follows_the_log_and_every_event_is_proven(door: Visitor, keys: LogKeys) -> None:
    checkpoints = []
    for _ in range(3):
        door.report()
        checkpoints.append(held(door, keys))
    last = checkpoints[-1]
    found = leaves(door, last.size)
    assert merkle.root_of(found) == last.root
    assert Verifier.parse(door.read("/api/v1/audit/key").text) == keys.current
    for old, new in pairwise(checkpoints):
        answer = door.read(f"/api/v1/audit/consistency?from={old.size}&to={new.size}")
        proof = [bytes.fromhex(one) for one in answer.json()["proof"]]
        assert merkle.goes_on(old.size, old.root, new.size, new.root, proof)
        assert not merkle.goes_on(old.size, new.root, new.size, new.root, proof)
    for position in (1, 2, last.position // 2, last.position):
        told = door.read(f"/api/v1/audit/inclusion?event_position={position}").json()
        proof = [bytes.fromhex(one) for one in told["proof"]]
        leaf, index = bytes.fromhex(told["leaf_hash"]), told["leaf_index"]
        checkpoint = keys.checkpoint(told["checkpoint"])
        assert leaf == found[index]
        assert merkle.includes(leaf, index, checkpoint.size, proof, checkpoint.root)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("tile/0/999", 404),
        ("tile/0/0", 404),
        ("tile/0/000.p/0", 404),
        ("tile/0/000.p/256", 404),
        ("tile/0/000.p/255", 404),
        ("tile/0/x000/000", 404),
        ("tile/0/..%2F..%2Fcheckpoint", 404),
        ("tile/7/000", 404),
        ("tile/8/000", 404),
        ("tile/-1/000", 404),
        ("consistency?from=0", 422),
        ("consistency?from=2&to=1", 409),
        ("consistency?from=1&to=1000000", 409),
        ("inclusion?event_position=1000000", 409),
        ("inclusion?event_position=0", 422),
        ("inclusion", 422),
    ],
)
def test_what_is_not_sealed_is_not_there(door: Visitor, keys: LogKeys, path: str, status: int) -> None:
    assert held(door, keys).size < 255
    answer = door.read(f"/api/v1/audit/{path}")
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["checkpoint", "key", "tile/0/000.p/1", "consistency?from=1", "inclusion?event_position=1"]
)
def test_the_log_is_for_staff(door: Visitor, keys: LogKeys, path: str) -> None:
    held(door, keys)
    assert door.read(f"/api/v1/audit/{path}").status_code == 200
    assert door.read(f"/api/v1/audit/{path}", "s-zeng").status_code == 403
    assert door.client.get(f"/api/v1/audit/{path}").status_code == 401


def test_nothing_is_proven_of_an_event_that_was_rewritten(
    door: Visitor, terminal: Terminal, keys: LogKeys, lasting_store: Store
) -> None:
    held(door, keys)
    with lasting_store.owner_of(terminal.settings) as owner:
        if terminal.settings.postgres is not None:
            owner("ALTER TABLE stored_events DISABLE TRIGGER refuse_change")
        owner("UPDATE stored_events SET topic = 'territory.renamed' WHERE originator_version = 1")
    answer = door.read("/api/v1/audit/inclusion?event_position=1")
    assert (answer.status_code, answer.json()["code"]) == (409, "not-as-sealed")


def test_without_a_key_there_is_no_log(door: Visitor, terminal: Terminal, keys: LogKeys) -> None:
    held(door, keys)
    (terminal.settings.log_folder / "key").unlink()
    answer: httpx.Response = door.read("/api/v1/audit/checkpoint")
    assert (answer.status_code, answer.json()["code"]) == (409, "not-sealed")
