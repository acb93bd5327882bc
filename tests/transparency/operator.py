"""A log of random histories whose personal fields are sealed, and bundles made of it, as an operator would."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import UUID

import orjson

from domain.casework.batches import stream_name
from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.casework.recorders import Stored
from domain.casework.recording import BY_TYPE
from domain.casework.sealing import KeyId, Place, field_key, seal
from domain.privacy import parts_of
from projections.transparency.bundles import Bundle
from projections.transparency.bundling import FieldKeys, bundle_of, keys_from
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.notes import Signer
from projections.transparency.sealing import Log
from tests.histories import history, of_case, store

SIGNER = Signer("example.org/log", bytes(range(32)))
IMPOSTOR = Signer("example.org/log", bytes(range(1, 33)))
"""Who would like to be taken for the operator: the same name, another key."""
SECOND, THIRD = (Signer("example.org/log", bytes(range(nth, nth + 32))) for nth in (2, 3))
"""The keys of an operator who changed them."""


def key_of(place: Place, key: KeyId) -> bytes:
    """The key of a field, as the operator's keyring would give it."""
    return field_key(sha256(key.subject.encode()).digest(), place, key)


EVERY_KEY = keys_from(key_of)


class Operator:
    """A store, its log, and the key that signs; `kept` is every checkpoint, as those it was handed to have it.

    The log itself soon keeps only some of them. At the first cuts the keys of `successors` take over.
    """

    def __init__(self, rows: Sequence[Stored], cuts: Iterable[int] = (), successors: Iterable[Signer] = ()) -> None:
        self.rows, self.signer = rows, SIGNER
        self.files = CaseFiles(env=MEMORY_ENV)
        folder = mkdtemp(prefix="bidao-log-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.log, changes = Log(Path(folder), SIGNER.verifier), iter(successors)
        self.kept = list[Checkpoint]()
        start = 0
        for cut in (*cuts, len(rows)):
            store(self.files, rows[start:cut])
            self.kept.append(self.log.seal(self.files.store, self.signer))
            for new in islice(changes, 1):
                self.log.rotate(self.files.store, self.signer, new)
                self.signer = new
            start = cut

    @property
    def cases(self) -> list[UUID]:
        """In the order in which they were reported."""
        return list(dict.fromkeys(UUID(hex=stream_name(row.originator_id)) for row in self.rows if of_case(row)))

    def bundle(self, case: UUID, field_keys: FieldKeys = EVERY_KEY, earlier: Sequence[Checkpoint] = ()) -> Bundle:
        return bundle_of(case, self.files.store, self.log, self.signer, field_keys, earlier)


@cache
def operator(seed: int) -> Operator:
    """With three checkpoints."""
    rows = [sealed(row) for row in history(seed)]
    return Operator(rows, cuts=(len(rows) // 3, len(rows) // 2))


@cache
def succeeded(seed: int) -> Operator:
    """The same, and the key was changed at the first two."""
    whole = operator(seed)
    return Operator(whole.rows, [one.size for one in whole.kept[:-1]], (SECOND, THIRD))


@cache
def succeeded_at_the_ends(seed: int) -> Operator:
    """The same, and the key was changed before anything was sealed, and again when everything was."""
    rows = operator(seed).rows
    return Operator(rows, (0, len(rows)), (SECOND, THIRD))


def sealed(row: Stored) -> Stored:
    """The same event with what is personal in it sealed."""
    if not of_case(row):
        return row
    line = orjson.loads(row.state)
    for said in parts_of(BY_TYPE[row.topic]).said(line["event"]):
        said.holder[said.name] = sealed_value(said.holder[said.name], row, said.path)
    return with_state(row, orjson.dumps(line))


def sealed_value(value: Any, row: Stored, path: str) -> str:
    """A value sealed in the name of its case."""
    stream = stream_name(row.originator_id)
    place, key = Place(stream, row.originator_version, row.topic, path), KeyId(stream, "case")
    return seal(orjson.dumps(value), place, key, key_of(place, key))


def with_state(row: Stored, state: bytes) -> Stored:
    return Stored(row.originator_id, row.originator_version, row.topic, state, row.id)
