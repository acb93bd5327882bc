"""The keys of subjects as a backup holds them: wrapped, a line each. What they are wrapped by is never in it."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator

import orjson

from domain.casework.kept_keys import BEFORE_ALL, KeptKey
from domain.casework.sealing import KeyId


def line_of(key: KeptKey) -> bytes:
    """One key."""
    told = {**key.id._asdict(), "wrapped": b64encode(key.wrapped).decode(), "fingerprint": key.fingerprint.hex()}
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def key_of(line: bytes) -> KeptKey:
    """The key of a line. Raises `ValueError`, `KeyError` or `TypeError` for any other line."""
    told = orjson.loads(line)
    id = KeyId(told["subject"], told["retention"], told["generation"])
    return KeptKey(id, b64decode(told["wrapped"], validate=True), bytes.fromhex(told["fingerprint"]))


def keys_after(page_after: Callable[[KeyId], list[KeptKey]]) -> Iterator[KeptKey]:
    """All there are, page by page, in order of their ids."""
    last = BEFORE_ALL
    while page := page_after(last):
        yield from page
        last = page[-1].id


class KeyReckoning:
    """Adds keys up: how many, and the SHA-256 of their lines."""

    def __init__(self) -> None:
        self.keys = 0
        self._sum = hashlib.sha256()

    @property
    def digest(self) -> str:
        return self._sum.hexdigest()

    def take(self, keys: Iterable[KeptKey]) -> Iterator[KeptKey]:
        """The same keys, while they are added up."""
        for key in keys:
            self.keys += 1
            self._sum.update(line_of(key))
            yield key
