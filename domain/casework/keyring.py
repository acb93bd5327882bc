"""The keys of subjects in memory: made when first needed, looked up when not known, given up when in doubt.

A key that is destroyed stays so: nothing more is ever sealed for that subject in that class, unless only single
fields were redacted; then what follows gets a key of the next generation.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Collection, Iterable
from hashlib import sha256
from threading import Lock
from typing import NamedTuple

import orjson

from domain.casework.kept_keys import DESTROYED, KeptKey, KeyTable
from domain.casework.key_encryption import Wrapping
from domain.casework.sealing import LENGTH, KeyId, Place, field_key
from domain.model import Rule

FORGOTTEN = Rule("subject-forgotten", "{subject}的资料已依法删除，不能再用这个编号登记；本人又来办事的，请用新的编号。")
RULES = {FORGOTTEN.id: FORGOTTEN}
SIZE = 50_000
"""Subjects whose keys are kept in memory, the least recently used forgotten first."""


class SubjectKey(NamedTuple):
    """One key, open: whole (`secret`), or what is left of it once fields were redacted (`fields`), or destroyed."""

    kept: KeptKey
    secret: bytes = b""
    fields: dict[str, bytes] | None = None
    """Place (version and path) → the key of that field, where only some of them are left."""

    @property
    def seals(self) -> bool:
        """Whether more may be sealed with it."""
        return bool(self.secret)

    def of_field(self, place: Place) -> bytes | None:
        """The key of one field; None where it is destroyed."""
        if self.fields is not None:
            return self.fields.get(left(place))
        return field_key(self.secret, place, self.kept.id) if self.secret else None


def left(place: Place) -> str:
    """How a field is named among those left of a key."""
    return f"{place.stream}/{place.version}/{place.path}"


class Keyring:
    """Keys of one store. From any thread; sealing reads nothing from the store."""

    def __init__(self, table: KeyTable, wrapping: Wrapping, size: int = SIZE) -> None:
        self.table, self.wrapping = table, wrapping
        self._size = size
        self._known: OrderedDict[str, dict[KeyId, SubjectKey]] = OrderedDict()
        self._pending: dict[KeyId, KeptKey] = {}
        self._lock = Lock()

    def to_seal(self, subject: str, retention: str) -> SubjectKey:
        """The key for what is said of a subject now: one that is known, or a new one.

        A new one is only a guess that the store has none: it comes with the event, which is refused if it has.
        Raises `Refused` for a subject who is forgotten.
        """
        with self._lock:
            known = self._known.get(subject, {})
            keys = [key for key in known.values() if key.kept.id.retention == retention]
            last = max(keys, key=lambda key: key.kept.id.generation, default=None)
            if last is not None and last.seals:
                return last
            if last is not None and last.fields is None:
                raise FORGOTTEN.refused(subject=subject)
            made = self._made(KeyId(subject, retention, last.kept.id.generation + 1 if last else 1))
            self._keep(subject, {**known, made.kept.id: made})
            self._pending[made.kept.id] = made.kept
            return made

    def coming(self, ids: Iterable[KeyId]) -> tuple[KeptKey, ...]:
        """Those of them that the store may not have yet."""
        with self._lock:
            return tuple(self._current(id) for id in dict.fromkeys(ids) if id in self._pending)

    def _current(self, id: KeyId) -> KeptKey:
        """One that waits, wrapped by the key-encryption key of now."""
        kept, known = self._pending[id], self._known[id.subject][id]
        if not self.wrapping.is_newest(kept.wrapped):
            kept = kept._replace(wrapped=self.wrapping.wrap(known.secret, bound_to(id)))
            self._pending[id] = kept
        return kept

    def stored(self, keys: Iterable[KeptKey]) -> None:
        """They came into the store."""
        for key in keys:
            self._pending.pop(key.id, None)

    def doubt(self, subjects: Collection[str]) -> None:
        """Look these up again: an append that brought keys of theirs was refused."""
        self.forget(subjects)
        self._look_up(subjects)

    def forget(self, subjects: Iterable[str] | None = None) -> None:
        """Believe nothing any more of these subjects, or of any."""
        with self._lock:
            for subject in list(self._known) if subjects is None else subjects:
                for id in self._known.pop(subject, {}):
                    self._pending.pop(id, None)

    def opening(self, ids: Iterable[KeyId]) -> dict[KeyId, SubjectKey]:
        """The keys that something was sealed with, looked up where not known; without those the store lacks.

        One that is only a guess is looked up as well: somebody else may have made it first.
        """
        asked = set(ids)
        with self._lock:
            found = {id: key for id in asked if (key := self._known.get(id.subject, {}).get(id))}
            guessed = asked & self._pending.keys()
        if missing := {id.subject for id in guessed | (asked - found.keys())}:
            looked_up = self._look_up(missing)
            found |= {id: looked_up[id] for id in asked if id in looked_up}
        return found

    def opened(self, kept: KeptKey) -> SubjectKey:
        """A key as the store keeps it, unwrapped. Raises `WrappingUnusable`."""
        if kept.wrapped == DESTROYED:
            return SubjectKey(kept)
        secret = self.wrapping.unwrap(kept.wrapped, bound_to(kept.id))
        if len(secret) == LENGTH:
            return SubjectKey(kept, secret)
        return SubjectKey(kept, fields={place: bytes.fromhex(key) for place, key in orjson.loads(secret).items()})

    def _look_up(self, subjects: Collection[str]) -> dict[KeyId, SubjectKey]:
        found: dict[str, dict[KeyId, SubjectKey]] = {}
        for kept in self.table.select_keys(subjects):
            found.setdefault(kept.id.subject, {})[kept.id] = self.opened(kept)
        with self._lock:
            for subject, keys in found.items():
                self._keep(subject, {**self._known.get(subject, {}), **keys})
                for id in keys:
                    self._pending.pop(id, None)
        return {id: key for keys in found.values() for id, key in keys.items()}

    def _made(self, id: KeyId) -> SubjectKey:
        secret = secrets.token_bytes(LENGTH)
        return SubjectKey(KeptKey(id, self.wrapping.wrap(secret, bound_to(id)), fingerprint_of(secret)), secret)

    def _keep(self, subject: str, keys: dict[KeyId, SubjectKey]) -> None:
        self._known[subject] = keys
        self._known.move_to_end(subject)
        while len(self._known) > self._size:
            for id in self._known.popitem(last=False)[1]:
                self._pending.pop(id, None)


def bound_to(id: KeyId) -> bytes:
    """What a wrapped key can only be unwrapped with, so that no two can be exchanged."""
    return "".join(f"{part}\n" for part in ("bidao/key/1", *id)).encode()


def fingerprint_of(secret: bytes) -> bytes:
    """What is left of a key when it is destroyed: enough to say which it was."""
    return sha256(b"bidao/fingerprint/1\n" + secret).digest()[:16]
