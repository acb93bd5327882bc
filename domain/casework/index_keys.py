"""盲索引的密钥: what turns names and phones into tokens that say nothing without it.

It is random and lies, wrapped, among the keys of subjects. It is never wrapped anew but replaced (`rewrapping`): who
has the key-encryption key of now must not come by what an index in an old backup was made with, or a phone, which is
eleven digits, is found in it by trying them all.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from typing import NamedTuple

from domain.casework.kept_keys import DESTROYED, KeptKey, KeyTable
from domain.casework.key_encryption import Wrapping
from domain.casework.keyring import bound_to, fingerprint_of
from domain.casework.sealing import LENGTH, KeyId

OWNER = "(index)"
"""In place of a subject: no id is written like it."""
_TOKEN = 16
"""Bytes kept of HMAC-SHA-256: 128 bits, as many as keep two values apart among any number there will be."""
_NOT_SAID = {"phone": re.compile(r"[\s().-]|^(\+|00)86|^86(?=1\d{10}$)"), "name": re.compile(r"\s")}


class IndexKey(NamedTuple):
    """One of them, open. `fingerprint` (hex) tells it from others, and no more."""

    generation: int
    fingerprint: str
    secret: bytes

    def token(self, kind: str, value: str) -> str:
        """What stands in the index for a name or a phone (`Findable.kind`), in hex."""
        told = f"bidao/index/1\n{kind}\n{normalised(kind, value)}"
        return hmac.digest(self.secret, told.encode(), "sha256")[:_TOKEN].hex()


class IndexKeys:
    """The index keys of one store. From any thread."""

    def __init__(self, table: KeyTable, wrapping: Wrapping) -> None:
        self._table, self._wrapping = table, wrapping
        self._opened: dict[KeptKey, IndexKey] = {}

    def live(self) -> list[IndexKey]:
        """Those that are not destroyed, the newest last. Raises `WrappingUnusable`."""
        kept = [key for key in self._kept() if key.wrapped != DESTROYED]
        self._opened = {key: self._opened.get(key) or self._open(key) for key in kept}
        return list(self._opened.values())

    def make(self) -> IndexKey:
        """One more; or what another process makes at this moment, where there is none yet."""
        kept = self._kept()
        id = KeyId(OWNER, "index", kept[-1].id.generation + 1 if kept else 1)
        secret = secrets.token_bytes(LENGTH)
        self._table.put_key(KeptKey(id, self._wrapping.wrap(secret, bound_to(id)), fingerprint_of(secret)))
        return self.live()[-1]

    def retire(self) -> None:
        """Destroy all but the newest."""
        self._table.replace_keys({key: DESTROYED for key in self._kept()[:-1] if key.wrapped != DESTROYED})

    def _kept(self) -> list[KeptKey]:
        return sorted(self._table.select_keys([OWNER]))

    def _open(self, kept: KeptKey) -> IndexKey:
        secret = self._wrapping.unwrap(kept.wrapped, bound_to(kept.id))
        return IndexKey(kept.id.generation, kept.fingerprint.hex(), secret)


def normalised(kind: str, value: str) -> str:
    """The same for every way to write it: full width or half, with spaces, dashes, dots, the country's code, or not."""
    told = unicodedata.normalize("NFKC", value).strip()
    for dash in "‐‑‒–—―−":
        told = told.replace(dash, "-")
    return _NOT_SAID[kind].sub("", _NOT_SAID[kind].sub("", told))
